"""Copying a file in the background, while its metadata are read and new content is made."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Condition
from typing import Self

import numpy as np
import numpy.typing as npt

from rootml.errors import FileError

_FICLONE = 0x40049409  # linux/fs.h: share the blocks (btrfs, xfs)
_STEP = 16 << 20
"""Bytes copied or compared at a time: few enough to stop soon, and to need little memory."""
_UNSUPPORTED = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


Bytes = npt.NDArray[np.uint8]


class Copying:
    """The first ``size`` bytes of ``source`` on their way to ``target``, which is there already.

    Three threads work at once, none of which needs the interpreter for long: one copies, one
    compares what has arrived (if ``compare``), and one brings it to the disk, so that a later
    fsync has little left to do. Where the file system shares the blocks of both files there is
    nothing to do for any of them. Others may write to ``target`` behind ``size`` all the time.
    """

    def __init__(self, source: Path, target: Path, size: int, *, compare: bool) -> None:
        self._size, self._copied, self._stopped = size, 0, False
        self._progress = Condition()
        self._open = contextlib.ExitStack()
        self._old = self._open.enter_context(source.open("rb")).fileno()
        self._new = self._open.enter_context(target.open("r+b")).fileno()
        self._pool = ThreadPoolExecutor(3, "copying")
        work = [] if self._clone() else [self._copy, self._flush]
        if work and compare:
            work.append(self._compare)
        self._jobs = [self._pool.submit(job) for job in work]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped = True
        self._pool.shutdown()
        self._open.close()

    def wait(self) -> None:
        """Return when all is done; OSError, or FileError if the copy is not like the source."""
        for job in self._jobs:
            job.result()

    def _clone(self) -> bool:
        try:
            fcntl.ioctl(self._new, _FICLONE, self._old)
        except OSError:
            return False
        os.ftruncate(self._new, self._size)
        return True

    def _copy(self) -> None:
        try:
            while self._copied < self._size and not self._stopped:
                copied = self._copy_some(self._copied, min(_STEP, self._size - self._copied))
                if not copied:
                    raise FileError("became shorter while it was copied")
                with self._progress:
                    self._copied += copied
                    self._progress.notify_all()
        finally:
            with self._progress:
                self._stopped = True
                self._progress.notify_all()

    def _copy_some(self, at: int, size: int) -> int:
        try:
            if copied := os.copy_file_range(self._old, self._new, size, at, at):
                return copied
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        return os.pwrite(self._new, os.pread(self._old, size, at), at)

    def _arrivals(self) -> Iterator[tuple[int, int]]:
        """Yield the ranges of bytes that have arrived since the last."""
        done = 0
        while done < self._size:
            with self._progress:
                while self._copied == done and not self._stopped:
                    self._progress.wait()
                arrived = self._copied
            if arrived == done:
                return
            yield done, arrived
            done = arrived

    def _flush(self) -> None:
        for _ in self._arrivals():
            os.fdatasync(self._new)

    def _compare(self) -> None:
        for first, last in self._arrivals():
            for start in range(first, last, _STEP):
                size = min(_STEP, last - start)
                if not _equal(_mapped(self._old, start, size), _mapped(self._new, start, size)):
                    raise FileError(f"changed near byte {start} while it was copied")


def _equal(one: Bytes, other: Bytes) -> bool:
    """Compare eight bytes at a time where that is possible; the interpreter is free meanwhile."""
    if len(one) % 8 == 0:
        return np.array_equal(one.view(np.uint64), other.view(np.uint64))
    return np.array_equal(one, other)


def _mapped(fd: int, start: int, size: int) -> Bytes:
    """Return bytes of a file without copying them."""
    before = start % mmap.ALLOCATIONGRANULARITY
    flags = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
    view = mmap.mmap(fd, before + size, flags, mmap.PROT_READ, offset=start - before)
    return np.frombuffer(view, np.uint8, size, before)
