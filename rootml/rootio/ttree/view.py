"""A traced TTree, seen as what an append needs to know of it: places, names, clusters."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rootml.errors import AppendRefused
from rootml.rootio.container.keys import read_string
from rootml.rootio.ttree.clusters import Edges, cluster_edges
from rootml.rootio.ttree.parts import ancestry, span
from rootml.rootio.ttree.traced import Traced
from rootml.rootio.ttree.tracing import Reader

_IS_REFERENCED = 1 << 4  # TObject::kIsReferenced: two more bytes, the process id
_OFFSET_MAP = 1 << 0  # ROOT::EIOFeatures::kGenerateOffsetMap
_BASES = ("TNamed", "TAttLine", "TAttFill", "TAttMarker")
_BASIC_TYPES = {3: "i", 6: "i", 5: "f", 8: "d", 13: "I", 16: "q", 17: "Q"}
"""struct codes of TVirtualStreamerInfo::EReadWrite, as far as TTree begins with them."""


@dataclass(frozen=True)
class ArrayPlace:
    """A TObjArray: its bytes, where its number of objects is, and that number."""

    start: int
    stop: int
    count_position: int
    count: int

    @classmethod
    def of(cls, traced: Traced, array: Any) -> ArrayPlace:
        """Locate ``array``, a model read by ``traced``."""
        start, stop = span(array)
        (bits,) = struct.unpack_from(">I", traced.raw, start + 12)
        after = start + 16 + (2 if bits & _IS_REFERENCED else 0)
        _, position = read_string(traced.raw, after)
        (count,) = struct.unpack_from(">i", traced.raw, position)
        if count != len(array):
            raise AppendRefused("an object array of its metadata is not understood")
        return cls(start, stop, position, count)


@dataclass(frozen=True)
class Field:
    """A number inside the tree's bytes."""

    position: int
    code: str

    def add(self, buffer: bytearray, position: int, amount: int) -> None:
        """Increase the number, which is at ``position`` of ``buffer`` now."""
        (value,) = struct.unpack_from(">" + self.code, buffer, position)
        struct.pack_into(">" + self.code, buffer, position, value + amount)


class TreeView:
    """The parts of a TTree, or of a class derived from it, that adding branches touches."""

    def __init__(self, traced: Traced, reader: Reader) -> None:
        self.traced, self.model, self._reader = traced, traced.model, reader
        chain = ancestry(traced.model, "TTree")
        self.enclosing = [span(part) for part in chain]
        tree = chain[-1]
        self.entries = int(tree.member("fEntries"))
        self.branches = ArrayPlace.of(traced, tree.member("fBranches"))
        self.leaves = ArrayPlace.of(traced, tree.member("fLeaves"))
        place = self.leaves
        inside = [p for p in traced.words if place.start <= p < place.stop]
        if len(inside) != place.count:
            raise AppendRefused("fLeaves holds more than references")
        features = tree.member("fIOFeatures", none_if_missing=True)
        self.has_offset_map = bool(features and features.member("fIOBits") & _OFFSET_MAP)
        self.total_bytes, self.stored_bytes = _size_fields(tree, reader)
        self.edges = _edges(tree, self.entries)

    def all_branches(self) -> Iterator[Any]:
        """Yield the branches at all depths, in the order of the bytes."""
        yield from _branches_below(self.model)

    def names(self) -> set[str]:
        """Return every name that a new branch must not have."""
        names = set()
        for branch in self.all_branches():
            names.add(branch.name)
            names.update(leaf.member("fName") for leaf in branch.member("fLeaves"))
        return names

    def branch(self, name: str) -> Any:
        """Return the top-level branch ``name``, or None."""
        return next((b for b in self.model.branches if b.name == name), None)

    def readable(self, branch: Any) -> Any:
        """Return a branch as one of uproot's, which can read its values."""
        return self._reader.readable(self.traced, branch)

    def paths(self) -> list[str]:
        """Return the names of all branches in the order of the bytes."""
        return [branch.name for branch in self.all_branches()]


def _branches_below(parent: Any) -> Iterator[Any]:
    for branch in parent.member("fBranches"):
        if branch is not None:
            yield branch
            yield from _branches_below(branch)


def _edges(tree: Any, entries: int) -> Edges:
    ends = tree.member("fClusterRangeEnd", none_if_missing=True)
    sizes = tree.member("fClusterSize", none_if_missing=True)
    ranges = (
        [] if ends is None or sizes is None else zip(ends.tolist(), sizes.tolist(), strict=True)
    )
    return cluster_edges(entries, ranges, int(tree.member("fAutoFlush", none_if_missing=True) or 0))


def _size_fields(tree: Any, reader: Reader) -> tuple[Field, Field]:
    """Locate fTotBytes and fZipBytes: after fEntries since version 16, else by streamer info."""
    _, position = span(tree.bases[-1])
    version = int(tree.instance_version)
    if version >= 16:
        return Field(position + 8, "q"), Field(position + 16, "q")
    fields = {}
    for name, kind in reader.member_types("TTree", version):
        if name in _BASES:
            continue
        code = _BASIC_TYPES.get(kind)
        if code is None:
            break
        fields[name] = Field(position, code)
        position += struct.calcsize(code)
    if not {"fTotBytes", "fZipBytes"} <= fields.keys():
        raise AppendRefused(f"TTree version {version} is not understood")
    return fields["fTotBytes"], fields["fZipBytes"]
