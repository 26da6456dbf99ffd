"""The bytes of a TTree with branches added and removed: pure, given the traced tree."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rootml.errors import AppendRefused, DataError, nearest
from rootml.rootio.columns import Counts
from rootml.rootio.opening import reading
from rootml.rootio.ttree.parts import ancestry, span
from rootml.rootio.ttree.serial import MAP_OFFSET, NewBranch, branch_bytes
from rootml.rootio.ttree.splicing import Edit, Splice
from rootml.rootio.ttree.view import TreeView

COUNTER_RANGES = {
    "TLeafB": ">b", "TLeafS": ">h", "TLeafI": ">i", "TLeafL": ">q", "TLeafG": ">q",
}  # fmt: skip
"""Leaves that can count, and the type of their fMaximum, which is their last member."""


@dataclass
class ExistingCounter:
    """A leaf of the tree that counts the objects of the collection ``per`` already."""

    per: str
    branch: Any
    leaf: Any
    maximum: int = 0

    def check(self, first: int, counts: Counts) -> None:
        """Compare with the stored counts from entry ``first`` on; DataError if they differ."""
        stop = first + len(counts)
        with reading(f"branch {self.branch.name!r}"):
            stored = self.branch.array(entry_start=first, entry_stop=stop, library="np")
        if not np.array_equal(stored, counts):
            wrong = first + int(np.flatnonzero(stored != counts)[0])
            raise DataError(
                f"entry {wrong} has {stored[wrong - first]} {self.per}, the new columns "
                f"{counts[wrong - first]}"
            )
        self.maximum = max(self.maximum, int(counts.max(initial=0)))
        layout = COUNTER_RANGES[self.leaf.classname]
        if self.maximum >= 1 << 8 * struct.calcsize(layout) - 1:
            raise DataError(
                f"{self.maximum} {self.per} in one entry are more than {self.branch.name!r}, "
                f"a {self.leaf.classname}, can count for ROOT"
            )


@dataclass(frozen=True)
class Removal:
    """A branch to be taken out: the edits that do it, and the sizes it leaves behind."""

    name: str
    edits: tuple[Edit, ...]
    total_bytes: int
    stored_bytes: int


def find_removal(view: TreeView, name: str) -> Removal:
    """Plan to take out a plain TBranch with one leaf of its own; AppendRefused for others."""
    branch = view.branch(name)
    if branch is None:
        names = [b.name for b in view.model.branches]
        raise AppendRefused(f"there is no branch {name!r} to replace{nearest(name, names)}")
    leaves = branch.member("fLeaves")
    plain = branch.classname in ("TBranch", "TBranchElement")
    if not plain or len(branch.branches) or len(leaves) != 1:
        raise AppendRefused(f"its branch {name!r} is not a plain one, so it cannot be replaced")
    starts, place = view.traced.starts, view.branches
    start, (_, stop) = starts[id(branch)], span(branch)
    if not place.start < start < stop <= place.stop or not start < starts[id(leaves[0])] < stop:
        raise AppendRefused(f"its branch {name!r} is stored apart, so it cannot be replaced")
    words = [
        Edit(reference.position, reference.position + 4, b"")
        for reference in view.traced.references
        if view.leaves.start <= reference.position < view.leaves.stop
        and reference.target == starts[id(leaves[0])]
    ]
    sizes = branch.member("fTotBytes"), branch.member("fZipBytes")
    return Removal(name, (Edit(start, stop, b""), *words), int(sizes[0]), int(sizes[1]))


def splice_tree(
    view: TreeView,
    keylen: int,
    branches: Sequence[NewBranch],
    counters: Mapping[str, ExistingCounter],
    removals: Sequence[Removal],
    compression: int,
) -> bytes:
    """Return the tree's bytes, for a key of length ``keylen``, with all of that done.

    ``counters``: existing leaves that count objects of new branches, by name.
    """
    cuts = [edit for removal in removals for edit in removal.edits]
    cut = Splice(view.traced, cuts, keylen)
    references = {
        name: cut.position(view.traced.starts[id(c.leaf)]) + keylen + MAP_OFFSET
        for name, c in counters.items()
    }
    start = cut.position(view.branches.stop) + keylen + MAP_OFFSET
    objects, leaves = _new_objects(branches, references, start, compression)
    words = struct.pack(f">{len(leaves)}I", *leaves)
    ends = (view.branches.stop, view.leaves.stop)
    splice = Splice(
        view.traced, [*cuts, Edit(ends[0], ends[0], objects), Edit(ends[1], ends[1], words)], keylen
    )
    splice.relocate()
    for first, last in view.enclosing:
        splice.grow_byte_count(first, last)
    for place in (view.branches, view.leaves):
        splice.grow_byte_count(place.start, place.stop)
        count = place.count + len(branches) - len(removals)
        struct.pack_into(">i", splice.bytes, splice.position(place.count_position), count)
    total = sum(b.total_bytes for b in branches) - sum(r.total_bytes for r in removals)
    stored = sum(b.stored_bytes for b in branches) - sum(r.stored_bytes for r in removals)
    for field, amount in ((view.total_bytes, total), (view.stored_bytes, stored)):
        field.add(splice.bytes, splice.position(field.position), amount)
    for counter in counters.values():
        _patch_counter(splice, counter)
    return bytes(splice.bytes)


def _new_objects(
    branches: Sequence[NewBranch], references: dict[str, int], start: int, compression: int
) -> tuple[bytes, list[int]]:
    """Return the new branches and their leaves' reference words.

    ``start`` is the reference word of the first branch. A counter comes before what it counts.
    """
    objects, leaves = bytearray(), []
    for branch in branches:
        counter = references[branch.counter] if branch.counter else 0
        packed, leaf = branch_bytes(branch, compression, counter)
        leaves.append(start + len(objects) + leaf)
        references[branch.name] = leaves[-1]
        objects += packed
    return bytes(objects), leaves


def _patch_counter(splice: Splice, counter: ExistingCounter) -> None:
    """Make a plain integer leaf a counter: ROOT reads at most fMaximum objects of an entry."""
    layout = COUNTER_RANGES[counter.leaf.classname]
    _, stop = span(counter.leaf)
    maximum = splice.position(stop - struct.calcsize(layout))
    _, named_stop = span(ancestry(counter.leaf, "TNamed")[-1])
    is_range = splice.position(named_stop + 12)  # after fLen, fLenType, fOffset
    if splice.bytes[is_range] != int(counter.leaf.member("fIsRange")):
        raise AppendRefused(f"its counter {counter.branch.name!r} is not understood")
    splice.bytes[is_range] = 1
    (old,) = struct.unpack_from(layout, splice.bytes, maximum)
    struct.pack_into(layout, splice.bytes, maximum, max(old, counter.maximum))
