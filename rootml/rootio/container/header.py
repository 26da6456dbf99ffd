"""The first bytes of a ROOT file (TFile::WriteHeader). Pure bytes, no input or output.

Layout: ROOT, io/doc/TFile/header.md. Positions are four bytes wide, or eight where the
version is above 1,000,000. All numbers are big-endian.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from rootml.errors import AppendRefused
from rootml.rootio.container.keys import is_far

_BIG_FILE_VERSION = 1_000_000
_LAYOUT = {False: struct.Struct(">4siiiiiiiBiii"), True: struct.Struct(">4siiqqiiiBiqi")}
_UUID_BYTES = 18


@dataclass
class Header:
    """The fields of the header, without the magic word."""

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
        layout = _LAYOUT[version >= _BIG_FILE_VERSION]
        _, version, begin, *rest = layout.unpack_from(buffer)
        stop = layout.size + _UUID_BYTES
        identifier = buffer[layout.size : stop] if stop <= begin else b""
        return cls(version, begin, *[*rest, identifier])

    def pack(self) -> bytes:
        """Return the bytes of the header, promoted to 64-bit positions above 2 GB.

        Raises AppendRefused where these do not fit before the first record.
        """
        big = self.version >= _BIG_FILE_VERSION or is_far(self.end)
        if big and self.version < _BIG_FILE_VERSION:
            self.version += _BIG_FILE_VERSION
            self.units = 8
        head = _LAYOUT[big].pack(
            b"root", self.version, self.begin, self.end, self.free_seek, self.free_nbytes,
            self.free_count, self.name_nbytes, self.units, self.compression,
            self.info_seek, self.info_nbytes,
        )  # fmt: skip
        packed = head + self.uuid
        if len(packed) > self.begin:
            raise AppendRefused("its header has no room for positions above 2 GB")
        return packed
