"""A toy network by its card, and three files of the toy experiment that it can judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot


@pytest.fixture
def card(toylab: Path, own_places: Path, write_model: Callable[..., Path]) -> Path:
    """The toy network; its experiment is found by processes that are started, too."""
    return write_model()


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Three files of different lengths, in a folder of their own."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return [write_run(folder / f"run{number}.root", number) for number in (1, 2, 3)]


def write_run(path: Path, number: int) -> Path:
    cells = np.random.default_rng(number).exponential(1.0, (100 * number, 6)).astype("f4")
    label = np.arange(len(cells), dtype="i4") % 2
    with uproot.recreate(path) as file:
        tree = file.mktree("hits", {"cell_e": ("f4", (6,)), "truth_label": "i4"})
        tree.extend({"cell_e": cells, "truth_label": label})
    return path


@pytest.fixture
def column() -> Callable[[Path], np.ndarray]:
    """``column(path)``: the scores in a tagged file."""
    return lambda path: uproot.open(path)["hits"]["toy_score"].array(library="np")
