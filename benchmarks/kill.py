"""SIGKILL at random moments of ``rootml-tag``, copying and in place: the old data always reads.

    python benchmarks/kill.py --rounds 200

Each round forks a run of the command on a simulated AMS file, kills it after a random time and
looks at what is left. A third of the moments are spread over the whole run, the others begin
with the first byte that it writes. After each round

- copying: the input is what it was, byte by byte, and the output is not there, or whole;
- in place: every old branch reads as it did, and the same command, run again, completes.

Prints how often the run was killed at which stage; exit code 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime  # noqa: F401 - so that no run has to import it
import uproot

import rootml.tagging  # noqa: F401 - the same
from rootml import cli

TREE = "t1"
NEW = "cnn_ams_score"
OPTIONS = ["--model", "cnn_ams", "--no-plots", "--overwrite", "-q", "--threads", "1"]
STEP = 0.0002
"""Seconds between two looks at a run."""


@dataclass(frozen=True)
class Moment:
    """So many seconds after the start of a run, or (``writing``) after it began to write."""

    seconds: float
    writing: bool


def forked(work: Callable[[], object]) -> int:
    """Start ``work`` in a process of its own; this one never starts a thread, so it may fork."""
    if pid := os.fork():
        return pid
    try:
        work()
        os._exit(0)
    except SystemExit as stop:
        os._exit(int(stop.code or 0))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(99)


def done(pid: int) -> int:
    """Wait for a process; return its exit code, minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def running(pid: int) -> bool:
    """Whether a process has not ended yet."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def tag(*args: Path | str) -> int:
    """Start ``rootml-tag``."""

    def run() -> None:
        sys.argv[1:] = [*map(str, args), *OPTIONS]
        cli.tag_main()

    return forked(run)


def traces(folder: Path) -> list[tuple[str, int, int]]:
    """What of a folder changes when anything is written to a file in it."""
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def measured(folder: Path, *args: Path | str) -> tuple[float, float]:
    """How long a run takes, and after which time it begins to write."""
    before, start, writing = traces(folder), time.perf_counter(), 0.0
    pid = tag(*args)
    while running(pid):
        if not writing and traces(folder) != before:
            writing = time.perf_counter() - start
        time.sleep(STEP)
    seconds = time.perf_counter() - start
    if code := done(pid):
        sys.exit(f"the run itself fails with exit code {code}")
    return seconds, writing


def killed(folder: Path, moment: Moment, *args: Path | str) -> int:
    """Run and kill; returns the exit code, which is 0 where the run was faster."""
    before = traces(folder)
    pid = tag(*args)
    while moment.writing and running(pid) and traces(folder) == before:
        time.sleep(STEP)
    time.sleep(moment.seconds)
    os.kill(pid, signal.SIGKILL)
    return done(pid)


def values(path: Path) -> dict[str, np.ndarray]:
    """All branches of the tree."""
    with uproot.open(path) as file:
        return {branch.name: branch.array(library="np") for branch in file[TREE].branches}


def check(path: Path, expected: dict[str, np.ndarray], *, whole: bool) -> None:
    """All old branches have their values; the new one is there whole, or (not ``whole``) not."""
    found = values(path)
    new = found.pop(NEW, None)
    assert found.keys() == expected.keys(), sorted(found)
    for name, old in expected.items():
        assert np.array_equal(found[name], old), f"branch {name!r} has changed"
    assert new is not None or not whole, "the new branch is not there"
    assert new is None or np.isfinite(new).all(), "the new branch is not whole"


def declared_end(path: Path) -> int:
    """``fEND``, the end of the file that its header declares."""
    return int.from_bytes(path.read_bytes()[12:16], "big")


def round_of_copying(folder: Path, pristine: Path, moment: Moment) -> str:
    """One round; returns how far the run came."""
    source, target = folder / "in.root", folder / "out.root"
    code = killed(folder, moment, source, target)
    assert source.read_bytes() == pristine.read_bytes(), "the input has changed"
    left = [path for path in folder.iterdir() if path != source]
    stage = "before it wrote" if not left else "while it wrote the temporary file"
    if target in left:
        stage = "after it was done" if code else "it was faster"
        expected = pristine
        assert done(forked(lambda: check(target, values(expected), whole=True))) == 0
        left.remove(target)
        target.unlink()
    for path in left:
        assert path.suffix == ".rootml-partial", path
        path.unlink()
    return stage


def round_in_place(folder: Path, pristine: Path, moment: Moment) -> str:
    """One round; returns how far the run came."""
    path = folder / "in.root"
    path.write_bytes(pristine.read_bytes())
    before, size = declared_end(path), path.stat().st_size
    code = killed(folder, moment, path, "--in-place")
    after, now = declared_end(path), path.stat().st_size
    stage = "before it wrote" if now == size else "while it appended"
    if after != before:
        stage = "while it changed pointers, or after" if code else "it was faster"
    assert done(forked(lambda: check(path, values(pristine), whole=not code))) == 0
    assert done(tag(path, "--in-place")) == 0, "the same command does not complete"
    assert done(forked(lambda: check(path, values(pristine), whole=True))) == 0
    return stage


ROUNDS = {"copying": round_of_copying, "in place": round_in_place}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="of each way")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as place:
        pristine, folder = Path(place) / "ams.root", Path(place) / "work"
        folder.mkdir()
        simulate = ["simulate", "ams", "-n", str(options.events), "-o", str(pristine), "-q"]
        if done(forked(lambda: cli.run(cli.rootml, "rootml", simulate))):
            sys.exit("no file to work with")
        for way, one_round in ROUNDS.items():
            (folder / "in.root").write_bytes(pristine.read_bytes())
            to = folder / "out.root" if way == "copying" else "--in-place"
            total, writing = min(measured(folder, folder / "in.root", to) for _ in range(3))
            (folder / "out.root").unlink(missing_ok=True)
            stages: Counter[str] = Counter()
            for number in range(options.rounds):
                late = number % 3 > 0
                moment = Moment(rng.uniform(0, total - writing * late), late)
                stages[one_round(folder, pristine, moment)] += 1
            print(json.dumps({"way": way, "rounds": options.rounds, "killed": stages}))


if __name__ == "__main__":
    main()
