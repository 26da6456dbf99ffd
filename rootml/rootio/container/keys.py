"""Records of a ROOT file: strings, keys, directory headers. Pure bytes, no input or output.

Layouts: ROOT, io/doc/TFile (header.md, keys.md, tdirectory.md). Positions are four bytes
wide, or eight where the record's version is above 1000. All numbers are big-endian.
"""

from __future__ import annotations

import datetime
import struct
from dataclasses import dataclass, replace

START_BIG_FILE = 2_000_000_000
"""TFile::kStartBigFile: positions above it need eight bytes."""

BIG_VERSION = 1000
_KEY = {False: struct.Struct(">ihiIhhii"), True: struct.Struct(">ihiIhhqq")}
_DIRECTORY = {False: struct.Struct(">hIIiiiii"), True: struct.Struct(">hIIiiqqq")}
_UUID_BYTES = 18


def is_far(position: int) -> bool:
    """Tell whether a position needs eight bytes."""
    return position > START_BIG_FILE


def pack_string(text: bytes) -> bytes:
    """Return a TString as it is streamed: one length byte, or 255 and four of them."""
    if len(text) < 255:
        return bytes([len(text)]) + text
    return b"\xff" + struct.pack(">I", len(text)) + text


def read_string(buffer: bytes, position: int) -> tuple[bytes, int]:
    """Return a TString and the position after it."""
    length = buffer[position]
    position += 1
    if length == 255:
        (length,) = struct.unpack_from(">I", buffer, position)
        position += 4
    return buffer[position : position + length], position + length


def packed_time(moment: datetime.datetime | None = None) -> int:
    """Return a TDatime: local time, years since 1995, in 32 bits."""
    t = moment or datetime.datetime.now()
    return (
        (t.year - 1995) << 26
        | t.month << 22
        | t.day << 17
        | t.hour << 12
        | t.minute << 6
        | t.second
    )


@dataclass(frozen=True)
class Key:
    """A TKey: the head of every record, and an entry of a directory's key list.

    ``stored``: bytes of the record after the key, compressed or not; ``length``: the same,
    uncompressed; ``extra``: bytes that count as part of the key but follow it (a basket's).
    """

    class_name: bytes
    name: bytes
    title: bytes
    cycle: int
    seek: int
    parent: int
    length: int = 0
    stored: int = 0
    extra: int = 0
    time: int = 0
    version: int = 4

    @classmethod
    def parse(cls, buffer: bytes, position: int = 0) -> Key:
        """Read the key that starts at ``position``."""
        (version,) = struct.unpack_from(">h", buffer, position + 4)
        layout = _KEY[version > BIG_VERSION]
        nbytes, _, length, time, keylen, cycle, seek, parent = layout.unpack_from(buffer, position)
        class_name, at = read_string(buffer, position + layout.size)
        name, at = read_string(buffer, at)
        title, at = read_string(buffer, at)
        extra = keylen - (at - position)
        return cls(
            class_name,
            name,
            title,
            cycle,
            seek,
            parent,
            length,
            nbytes - keylen,
            extra,
            time,
            version,
        )

    @property
    def packed_size(self) -> int:
        """How many bytes ``pack`` returns."""
        strings = (self.class_name, self.name, self.title)
        return _KEY[self.version > BIG_VERSION].size + sum(len(pack_string(s)) for s in strings)

    @property
    def keylen(self) -> int:
        """``fKeylen``."""
        return self.packed_size + self.extra

    @property
    def nbytes(self) -> int:
        """``fNbytes``: the whole record."""
        return self.keylen + self.stored

    def moved(self, seek: int, *, length: int = 0, stored: int = 0) -> Key:
        """Return the key of the same object written anew at ``seek``."""
        version = 4 + BIG_VERSION * is_far(max(seek, self.parent))
        return replace(
            self, seek=seek, length=length, stored=stored, time=packed_time(), version=version
        )

    def sized(self, length: int, stored: int) -> Key:
        """Return this key with the sizes of its content."""
        return replace(self, length=length, stored=stored)

    def pack(self) -> bytes:
        """Return the bytes of the key, without ``extra``."""
        head = _KEY[self.version > BIG_VERSION].pack(
            self.nbytes, self.version, self.length, self.time,
            self.keylen, self.cycle, self.seek, self.parent,
        )  # fmt: skip
        return head + b"".join(map(pack_string, (self.class_name, self.name, self.title)))


@dataclass
class Directory:
    """The header of a TDirectory at ``position`` of the file."""

    position: int
    version: int
    created: int
    modified: int
    keys_nbytes: int
    name_nbytes: int
    seek: int
    parent: int
    keys_seek: int
    uuid: bytes

    @classmethod
    def parse(cls, buffer: bytes, position: int) -> Directory:
        """Read a header from ``buffer``, which starts at ``position`` of the file."""
        (version,) = struct.unpack_from(">h", buffer)
        layout = _DIRECTORY[version > BIG_VERSION]
        fields = layout.unpack_from(buffer)
        has_uuid = version % BIG_VERSION > 1
        uuid = buffer[layout.size : layout.size + _UUID_BYTES] if has_uuid else b""
        return cls(position, *[*fields, uuid])

    def pack(self) -> bytes:
        """Return the bytes of the header, with 64-bit positions where one needs them."""
        big = self.version > BIG_VERSION or is_far(self.keys_seek)
        self.version = self.version % BIG_VERSION + BIG_VERSION * big
        head = _DIRECTORY[big].pack(
            self.version, self.created, self.modified, self.keys_nbytes,
            self.name_nbytes, self.seek, self.parent, self.keys_seek,
        )  # fmt: skip
        return head + self.uuid
