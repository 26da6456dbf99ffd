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
    for name, size in {"_STEP": 1000, "_COMPARED_STEP": 700, "_HEAD": 20_000}.items():
        monkeypatch.setattr(copying, name, size)


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


def test_without_what_linux_has(
    tmp_path: Path, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(bytes(range(256)) * 100)
    for name in ("copy_file_range", "posix_fadvise"):
        monkeypatch.delattr(os, name)
    for name in ("_IN_KERNEL", "_CAN_ADVISE"):
        monkeypatch.setattr(copying, name, False)
    copy(source, target, 25_600, compare=False)
    assert target.read_bytes() == source.read_bytes()


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
    copy(source, target, 25_600, compare=False)
    assert target.read_bytes() == source.read_bytes()


@pytest.mark.parametrize("compare", [True, False])
def test_a_source_that_became_shorter(tmp_path: Path, compare: bool) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"old" * 1000)
    with pytest.raises(FileError, match="became shorter"):
        copy(source, target, 3001, compare)


@pytest.mark.parametrize("head", [0, 1 << 20])
def test_a_wrong_copy_is_noticed(source: Path, target: Path, monkeypatch: Any, head: int) -> None:
    """Both where it is compared at once and where it is compared at the end."""
    write, copy = os.pwrite, os.copy_file_range

    def wrong_write(file: int, data: bytes, at: int) -> int:
        return write(file, data[:300] + b"?" + data[301:] if at == 0 else data, at)

    def wrong_copy(old: int, new: int, size: int, start: int, to: int) -> int:
        copied = copy(old, new, size, start, to)
        write(new, b"?", 300)
        return copied

    monkeypatch.setattr(copying, "_HEAD", head)
    with monkeypatch.context() as patch:
        patch.setattr(os, "copy_file_range", wrong_copy)
        patch.setattr(os, "pwrite", wrong_write)
        with pytest.raises(FileError, match=r"tree 'events' of .*its copy differs .* near byte 0"):
            append_branches(source, target, "events", SCORES)
    assert list(source.parent.iterdir()) == [source]
    append_branches(source, target, "events", SCORES)


@pytest.mark.parametrize("at", [0, 999, 1000, 3999, 4000, 25_000])
def test_a_copy_is_compared_part_by_part(
    tmp_path: Path, small_steps: None, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Four parts in advance, the rest at the end: a wrong byte is noticed where it is met."""
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(bytes(30_000))
    target.touch()
    asked: list[int] = []
    check = Copying._check
    monkeypatch.setattr(
        Copying, "_check", lambda self, data, at: asked.append(at) or check(self, data, at)
    )
    with Copying(source, target, 30_000, compare=True) as running:
        while not all(job.done() for job in running._jobs):
            time.sleep(0.001)
        asked.clear()
        with target.open("r+b") as file:
            file.seek(at)
            file.write(b"?")

        def advance() -> None:
            for _ in range(4):
                running.advance()

        if at < 4000:
            with pytest.raises(FileError, match="its copy differs"):
                advance()
            return
        advance()
        assert max(asked) < 4000
        if at < 20_000:  # what is behind the head was compared as it was copied
            with pytest.raises(FileError, match="its copy differs"):
                running.wait()
        else:
            running.wait()
        assert asked == sorted(set(asked))


@pytest.mark.parametrize("verify", [True, False])
def test_a_full_disk(source: Path, target: Path, monkeypatch: Any, verify: bool) -> None:
    def full(*arguments: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OutputError, match=r"cannot write .*target.root: no space left on device"):
        append_branches(source, target, "events", SCORES, verify=verify)
    assert list(source.parent.iterdir()) == [source]


def test_all_else_goes_on_meanwhile(source: Path, target: Path, monkeypatch: Any) -> None:
    """The new branches are written before the old content has arrived."""
    right, size = os.copy_file_range, source.stat().st_size

    def slow(old: int, new: int, *rest: Any) -> int:
        deadline = time.monotonic() + 20
        while os.fstat(new).st_size <= size and time.monotonic() < deadline:
            time.sleep(0.001)
        return right(old, new, *rest)

    monkeypatch.setattr(os, "copy_file_range", slow)
    started = time.monotonic()
    append_branches(source, target, "events", SCORES, verify=False)
    assert time.monotonic() - started < 20
    with uproot.open(source) as old, uproot.open(target) as new:
        assert old["events"].keys() == new["events"].keys()[:-1]
        assert np.array_equal(new["events/score"].array(library="np"), SCORES["score"])


def test_an_error_stops_the_copy(
    source: Path, target: Path, monkeypatch: Any, small_steps: None
) -> None:
    starts: list[int] = []

    def slow(old: int, new: int, size: int, start: int, to: int) -> int:
        starts.append(start)
        time.sleep(0.05)
        return os.pwrite(new, os.pread(old, size, start), to)

    monkeypatch.setattr(os, "copy_file_range", slow)
    short = {"score": np.zeros(3, np.float32)}
    with pytest.raises(DataError):
        append_branches(source, target, "events", short, verify=False)
    assert max(starts, default=0) < source.stat().st_size - 2000
    assert list(source.parent.iterdir()) == [source]
