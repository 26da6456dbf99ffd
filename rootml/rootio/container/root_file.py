"""A ROOT file as a container of records: header, free segments, record map. No uproot.

The order of writes
-------------------
A file may be cut off from its writer at any byte and still has to read as what it was. So new
records go behind the end that the header declares, where nothing refers to them, and changes
to old bytes are only noted (``overwrite``, ``release``) until all is said:

1. ``append``: baskets, tree, streamer infos, key list; at last ``plan`` appends two lists of
   free segments, the final one and, behind it, an interim one. Bytes behind the declared end
   are of no concern to ROOT (TFile::Init) and uproot.
2. The header gets the new end, the new streamer infos, which include the old ones, and the
   interim list, which frees nothing: it only starts the unused space behind the new end. The
   directory still leads to the old objects.
3. The directory's header gets the position and size of the new key list. This write makes the
   change: before it all reads as before, after it as it is going to be.
4. Nothing refers to the old records any more. Their length words turn negative, and the header
   gets the final list of free segments and the end before the interim one, which is cut off.

Steps 2 and 3 are one write each, within a page, and a page is written whole or not at all when
the writer is killed. In place, where that matters, a header across two pages is refused, and
each step is on the disk before the next begins. A gap's length word may lie across two pages:
half-written it confuses TFile::Map, but no reader of objects, which are found by their keys.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Self

from rootml.errors import AppendRefused, FileError, OutputError
from rootml.rootio.container.free_list import FreeList, gap_word
from rootml.rootio.container.header import Header
from rootml.rootio.container.keys import Directory, Key
from rootml.rootio.container.patches import Patch, check_pages, patched
from rootml.rootio.container.stream import stream_of

HEADER_ROOM = 100
"""Bytes before the first record (TFile::kBEGIN)."""
_KEY_ROOM = 2048
"""Bytes that hold any key: a longer one is read again."""

_TAIL = 16 << 20
"""Bytes behind the end that are kept in case the file has to be again what it was."""


class RootFile:
    """An open ROOT file that grows at its end (see the order of writes in the module).

    ``writable=False`` opens it for reading alone. ``in_place``: the file is the user's own, not
    a copy: it keeps its identifiers, every step reaches the disk before the next, and ``close``
    without ``apply`` takes away what was appended. ``original``: the file is becoming a copy of
    that one, where its old bytes are read until ``copied``.

    Raises FileError for what is not a ROOT file or is truncated, AppendRefused for a file to be
    written that was not closed.
    """

    def __init__(
        self,
        path: Path,
        *,
        writable: bool = True,
        in_place: bool = False,
        original: Path | None = None,
    ) -> None:
        self.path, self.in_place = path, in_place
        self._original: BinaryIO | None = None
        self._fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        self.old_end = sys.maxsize
        self._steps: list[list[Patch]] = []
        self._pointers: list[Patch] = []
        self._released: list[tuple[int, int]] = []
        self._expected: list[Patch] = []
        self._may_shrink, self._tail = False, b""
        try:
            self._original = original.open("rb") if original else None
            self._open(os.fstat(self._source(0)[0]).st_size)
            if writable:
                self._free = self._read_free()
                self.expect(0, self.read(0, HEADER_ROOM))
        except BaseException:
            self.close()
            raise

    def _open(self, size: int) -> None:
        first = self.read(0, HEADER_ROOM)
        if first[:4] != b"root" or len(first) < 64:
            raise FileError("not a ROOT file")
        self.header = Header.parse(first)
        if self.header.end > size:
            raise FileError(f"truncated: {size} bytes of {self.header.end}")
        self.old_end = self.header.end
        position = self.header.begin + self.header.name_nbytes
        self.root = Directory.parse(self.read(position, 60), position)

    def _read_free(self) -> FreeList:
        header = self.header
        if not header.free_seek or not header.free_nbytes:
            raise AppendRefused("the file was not closed (it has no list of free segments)")
        return FreeList.parse(self.read(header.free_seek, header.free_nbytes), header)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was appended counts only after ``apply``."""
        self.copied()
        if self._fd < 0:
            return
        try:
            if self._may_shrink:
                os.ftruncate(self._fd, self.old_end)
                self._write(self.old_end, self._tail)
        finally:
            os.close(self._fd)
            self._fd = -1

    def read(self, position: int, size: int) -> bytes:
        """Return ``size`` bytes, fewer only at the end of the file."""
        parts = []
        while size:
            fd, available = self._source(position)
            left = os.fstat(fd).st_size - position  # no room is made for what is not there
            part = os.pread(fd, max(0, min(size, available, left)), position)
            if not part:
                break
            parts.append(part)
            position, size = position + len(part), size - len(part)
        return b"".join(parts)

    def _source(self, position: int) -> tuple[int, int]:
        """Return the file descriptor to read from at ``position``, and up to how many bytes."""
        if self._original and position < self.old_end:
            return self._original.fileno(), self.old_end - position
        return self._fd, sys.maxsize

    def copied(self) -> None:
        """Take note that the copy is complete: from now on it is read itself."""
        if self._original:
            self._original.close()
            self._original = None

    def key_at(self, position: int) -> Key:
        """Return the key of the record at ``position``."""
        head = self.read(position, _KEY_ROOM)
        try:
            (keylen,) = struct.unpack_from(">h", head, 14)
            if keylen > len(head):
                head = self.read(position, keylen)
            return Key.parse(head)
        except (struct.error, IndexError):
            raise FileError(f"no record at byte {position}") from None

    def records(self, start: int) -> Iterator[tuple[int, Key | None]]:
        """Walk the records from ``start`` to the end as TFile::Map does; None is a gap."""
        position = start
        while position < self.header.end:
            (nbytes,) = struct.unpack(">i", self.read(position, 4))
            if nbytes == 0:
                raise FileError(f"a record of zero length at byte {position}")
            yield position, self.key_at(position) if nbytes > 0 else None
            position += abs(nbytes)
        if position != self.header.end:
            raise FileError(f"records end at byte {position}, the file at {self.header.end}")

    def append(self, data: bytes) -> int:
        """Write ``data`` behind the last record and return its position."""
        position = self.header.end
        if self.in_place and not self._may_shrink:
            self._tail, self._may_shrink = self._read_tail(), True
        self._write(position, data)
        self.header.end += len(data)
        return position

    def _read_tail(self) -> bytes:
        """Return what lies behind the declared end; nothing, if a killed run left very much."""
        size = os.fstat(self._fd).st_size - self.old_end
        return self.read(self.old_end, size) if size <= _TAIL else b""

    def append_object(self, key: Key, payload: bytes, length: int) -> Key:
        """Append a record that holds ``payload``, of ``length`` bytes when uncompressed."""
        new = key.moved(self.header.end, length=length, stored=len(payload))
        self.append(new.pack() + payload)
        return new

    def overwrite(self, position: int, data: bytes) -> None:
        """Note a pointer that is to lead from old bytes to appended ones."""
        self._pointers.append((position, data))

    def release(self, position: int, nbytes: int) -> None:
        """Note a record to which nothing refers once all pointers are written."""
        self._released.append((position, nbytes))

    def expect(self, position: int, data: bytes) -> None:
        """Note old bytes that the plan relies on; ``apply`` refuses if they have changed."""
        self._expected.append((position, data))

    def plan(self) -> None:
        """Append the free lists and work out what changes among the old bytes, and in which order.

        Raises AppendRefused where that cannot be done.
        """
        if not self.in_place and self.header.uuid and self.root.uuid:
            self.header.uuid = self.root.uuid = struct.pack(">h", 1) + uuid.uuid1().bytes
            self.overwrite(self.root.position, self.root.pack())
        released = [*self._released, (self.header.free_seek, self.header.free_nbytes)]
        final = self._free.plus(
            released, lambda segment: self.read(segment[0], 4) == gap_word(segment)
        )
        new = [segment for segment in final.segments if segment not in self._free.segments]
        gaps = [(segment[0], gap_word(segment)) for segment in new]
        self._final_header = self._append_free(final)
        heads = [self._append_free(self._free).pack(), self._final_header.pack()]
        self._steps = [[(0, heads[0])], self._pointers, [*gaps, (0, heads[1])]]
        if self.in_place:
            check_pages(self.read, [(0, heads[0]), *self._pointers])

    def _append_free(self, free: FreeList) -> Header:
        """Append a free list and return the header of a file that ends with it."""
        record = free.record(self.header.end)
        seek = self.append(record)
        return replace(
            self.header,
            free_seek=seek,
            free_nbytes=len(record),
            free_count=len(free.segments) + 1,
        )

    def planned(self) -> PlannedFile:
        """Return the file as ``apply`` is going to make it, for reading. (After ``plan``.)"""
        patches = [patch for step in self._steps for patch in step]
        return PlannedFile(self, patches, self._final_header.end)

    def stream(self) -> BinaryIO:
        """Return the bytes of the file, while it is open, as uproot can read them."""
        return stream_of(self.read, self.header.end)

    def apply(self) -> None:
        """Carry out the plan; where a write fails, undo those before it in reverse order."""
        undo: list[Patch] = []
        self._may_shrink = False
        if any(self.read(at, len(data)) != data for at, data in self._expected):
            raise OutputError(f"{self.path}: another process has changed it meanwhile")
        self.copied()
        try:
            for step in self._steps:
                self._sync()
                for position, data in step:
                    undo.append((position, self.read(position, len(data))))
                    self._write(position, data)
            self._sync()
        except BaseException:
            with contextlib.suppress(OSError):
                for position, data in reversed(undo):
                    self._write(position, data)
                if undo:
                    self._sync()
                self._may_shrink = self.in_place
            raise
        self.header = self._final_header
        os.ftruncate(self._fd, self.header.end)

    def finish(self) -> None:
        """Plan and apply."""
        self.plan()
        self.apply()

    def _sync(self) -> None:
        if self.in_place:
            os.fsync(self._fd)

    def _write(self, position: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, position)
            position, view = position + written, view[written:]


class PlannedFile(RootFile):
    """A file as its plan is going to make it: for reading alone, while that one stays open."""

    def __init__(self, file: RootFile, patches: list[Patch], end: int) -> None:
        self.path, self.in_place = file.path, file.in_place
        self._file, self._patches = file, patches
        self._open(end)

    def close(self) -> None:
        """Do nothing; the file is not this one's."""

    def read(self, position: int, size: int) -> bytes:
        """Return ``size`` bytes as they are going to be."""
        return patched(self._file.read(position, size), position, self._patches)
