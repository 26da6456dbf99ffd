"""A ROOT file as a container of records: header, free segments, record map. No uproot.

New records go to the end of the file. What is there already changes only through
``overwrite``, which remembers where, so that ``verify`` can prove that nothing else did.
"""

from __future__ import annotations

import os
import struct
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rootml.errors import AppendRefused, FileError
from rootml.rootio.container.keys import BIG_VERSION, START_BIG_FILE, Directory, Key

_BIG_FILE_VERSION = 1_000_000
_HEADER = {False: struct.Struct(">4siiiiiiiBiii"), True: struct.Struct(">4siiqqiiiBiqi")}
_SEGMENT = {False: struct.Struct(">hii"), True: struct.Struct(">hqq")}
_KEY_ROOM = 2048
"""Bytes that hold any key: a longer one is read again."""


@dataclass
class Header:
    """The first bytes of a file (TFile::WriteHeader), without the magic word."""

    version: int
    begin: int
    end: int
    free_seek: int
    free_nbytes: int
    free_count: int
    name_nbytes: int
    units: int
    compression: int
    info_seek: int
    info_nbytes: int
    uuid: bytes

    @classmethod
    def parse(cls, buffer: bytes) -> Header:
        """Read the header from the first bytes of a file."""
        (version,) = struct.unpack_from(">i", buffer, 4)
        layout = _HEADER[version >= _BIG_FILE_VERSION]
        _, version, begin, *rest = layout.unpack_from(buffer)
        stop = layout.size + 18
        identifier = buffer[layout.size : stop] if stop <= begin else b""
        return cls(version, begin, *[*rest, identifier])

    def pack(self) -> bytes:
        """Return the bytes of the header, promoted to 64-bit positions above 2 GB."""
        big = self.version >= _BIG_FILE_VERSION or self.end > START_BIG_FILE
        if big and self.version < _BIG_FILE_VERSION:
            self.version += _BIG_FILE_VERSION
            self.units = 8
        head = _HEADER[big].pack(
            b"root", self.version, self.begin, self.end, self.free_seek, self.free_nbytes,
            self.free_count, self.name_nbytes, self.units, self.compression,
            self.info_seek, self.info_nbytes,
        )  # fmt: skip
        return head + self.uuid


class RootFile:
    """An open ROOT file that grows at its end, on a private copy of the user's file.

    Raises FileError for what is not a ROOT file or is truncated, AppendRefused for a file
    that was not closed. Not ``writable``: for reading alone, and the free list is not needed.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path = path
        self._fd = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        try:
            self._open(os.fstat(self._fd).st_size, writable)
        except BaseException:
            self.close()
            raise

    def _open(self, size: int, writable: bool) -> None:
        first = self.read(0, 100)
        if first[:4] != b"root" or len(first) < 64:
            raise FileError("not a ROOT file")
        self.header = Header.parse(first)
        if self.header.end > size:
            raise FileError(f"truncated: {size} bytes of {self.header.end}")
        self.old_end = self.header.end
        self.overwritten: list[tuple[int, int]] = []
        self._free = self._read_free() if writable else []
        position = self.header.begin + self.header.name_nbytes
        self.root = Directory.parse(self.read(position, 60), position)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was appended counts only after ``finish``."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def read(self, position: int, size: int) -> bytes:
        """Return ``size`` bytes, fewer only at the end of the file."""
        parts = []
        while size and (part := os.pread(self._fd, size, position)):
            parts.append(part)
            position, size = position + len(part), size - len(part)
        return b"".join(parts)

    def key_at(self, position: int) -> Key:
        """Return the key of the record at ``position``."""
        head = self.read(position, _KEY_ROOM)
        (keylen,) = struct.unpack_from(">h", head, 14)
        if keylen > len(head):
            head = self.read(position, keylen)
        try:
            return Key.parse(head)
        except (struct.error, IndexError):
            raise FileError(f"no record at byte {position}") from None

    def _write(self, position: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, position)
            position, view = position + written, view[written:]

    def append(self, data: bytes) -> int:
        """Write ``data`` behind the last record and return its position."""
        position = self.header.end
        self._write(position, data)
        self.header.end += len(data)
        return position

    def overwrite(self, position: int, data: bytes) -> None:
        """Replace bytes of the file."""
        self._write(position, data)
        self.overwritten.append((position, position + len(data)))

    def append_object(self, key: Key, payload: bytes, length: int) -> Key:
        """Append a record that holds ``payload``, of ``length`` bytes when uncompressed."""
        new = key.moved(self.header.end, length=length, stored=len(payload))
        self.append(new.pack() + payload)
        return new

    def release(self, position: int, nbytes: int) -> None:
        """Give a record's bytes to the free list (TFile::MakeFree, TFree::AddFree)."""
        first, last = position, position + nbytes - 1
        kept = []
        for start, stop in self._free:
            if stop + 1 == first:
                first = start
            elif start == last + 1:
                last = stop
            else:
                kept.append((start, stop))
        self._free = sorted([*kept, (first, last)])
        self.overwrite(first, struct.pack(">i", -min(last - first + 1, START_BIG_FILE)))

    def _read_free(self) -> list[tuple[int, int]]:
        """Read the free segments as TFile::ReadFree does; the header's count is not used.

        Geant4's writer leaves that count 0; uproot 3 started the last segment early.
        """
        header = self.header
        if not header.free_seek or not header.free_nbytes:
            raise AppendRefused("the file was not closed (it has no list of free segments)")
        record = self.read(header.free_seek, header.free_nbytes)
        self._free_key = Key.parse(record)
        if self._free_key.nbytes != header.free_nbytes:
            raise AppendRefused("its record of free segments is damaged")
        segments: list[tuple[int, int]] = []
        at = self._free_key.keylen
        while at + 10 <= len(record) and not (segments and segments[-1][1] > header.end):
            (version,) = struct.unpack_from(">h", record, at)
            layout = _SEGMENT[version > BIG_VERSION]
            _, first, last = layout.unpack_from(record, at)
            segments.append((first, last))
            at += layout.size
        if not segments or not min(header.free_seek, header.end) <= segments[-1][0] <= header.end:
            raise AppendRefused("its list of free segments does not end at the end of the file")
        self._last_segment_stop = segments.pop()[1]
        return segments

    def _pack_free(self, end: int) -> bytes:
        stop = max(self._last_segment_stop, START_BIG_FILE)
        while stop <= end:
            stop += 1_000_000_000
        return b"".join(
            _SEGMENT[last > START_BIG_FILE].pack(
                1 + BIG_VERSION * (last > START_BIG_FILE), first, last
            )
            for first, last in [*self._free, (end, stop)]
        )

    def _append_free_list(self) -> None:
        """Write the free list as the last record; its own size decides where the file ends."""
        header = self.header
        self.release(header.free_seek, header.free_nbytes)
        body = self._pack_free(header.end)
        while True:
            size = len(body)
            key = self._free_key.moved(header.end, length=size, stored=size)
            body = self._pack_free(header.end + key.nbytes)
            if len(body) == size:
                break
        header.free_seek, header.free_nbytes = header.end, key.nbytes
        header.free_count = len(self._free) + 1
        self.append(key.pack() + body)

    def finish(self) -> None:
        """Write the free list, a fresh identifier and, last of all, the header."""
        self._append_free_list()
        if self.header.uuid and self.root.uuid:
            self.header.uuid = self.root.uuid = struct.pack(">h", 1) + uuid.uuid1().bytes
            self.overwrite(self.root.position, self.root.pack())
        packed = self.header.pack()
        if len(packed) > self.header.begin:
            raise AppendRefused("its header has no room for positions above 2 GB")
        self.overwrite(0, packed)
        os.ftruncate(self._fd, self.header.end)

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
