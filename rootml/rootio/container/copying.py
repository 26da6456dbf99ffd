"""Copying a file in the background, while its metadata are read and new content is made."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Condition
from typing import Self

from rootml.errors import FileError

_FICLONE = 0x40049409  # linux/fs.h: share the blocks (btrfs, xfs)
_STEP = 16 << 20
"""Bytes copied at a time: few enough to stop soon."""
_COMPARED_STEP = 512 << 10
"""The same where they are compared: a core's cache holds them, so that it costs next to nothing."""
_FLUSHED_STEP = 32 << 20
_UNSUPPORTED = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


class Copying:
    """The first ``size`` bytes of ``source`` on their way to ``target``, which is there already.

    One thread copies; with ``compare`` it reads back what it has written and compares. Another
    brings it to the disk meanwhile, so that a later fsync has little left to do. Where the file
    system shares the blocks of both files there is nothing to do, nor to compare. Others may
    write to ``target`` behind ``size`` all the time.
    """

    def __init__(self, source: Path, target: Path, size: int, *, compare: bool) -> None:
        self._size, self._compare = size, compare
        self._copied, self._stopped = 0, False
        self._progress = Condition()
        with contextlib.ExitStack() as stack:
            self._old = stack.enter_context(source.open("rb")).fileno()
            self._new = stack.enter_context(target.open("r+b")).fileno()
            pool = stack.enter_context(ThreadPoolExecutor(2, "copying"))
            work = [] if self._clone() else [self._copy, self._flush]
            self._jobs = [pool.submit(job) for job in work]
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped = True
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
        copy, step = (self._compared, _COMPARED_STEP) if self._compare else (self._some, _STEP)
        try:
            while self._copied < self._size and not self._stopped:
                copied = copy(self._copied, min(step, self._size - self._copied))
                if not copied:
                    raise FileError("became shorter while it was copied")
                with self._progress:
                    self._copied += copied
                    self._progress.notify()
        finally:
            with self._progress:
                self._stopped = True
                self._progress.notify()

    def _some(self, at: int, size: int) -> int:
        """Copy up to ``size`` bytes and return how many."""
        try:
            if copied := os.copy_file_range(self._old, self._new, size, at, at):
                return copied
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        return os.pwrite(self._new, os.pread(self._old, size, at), at)

    def _compared(self, at: int, size: int) -> int:
        """Copy up to ``size`` bytes, read them again, and return how many."""
        data = os.pread(self._old, size, at)
        copied = os.pwrite(self._new, data, at)
        if os.pread(self._new, copied, at) != data[:copied]:
            raise FileError(f"its copy differs from it near byte {at}")
        return copied

    def _flush(self) -> None:
        flushed = 0
        while not self._stopped:
            with self._progress:
                while self._copied - flushed < _FLUSHED_STEP and not self._stopped:
                    self._progress.wait()
                flushed = self._copied
            os.fdatasync(self._new)
