"""``resume``: what is made is kept, and only that."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

import rootml


@pytest.fixture
def again(card: Path, runs: list[Path], tmp_path: Path) -> Callable[..., list[str]]:
    """``again(...)`` tags the files with ``resume``; gives for each "kept", "made" or the error."""

    def tag(model: Path = card, **options: object) -> list[str]:
        done = rootml.tag_files(runs, tmp_path / "out", model, plots=False, resume=True, **options)
        return [o.error or ("kept" if o.kept else "made") for o in done.outcomes]

    return tag


def test_what_is_made_is_kept(again: Callable, runs: list[Path], tmp_path: Path) -> None:
    assert again() == ["made"] * 3
    times = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out").iterdir())]
    (tmp_path / "out" / "run2.root").unlink()
    assert again(overwrite=True) == ["kept", "made", "kept"]
    after = [path.stat().st_mtime_ns for path in sorted((tmp_path / "out").iterdir())]
    assert [then == now for then, now in zip(times, after, strict=True)] == [True, False, True]


def test_a_moved_input_is_the_same(again: Callable, runs: list[Path], tmp_path: Path) -> None:
    again()
    shutil.copy(runs[0], tmp_path / "copy")
    (tmp_path / "copy").replace(runs[0])
    assert again() == ["kept"] * 3


def test_another_input_is_not(again: Callable, runs: list[Path]) -> None:
    """Of the same name, size, entries and branches."""
    again()
    size, old = runs[0].stat().st_size, runs[0].read_bytes()
    with uproot.recreate(runs[0]) as file:
        cells = np.random.default_rng(1).exponential(1.0, (100, 6)).astype("f4")
        tree = file.mktree("hits", {"cell_e": ("f4", (6,)), "truth_label": "i4"})
        tree.extend({"cell_e": cells, "truth_label": np.arange(100, dtype="i4") % 2})
    assert (runs[0].stat().st_size, runs[0].read_bytes() == old) == (size, False)
    said = again()
    assert "another input" in said[0]
    assert "--overwrite" in said[0]
    assert said[1:] == ["kept", "kept"]
    assert again(overwrite=True) == ["made", "kept", "kept"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"prefix": "a_"}, "no branch 'a_toy_score'"),
        ({"entry_range": (0, 50)}, "another options"),
        ({"output": "friend"}, "another options"),
    ],
)
def test_other_options_make_another_output(changed: dict, said: str, again: Callable) -> None:
    again()
    outcomes = again(**changed)
    assert all(said in one for one in outcomes)


def test_another_network_makes_another_output(
    again: Callable, write_model: Callable[..., Path], tmp_path: Path, write_network: Callable
) -> None:
    again()
    other = write_model(tmp_path / "other")
    write_network(other.with_name("toy.onnx"), weight=0.2)
    old = hashlib.sha256((tmp_path / "cards" / "toy.onnx").read_bytes()).hexdigest()
    new = hashlib.sha256(other.with_name("toy.onnx").read_bytes()).hexdigest()
    other.write_text(other.read_text().replace(old, new))
    assert all("another model" in one for one in again(other))
    assert again(other, overwrite=True) == ["made"] * 3


def test_a_damaged_output_is_not_kept(again: Callable, tmp_path: Path) -> None:
    again()
    path = tmp_path / "out" / "run3.root"
    path.write_bytes(path.read_bytes()[:-300])
    assert "truncated" in again()[2]
    assert again(overwrite=True) == ["kept", "kept", "made"]


def test_in_place(card: Path, runs: list[Path]) -> None:
    options = {"in_place": True, "plots": False, "resume": True}
    first = rootml.tag_files(runs[:2], None, card, workers=1, **options)
    assert not first.failed + first.kept
    done = rootml.tag_files(runs, None, card, **options)
    assert [outcome.kept for outcome in done.outcomes] == [True, True, False]
    assert not done.failed
