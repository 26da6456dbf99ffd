"""Editing a traced object's bytes: insertions, removals, and every reference that moves."""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass

from rootml.errors import AppendRefused
from rootml.rootio.ttree.serial import BYTE_COUNT, MAP_OFFSET
from rootml.rootio.ttree.traced import CLASS_MASK, Reference, Traced

_MAX_BYTE_COUNT = 0x3FFFFFFE  # kMaxMapCount: counts have 30 bits


@dataclass(frozen=True, order=True)
class Edit:
    """Replace the old bytes ``start`` to ``stop`` by ``new``."""

    start: int
    stop: int
    new: bytes


class Splice:
    """The edited bytes, and where old ones went. Edits must not overlap."""

    def __init__(self, traced: Traced, edits: list[Edit], keylen: int) -> None:
        self._traced, self._edits, self._keylen = traced, sorted(edits), keylen
        self.bytes = bytearray()
        self._ends: list[int] = []
        self._shifts: list[int] = []
        at = 0
        for edit in self._edits:
            self.bytes += traced.raw[at : edit.start] + edit.new
            at = edit.stop
            self._ends.append(edit.stop)
            self._shifts.append(len(self.bytes) - at)
        self.bytes += traced.raw[at:]

    @property
    def first_moved(self) -> int:
        """The first old byte that a reference to it has to be changed for."""
        return 0 if self._keylen != self._traced.keylen else self._edits[0].start

    def position(self, old: int) -> int:
        """Return where the old byte ``old``, which is not removed, is now."""
        place = bisect_right(self._ends, old)
        return old + (self._shifts[place - 1] if place else 0)

    def removed(self, position: int) -> bool:
        """Tell whether the old byte at ``position`` is gone."""
        return any(edit.start <= position < edit.stop for edit in self._edits)

    def grown(self, start: int, stop: int) -> int:
        """Return by how much the old bytes ``start`` to ``stop`` have grown."""
        inside = [e for e in self._edits if start < e.start and e.stop <= stop]
        return sum(len(e.new) - (e.stop - e.start) for e in inside)

    def grow_byte_count(self, start: int, stop: int) -> None:
        """Correct the byte count of the object at the old bytes ``start`` to ``stop``."""
        size = stop - start - 4 + self.grown(start, stop)
        if size >= _MAX_BYTE_COUNT:
            raise AppendRefused("its metadata would exceed 1 GB")
        struct.pack_into(">I", self.bytes, self.position(start), size | BYTE_COUNT)

    def relocate(self) -> None:
        """Correct all references; AppendRefused if one would point to what is removed."""
        if count := self._traced.possible_references(self.first_moved):
            raise AppendRefused(f"{count} words of unknown meaning may be references")
        for reference in self._traced.references:
            if self.removed(reference.position):
                continue
            target = reference.target
            if self.removed(target):
                target = self._other_definition(reference)
            word = self.position(target) + self._keylen + MAP_OFFSET
            struct.pack_into(
                ">I",
                self.bytes,
                self.position(reference.position),
                word | (CLASS_MASK if reference.is_class else 0),
            )

    def _other_definition(self, reference: Reference) -> int:
        """Return an earlier place that defines the class which a removed object defined."""
        names = dict(self._traced.definitions)
        name = names.get(reference.target) if reference.is_class else None
        for position, other in self._traced.definitions:
            if other == name and position < reference.position and not self.removed(position):
                return position
        raise AppendRefused("other parts of the tree refer to a branch to be replaced")
