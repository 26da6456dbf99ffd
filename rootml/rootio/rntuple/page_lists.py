"""The page lists of an RNTuple: where the pages of each column are in each cluster.

Spec: Page List Envelope. What a newer format has put behind the parts known here is kept.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Self

from rootml.errors import AppendRefused
from rootml.rootio.rntuple.frames import (
    CHECKSUM_BYTES,
    Damaged,
    FrameList,
    Scan,
    list_frame,
    list_head,
    record,
    record_payload,
)

_SUMMARY = struct.Struct("<QQ")  # first entry, entries and flags
_SHARDED = 0x01
_PAGE = struct.Struct("<iiQ")  # elements (negative: a checksum follows the page), size, seek
_OFFSET = struct.Struct("<q")
_SETTING = struct.Struct("<I")
_SUPPRESSED = -(1 << 63)
"""The element offset of a column that another representation stands for."""


@dataclass(frozen=True)
class Cluster:
    """A range of entries whose pages belong together, one frame of pages per column."""

    first: int
    entries: int
    columns: FrameList

    @property
    def stop(self) -> int:
        """The entry behind its last."""
        return self.first + self.entries


@dataclass(frozen=True)
class PageList:
    """What a page list says of its clusters."""

    header_checksum: bytes
    summaries: FrameList
    clusters: tuple[Cluster, ...]
    clusters_tail: bytes = b""
    tail: bytes = b""

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload of a page list."""
        scan = Scan(payload)
        header_checksum = scan.take(CHECKSUM_BYTES)
        summaries = FrameList.parse(scan.frame())
        pages = FrameList.parse(scan.frame())
        if len(summaries.items) != len(pages.items):
            raise Damaged("a page list of it is damaged: clusters are missing")
        clusters = tuple(map(_cluster, summaries.items, pages.items))
        return cls(header_checksum, summaries, clusters, pages.tail, scan.rest())

    def pack(self) -> bytes:
        """Return the payload."""
        pages = FrameList(tuple(c.columns.pack() for c in self.clusters), self.clusters_tail)
        return self.header_checksum + self.summaries.pack() + pages.pack() + self.tail


def summary(first: int, entries: int) -> bytes:
    """Return a cluster summary record frame."""
    return record(_SUMMARY.pack(first, entries))


def _cluster(summary: bytes, pages: bytes) -> Cluster:
    first, packed = record_payload(summary).numbers(_SUMMARY)
    entries, flags = packed & (1 << 56) - 1, packed >> 56
    if flags & _SHARDED:
        raise AppendRefused("its clusters are sharded, which no version of ROOT writes yet")
    return Cluster(first, entries, FrameList.parse(pages))


@dataclass(frozen=True)
class PagePlace:
    """A page: its elements, stored bytes and position; a checksum may follow it."""

    elements: int
    nbytes: int
    seek: int
    has_checksum: bool = True

    def pack(self) -> bytes:
        """Return the description of the page, with a standard locator."""
        sign = -1 if self.has_checksum else 1
        return _PAGE.pack(sign * self.elements, self.nbytes, self.seek)


@dataclass(frozen=True)
class PageRange:
    """The pages of a column in a cluster, after ``offset`` elements in clusters before it.

    ``setting``: the compression, None for a suppressed column.
    """

    pages: tuple[PagePlace, ...]
    offset: int
    setting: int | None

    @classmethod
    def parse(cls, frame: bytes) -> Self:
        """Read a column's list of pages."""
        scan = Scan(frame)
        pages = []
        for _ in range(list_head(scan)):
            elements, nbytes, seek = scan.numbers(_PAGE)
            if nbytes < 0:
                raise AppendRefused("a page of it has a locator of an unknown kind")
            pages.append(PagePlace(abs(elements), nbytes, seek, elements < 0))
        (offset,) = scan.numbers(_OFFSET)
        setting = scan.numbers(_SETTING)[0] if offset >= 0 else None
        return cls(tuple(pages), offset, setting)

    def pack(self) -> bytes:
        """Return the column's list of pages."""
        end = b"" if self.setting is None else _SETTING.pack(self.setting)
        pages = b"".join(page.pack() for page in self.pages)
        return list_frame(len(self.pages), pages + _OFFSET.pack(self.offset) + end)


def empty_range(setting: int | None) -> bytes:
    """Return the pages of a column in a cluster that is older than the column: none."""
    return PageRange((), _SUPPRESSED if setting is None else 0, setting).pack()
