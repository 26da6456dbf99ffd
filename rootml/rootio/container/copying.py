"""Copying a file in the background, while its metadata are read and new content is made."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

from rootml.errors import FileError

_FICLONE = 0x40049409  # linux/fs.h: share the blocks (btrfs, xfs)
_STEP = 16 << 20
"""Bytes copied at a time: few enough to stop soon."""
_COMPARED_STEP = 512 << 10
"""The same where they are compared: a core's cache holds them, so that it costs next to nothing."""
_HEAD = 256 << 20
"""So much is copied first, in large steps, and compared by ``advance`` and ``wait``: small steps
and other threads of Python would keep each other from working, and at first there is most to do."""
_IN_KERNEL, _CAN_ADVISE = hasattr(os, "copy_file_range"), hasattr(os, "posix_fadvise")
"""Not so outside of Linux."""
_UNSUPPORTED = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


class Copying:
    """The first ``size`` bytes of ``source`` on their way to ``target``, which is there already.

    A thread copies; with ``compare`` what was written is read back and compared. Where the file
    system shares the blocks of both files there is nothing to do, nor to compare. Others may
    write to ``target`` behind ``size`` all the time.
    """

    def __init__(self, source: Path, target: Path, size: int, *, compare: bool) -> None:
        self._size, self._stopped = size, False
        head = min(size, _HEAD) if compare else size
        self._compared_to, self._head = 0, head if compare else 0
        with contextlib.ExitStack() as stack:
            self._old = stack.enter_context(source.open("rb")).fileno()
            self._new = stack.enter_context(target.open("r+b")).fileno()
            self._jobs: list[Future[None]] = []
            if not self._clone():
                pool = stack.enter_context(ThreadPoolExecutor(1, "copying"))
                self._jobs = [
                    pool.submit(self._copy, self._some, _STEP, 0, head),
                    pool.submit(self._copy, self._compared, _COMPARED_STEP, head, size),
                ]
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped = True
        self._open.close()

    def advance(self) -> None:
        """Compare a part of what is copied, for a caller who has time; raises what ``wait`` does.

        Not to be called by two threads at once, nor beside ``wait``.
        """
        if self._jobs and self._jobs[0].done():
            self._jobs[0].result()
            self._compare_head(min(self._head, self._compared_to + _STEP))

    def wait(self) -> None:
        """Return when all is done; OSError, or FileError if the copy is not like the source."""
        if self._jobs:
            head, rest = self._jobs
            head.result()
            self._compare_head(self._head)
            rest.result()

    def _copy(self, copy: Callable[[int, int], int], step: int, start: int, stop: int) -> None:
        at = flushed = start
        while at < stop and not self._stopped:
            copied = copy(at, min(step, stop - at))
            if not copied:
                raise FileError("became shorter while it was copied")
            at += copied
            if at - flushed >= _STEP:
                self._flush(flushed, at)
                flushed = at

    def _clone(self) -> bool:
        try:
            fcntl.ioctl(self._new, _FICLONE, self._old)
        except OSError:
            return False
        os.ftruncate(self._new, self._size)
        return True

    def _some(self, at: int, size: int) -> int:
        """Copy up to ``size`` bytes and return how many."""
        try:
            if _IN_KERNEL and (copied := os.copy_file_range(self._old, self._new, size, at, at)):
                return copied
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        return os.pwrite(self._new, os.pread(self._old, size, at), at)

    def _compared(self, at: int, size: int) -> int:
        """Copy up to ``size`` bytes, compare them, and return how many."""
        data = os.pread(self._old, size, at)
        copied = os.pwrite(self._new, data, at)
        self._check(data[:copied], at)
        return copied

    def _compare_head(self, stop: int) -> None:
        for at in range(self._compared_to, stop, _COMPARED_STEP):
            self._check(os.pread(self._old, min(_COMPARED_STEP, stop - at), at), at)
        self._compared_to = stop

    def _check(self, data: bytes, at: int) -> None:
        if os.pread(self._new, len(data), at) != data:
            raise FileError(f"its copy differs from it near byte {at}")

    def _flush(self, start: int, stop: int) -> None:
        """Let the system begin to write, so that a later fsync has little left to do.

        (Linux starts at once; what is not written yet stays in memory in spite of the advice.)
        """
        if _CAN_ADVISE:
            os.posix_fadvise(self._new, start, stop - start, os.POSIX_FADV_DONTNEED)
