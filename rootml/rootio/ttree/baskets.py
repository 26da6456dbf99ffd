"""Streaming a column into baskets: what is pending never exceeds about one basket."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rootml.errors import AppendRefused
from rootml.rootio.columns import Counts
from rootml.rootio.container.compression import Compress
from rootml.rootio.container.keys import BIG_VERSION, Key, packed_time
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.ttree.clusters import BASKET_BYTES, Edges, basket_stop
from rootml.rootio.ttree.serial import BASKET_SIZE, NewBranch
from rootml.spec import Array

_MAX_BASKET = 1_000_000_000  # ROOT's buffers end at 1 GB
_HEAD = struct.Struct(">hiiiib")  # version, buffer size, nev-buffer size, entries, last, flag


@dataclass(frozen=True)
class Destination:
    """Where baskets go: the file, the tree's name, its directory's position, compression."""

    file: RootFile
    tree: bytes
    directory: int
    compress: Compress


def _entry_offsets(counts: Counts, item_size: int, keylen: int) -> bytes:
    """Return a jagged basket's offsets: their number, each entry's first byte, a last 0."""
    offsets = np.zeros(len(counts) + 1, ">i4")
    offsets[1:-1] = np.cumsum(counts[:-1]) * item_size
    offsets[:-1] += keylen
    return struct.pack(">i", len(offsets)) + offsets.tobytes()


def append_basket(
    to: Destination, branch: NewBranch, data: bytes, entries: int, counts: Counts | None
) -> None:
    """Append one TBasket with big-endian ``data`` of the branch's next ``entries``.

    The key always has 64-bit positions: TFileMerger promotes a shorter one in place when a
    file carries a TProcessID, over the first bytes of the data. Such readers as ROOT seek
    with the head's second size: bytes per entry of flat, a number of offsets of jagged.
    """
    key = Key(
        b"TBasket", branch.name.encode(), to.tree, len(branch.basket_seek) & 0x7FFF,
        to.file.header.end, to.directory, extra=_HEAD.size, time=packed_time(),
        version=4 + BIG_VERSION,
    )  # fmt: skip
    last = key.keylen + len(data)
    entry_size = branch.item_size
    if counts is not None:
        data += _entry_offsets(counts, branch.item_size, key.keylen)
        entry_size = max(1000, entries + 1)
    if len(data) >= _MAX_BASKET:
        raise AppendRefused(f"one entry of {branch.name!r} has {len(data):,} bytes")
    stored = to.compress(data)
    key = key.sized(len(data), len(stored))
    head = _HEAD.pack(3, max(BASKET_SIZE, last), entry_size, entries, last, 0)
    branch.basket_seek.append(to.file.append(key.pack() + head + stored))
    branch.basket_nbytes.append(key.nbytes)
    branch.basket_entry.append(branch.entries + entries)
    branch.total_bytes += key.keylen + key.length
    branch.stored_bytes += key.nbytes


class BranchWriter:
    """Collects a branch's entries and appends them as baskets along the tree's clusters."""

    def __init__(self, to: Destination, branch: NewBranch, edges: Edges) -> None:
        self._to, self.branch, self._edges = to, branch, edges
        self._items: list[Array] = []
        self._counts: list[Counts] = []
        self._bytes = 0

    def write(self, items: Array, counts: Counts | None) -> None:
        """Add entries: their items, (n, *shape), and how many each has; None where it is one."""
        self._items.append(items)
        self._bytes += len(items) * self.branch.item_size
        if counts is not None:
            self._counts.append(counts)
            self._bytes += 4 * len(counts)
        if self._bytes > 2 * BASKET_BYTES:
            self._append(BASKET_BYTES)

    def raise_maximum(self, values: Counts) -> None:
        """Let the leaf's maximum be at least the largest of ``values``."""
        self.branch.maximum = max(self.branch.maximum, int(values.max(initial=0)))

    def finish(self) -> None:
        """Append what is left."""
        if self._items:
            self._append(0)

    def _append(self, keep: int) -> None:
        """Append baskets until at most ``keep`` bytes are pending."""
        items, counts = np.concatenate(self._items), None
        each = self.branch.item_size
        ends: Sequence[int] | Counts = range(1, len(items) + 1)
        sizes: Sequence[int] | Counts = range(each, len(items) * each + 1, each)
        if self._counts:
            counts = np.concatenate(self._counts)
            ends = np.cumsum(counts)
            sizes = ends * each + 4 * np.arange(1, len(ends) + 1)
        first = item = size = 0
        while first < len(ends) and sizes[-1] - size >= keep:
            entry = self.branch.entries
            fitting = bisect_right(sizes, size + BASKET_BYTES, first) - first
            stop = min(first + basket_stop(self._edges, entry, fitting) - entry, len(ends))
            last = int(ends[stop - 1])
            data = items[item:last].astype(items.dtype.newbyteorder(">")).tobytes()
            some = None if counts is None else counts[first:stop]
            append_basket(self._to, self.branch, data, stop - first, some)
            first, item, size = stop, last, int(sizes[stop - 1])
        self._bytes = int(sizes[-1]) - size if len(sizes) else 0
        self._items = [items[item:].copy()]
        self._counts = [] if counts is None else [counts[first:].copy()]
