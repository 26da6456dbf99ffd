"""``rootml tag`` with several files: what stands for them, what is said, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def tag(card: Path, command: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """``tag("runs", "-o", "out")`` with the toy network, without plots, in the tests' folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: command("tag", *arguments, "-m", card, "--no-plots")


@pytest.mark.parametrize("given", ["runs", "runs/*.root", "@list.txt"])
def test_what_stands_for_files(given: str, tag: Callable, runs: list[Path]) -> None:
    Path("list.txt").write_text("# the first\nruns/run1.root\n\nruns/run[23].root\n")
    done = tag(given, "-o", "out")
    assert done.code == 0
    assert "3 files -> out" in done.out
    assert "600 events" in done.out
    assert "3 of 3 files" in done.err
    assert sorted(path.name for path in Path("out").iterdir()) == [run.name for run in runs]


@pytest.mark.parametrize(
    ("given", "said"),
    [("empty", "no *.root"), ("@none.txt", "cannot be read"), ("@empty.txt", "names no file")],
)
def test_what_stands_for_none(given: str, said: str, tag: Callable) -> None:
    Path("empty").mkdir()
    Path("empty.txt").write_text("# nothing\n")
    done = tag(given, "-o", "out")
    assert (done.code, said in done.err) == (2, True)
    assert not Path("out").exists()


def test_failures_are_a_table_at_the_end(tag: Callable, runs: list[Path]) -> None:
    runs[0].write_bytes(b"no file of ROOT")
    runs[2].write_bytes(runs[2].read_bytes()[:-200])
    done = tag("runs", "-o", "out")
    assert done.code == 2
    assert "1 file, 200 events" in done.out
    title, first, second, last = done.err.splitlines()[-4:]
    assert title.split(maxsplit=1) == [
        "file",
        "why it failed".ljust(len(title.split(maxsplit=1)[1])),
    ]
    assert first.startswith("runs/run1.root")
    assert "not a ROOT file" in first
    assert "truncated" in second
    assert first.index("runs", 5) == second.index("runs", 5) == title.index("why")
    assert last == "rootml: error: 2 of 3 files failed"


def test_json_tells_of_every_file(tag: Callable, runs: list[Path]) -> None:
    assert tag(runs[1], "-o", "out", "--resume").code == 0
    runs[2].write_bytes(b"no file of ROOT")
    done = tag("runs", "-o", "out", "--resume", "--json")
    made, kept, failed = json.loads(done.out)
    assert (made["events"], kept["kept"], "not a ROOT file" in failed["error"]) == (100, True, True)


def test_a_file_alone_is_resumed(tag: Callable, runs: list[Path]) -> None:
    assert tag(runs[0], "out.root", "--resume").code == 0
    before = Path("out.root").stat().st_mtime_ns
    done = tag(runs[0], "out.root", "--resume")
    assert (done.code, "out.root: kept" in done.out) == (0, True)
    assert Path("out.root").stat().st_mtime_ns == before
    assert "another options" in tag(runs[0], "out.root", "--resume", "--batch-size", 7).err


def test_a_dry_run_of_several_says_all(tag: Callable, runs: list[Path]) -> None:
    done = tag("runs", "-o", "out", "--dry-run", "--workers", 2)
    assert done.code == 0
    assert done.out.count("(dry run)") == 3
    assert not Path("out").exists()


def test_workers_divide_a_file_alone(
    tag: Callable, runs: list[Path], column: Callable[[Path], np.ndarray]
) -> None:
    tag(runs[2], "alone.root")
    done = tag(runs[2], "out.root", "--workers", 1, "--entries-per-job", 100)
    assert (done.code, done.out.splitlines()[0]) == (0, "1 file -> out.root")
    assert column(Path("out.root")).tobytes() == column(Path("alone.root")).tobytes()
    again = tag(runs[2], "out.root", "--workers", 2)
    assert (again.code, "out.root: exists already" in again.err) == (2, True)
