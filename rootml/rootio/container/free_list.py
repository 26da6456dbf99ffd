"""The free segments of a file (TFree), and the record that lists them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from rootml.errors import AppendRefused
from rootml.rootio.container.header import Header
from rootml.rootio.container.keys import BIG_VERSION, START_BIG_FILE, Key, is_far

_LAYOUT = {False: struct.Struct(">hii"), True: struct.Struct(">hqq")}
_LIMIT_STEP = 1_000_000_000  # TFile::WriteFree extends the last segment by this

Segment = tuple[int, int]
"""First and last byte of unused space."""


@dataclass(frozen=True)
class FreeList:
    """Free segments in order, but the last, which begins where the file ends.

    ``key``: of the record; ``limit``: the last byte of that last segment.
    """

    key: Key
    segments: tuple[Segment, ...]
    limit: int

    @classmethod
    def parse(cls, record: bytes, header: Header) -> Self:
        """Read the record as TFile::ReadFree does; the header's count is not used.

        Geant4's writer leaves that count 0; uproot 3 started the last segment early.
        """
        key = Key.parse(record)
        if key.nbytes != header.free_nbytes:
            raise AppendRefused("its record of free segments is damaged")
        segments: list[Segment] = []
        at = key.keylen
        while at + 10 <= len(record) and not (segments and segments[-1][1] > header.end):
            (version,) = struct.unpack_from(">h", record, at)
            layout = _LAYOUT[version > BIG_VERSION]
            _, first, last = layout.unpack_from(record, at)
            segments.append((first, last))
            at += layout.size
        if not segments or not min(header.free_seek, header.end) <= segments[-1][0] <= header.end:
            raise AppendRefused("its list of free segments does not end at the end of the file")
        return cls(key, tuple(segments[:-1]), segments[-1][1])

    def plus(
        self, released: Iterable[tuple[int, int]], is_gap: Callable[[Segment], bool]
    ) -> FreeList:
        """Return the list with more records in it, (position, bytes), merged as TFree does.

        A neighbour is left alone unless it ``is_gap``, for a damaged list may name used space.
        """
        segments, added = self.segments, set[Segment]()
        for position, nbytes in released:
            first, last = position, position + nbytes - 1
            kept = []
            for segment in segments:
                start, stop = segment
                joins = stop + 1 == first or start == last + 1
                if joins and (segment in added or is_gap(segment)):
                    first, last = min(first, start), max(last, stop)
                else:
                    kept.append(segment)
            added.add((first, last))
            segments = tuple(sorted([*kept, (first, last)]))
        return FreeList(self.key, segments, self.limit)

    def record(self, position: int) -> bytes:
        """Return the record for ``position``, the file's last: its end is the file's."""
        body = self._body(position)
        while True:
            size = len(body)
            key = self.key.moved(position, length=size, stored=size)
            body = self._body(position + key.nbytes)
            if len(body) == size:
                return key.pack() + body

    def _body(self, end: int) -> bytes:
        limit = max(self.limit, START_BIG_FILE)
        while limit <= end:
            limit += _LIMIT_STEP
        return b"".join(
            _LAYOUT[is_far(last)].pack(1 + BIG_VERSION * is_far(last), first, last)
            for first, last in [*self.segments, (end, limit)]
        )


def gap_word(segment: Segment) -> bytes:
    """Return the word that begins unused space: minus its length (TFile::MakeFree)."""
    first, last = segment
    return struct.pack(">i", -min(last - first + 1, START_BIG_FILE))
