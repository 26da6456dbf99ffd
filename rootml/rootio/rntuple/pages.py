"""Streaming columns onto pages: what is pending never exceeds about one page per column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rootml.errors import AppendRefused
from rootml.rootio.columns import Part
from rootml.rootio.container.compression import Compress
from rootml.rootio.container.keys import BIG_VERSION, Key, packed_time
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.rntuple.elements import ElementType
from rootml.rootio.rntuple.envelopes import Link
from rootml.rootio.rntuple.frames import checksum
from rootml.rootio.rntuple.page_lists import PagePlace, PageRange
from rootml.spec import Array

PAGE_BYTES = 1 << 20
"""RNTupleWriteOptions' largest uncompressed page."""


@dataclass(frozen=True)
class Blobs:
    """Where pages and envelopes go: RBlob records at the end of the file.

    Their keys always have 64-bit positions, as ROOT's own (RKeyBlob in RMiniFile.cxx).
    ``setting``: the pages' compression; ``max_size``: the anchor's ``fMaxKeySize``.
    """

    file: RootFile
    setting: int
    compress: Compress
    max_size: int

    def append(self, data: bytes, length: int) -> int:
        """Append a record, of ``length`` bytes when uncompressed; return where its data are."""
        if len(data) > self.max_size:
            raise AppendRefused(f"{len(data):,} bytes of metadata do not fit into one record")
        end, top = self.file.header.end, self.file.header.begin
        key = Key(
            b"RBlob", b"", b"", 1, end, top, length, len(data),
            time=packed_time(), version=4 + BIG_VERSION,
        )  # fmt: skip
        return self.file.append(key.pack() + data) + key.keylen

    def append_page(self, plain: bytes, elements: int) -> PagePlace:
        """Append a page and its checksum."""
        stored = self.compress(plain)
        seek = self.append(stored + checksum(stored), len(plain))
        return PagePlace(elements, len(stored), seek)

    def append_envelope(self, envelope: bytes) -> Link:
        """Append a footer or a page list."""
        stored = self.compress(envelope)
        return Link(self.append(stored, len(envelope)), len(stored), len(envelope))


class PageWriter:
    """Collects one column's elements, in the order of the clusters, and appends their pages."""

    def __init__(self, blobs: Blobs, kind: ElementType) -> None:
        self._blobs, self._kind = blobs, kind
        self._page = PAGE_BYTES * 8 // kind.bits
        self._pending: list[Array] = []
        self._pages: list[PagePlace] = []
        self._count = self._before = 0
        self.ranges: list[bytes] = []

    def write(self, values: Array) -> None:
        """Add elements, one-dimensional."""
        if not len(values):
            return
        self._pending.append(values)
        self._count += len(values)
        if self._count >= self._page:
            self._flush(self._page)

    def _flush(self, least: int) -> None:
        """Append pages while ``least`` elements are pending."""
        values = np.concatenate(self._pending)
        while len(values) >= least:
            page, values = values[: self._page], values[self._page :]
            self._pages.append(self._blobs.append_page(self._kind.encode(page), len(page)))
        self._pending, self._count = [values.copy()], len(values)

    def end_cluster(self) -> None:
        """Append what is pending: pages do not reach across clusters."""
        if self._count:
            self._flush(1)
        pages = PageRange(tuple(self._pages), self._before, self._blobs.setting)
        self.ranges.append(pages.pack())
        self._before += sum(page.elements for page in self._pages)
        self._pages = []


class FieldWriter:
    """Splits a field's values into its columns: the ends of its items, if any, and the items."""

    def __init__(self, blobs: Blobs, elements: Sequence[ElementType]) -> None:
        self.columns = [PageWriter(blobs, kind) for kind in elements]
        self._end = 0

    def write(self, part: Part) -> None:
        """Take the next events, all of one cluster."""
        *index, values = self.columns
        if index and part.counts is not None:
            ends = self._end + np.cumsum(part.counts).astype(np.uint64)
            index[0].write(ends)
            self._end = int(ends[-1]) if len(ends) else self._end
        values.write(part.items.reshape(-1))

    def end_cluster(self) -> None:
        """End the cluster; items are counted from its first (spec: Index64)."""
        for column in self.columns:
            column.end_cluster()
        self._end = 0


def cut(part: Part, edges: Sequence[int]) -> Callable[[int], Part]:
    """Return what gives the events of ``part`` between an edge and the next, by its number."""
    counts = part.counts
    if counts is None:
        return lambda i: Part(part.items[edges[i] : edges[i + 1]])
    ends = np.concatenate([[0], np.cumsum(counts)])
    return lambda i: Part(
        part.items[ends[edges[i]] : ends[edges[i + 1]]], counts[edges[i] : edges[i + 1]]
    )
