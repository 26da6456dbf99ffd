"""Copying in the background: right, complete, compared, and nothing left where it fails."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from rootml.errors import DataError, FileError, OutputError
from rootml.rootio import append_branches
from rootml.rootio.container import copying
from rootml.rootio.container.copying import Copying

SCORES = {"score": np.arange(10, dtype="float32")}


@pytest.fixture
def target(source: Path) -> Path:
    return source.parent / "target.root"


@pytest.fixture
def small_steps(monkeypatch: Any) -> None:
    monkeypatch.setattr(copying, "_STEP", 1 << 10)


def copy(source: Path, target: Path, size: int, compare: bool = True) -> None:
    target.touch()
    with Copying(source, target, size, compare=compare) as running:
        running.wait()


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 70_001])
@pytest.mark.parametrize("compare", [True, False])
def test_as_many_bytes_as_asked_for(
    tmp_path: Path, size: int, compare: bool, small_steps: None
) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    content = np.random.default_rng(size).bytes(70_001)
    source.write_bytes(content)
    copy(source, target, size, compare)
    assert target.read_bytes() == content[:size]


def test_what_is_behind_stays(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"old" * 1000)
    target.touch()
    with Copying(source, target, 3000, compare=True) as running:
        with target.open("r+b") as file:
            file.seek(3000)
            file.write(b"new")
        running.wait()
    assert target.read_bytes() == b"old" * 1000 + b"new"


@pytest.mark.parametrize("number", [errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP])
def test_systems_that_cannot_copy(
    tmp_path: Path, monkeypatch: Any, number: int, small_steps: None
) -> None:
    def unsupported(*arguments: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "copy_file_range", unsupported)
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(bytes(range(256)) * 100)
    copy(source, target, 25_600)
    assert target.read_bytes() == source.read_bytes()


def test_a_source_that_became_shorter(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"old" * 1000)
    with pytest.raises(FileError, match="became shorter"):
        copy(source, target, 3001)


def test_a_wrong_copy_is_noticed(source: Path, target: Path, monkeypatch: Any) -> None:
    right = os.copy_file_range

    def wrong(old: int, new: int, *rest: Any) -> int:
        copied = right(old, new, *rest)
        os.pwrite(new, b"?", 300)
        return copied

    monkeypatch.setattr(os, "copy_file_range", wrong)
    with pytest.raises(FileError, match=r"tree 'events' of .*changed near byte 0 while"):
        append_branches(source, target, "events", SCORES)
    assert list(source.parent.iterdir()) == [source]
    append_branches(source, target, "events", SCORES, verify=False)


def test_a_full_disk(source: Path, target: Path, monkeypatch: Any) -> None:
    def full(*arguments: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OutputError, match=r"cannot write .*target.root: no space left on device"):
        append_branches(source, target, "events", SCORES)
    assert list(source.parent.iterdir()) == [source]


def test_all_else_goes_on_meanwhile(
    source: Path, target: Path, monkeypatch: Any, small_steps: None
) -> None:
    """The new branches are written before the old content has arrived."""
    right, size = os.copy_file_range, source.stat().st_size

    def slow(old: int, new: int, *rest: Any) -> int:
        deadline = time.monotonic() + 20
        while os.fstat(new).st_size <= size and time.monotonic() < deadline:
            time.sleep(0.001)
        return right(old, new, *rest)

    monkeypatch.setattr(os, "copy_file_range", slow)
    started = time.monotonic()
    append_branches(source, target, "events", SCORES)
    assert time.monotonic() - started < 20
    with uproot.open(source) as old, uproot.open(target) as new:
        assert old["events"].keys() == new["events"].keys()[:-1]
        assert np.array_equal(new["events/score"].array(library="np"), SCORES["score"])


def test_an_error_stops_the_copy(
    source: Path, target: Path, monkeypatch: Any, small_steps: None
) -> None:
    calls: list[int] = []

    def slow(old: int, new: int, size: int, start: int, to: int) -> int:
        calls.append(start)
        time.sleep(0.05)
        return os.pwrite(new, os.pread(old, size, start), to)

    monkeypatch.setattr(os, "copy_file_range", slow)
    with pytest.raises(DataError):
        append_branches(source, target, "events", {"score": np.zeros(3, np.float32)})
    assert len(calls) < source.stat().st_size / 1024
    assert list(source.parent.iterdir()) == [source]
