"""A file-like object over anything that can read bytes at a position."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, BinaryIO, cast


def stream_of(read: Callable[[int, int], bytes], end: int) -> BinaryIO:
    """Return a stream of the bytes up to ``end`` that ``read(position, size)`` gives."""
    return cast(BinaryIO, io.BufferedReader(_Stream(read, end)))


class _Stream(io.RawIOBase):
    def __init__(self, read: Callable[[int, int], bytes], end: int) -> None:
        self._read, self._end, self._at = read, end, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = self._read(self._at, max(0, min(len(buffer), self._end - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
