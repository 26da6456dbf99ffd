"""How objects of a class lie in a buffer, compiled from the file's own streamer info.

Layouts: TStreamerInfo::ReadBuffer, TBufferFile::ReadVersion.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.rootio.container.keys import read_string
from rootml.rootio.ttree.parts import Part

if TYPE_CHECKING:
    from rootml.rootio.ttree.walking import Walk

_NUMBERS = {
    1: "b", 2: "h", 3: "i", 4: "q", 5: "f", 6: "i", 8: "d",
    11: "B", 12: "H", 13: "I", 14: "Q", 16: "q", 17: "Q", 18: "?",
}  # fmt: skip
"""struct codes of TVirtualStreamerInfo::EReadWrite."""
_COUNTED, _OBJECT, _ANY, _POINTER, _STRING, _TOBJECT_BASE = 40, 61, 62, 64, 65, 66
_OLDEST = {"TBranch": 10, "TLeaf": 2}
"""Before these versions TBranch::Streamer and TLeaf::Streamer did not follow streamer infos."""

Step = Callable[["Walk", Part, int], int]
"""Reads some members of a part at a byte; returns the byte after them."""


class Unfamiliar(ValueError):
    """The bytes, or the streamer info, hold something this module leaves to uproot."""


@dataclass(frozen=True)
class Element:
    """A member or base class, as a TStreamerElement describes it; ``kind`` is its fType."""

    name: str
    kind: int
    type_name: str
    count: str | None

    @property
    def is_base(self) -> bool:
        """Whether it is a base class."""
        return self.type_name == "BASE"


class Layouts:
    """The layouts of a file's classes, compiled when they are first met.

    ``describe`` returns the elements of a class version, 0 for one written by checksum.
    """

    def __init__(self, describe: Callable[[str, int], Sequence[Element] | None]) -> None:
        self._describe = describe
        self._compiled: dict[tuple[str, int], list[Step]] = {}

    def steps(self, name: str, version: int) -> list[Step]:
        """Return the steps that read an object of the class, after its head."""
        steps = self._compiled.get((name, version))
        if steps is None:
            elements = self._describe(name, version)
            if elements is None or 0 < version < _OLDEST.get(name, 0):
                raise Unfamiliar(f"{name} version {version}")
            steps = [_skip_checksum] * (version == 0) + _compile(elements)
            self._compiled[name, version] = steps
        return steps


def _compile(elements: Sequence[Element]) -> list[Step]:
    """Return the steps for a class; runs of plain numbers are read at once."""
    steps: list[Step] = []
    names, codes = [], ""
    for element in [*elements, None]:
        if element is not None and not element.is_base and element.kind in _NUMBERS:
            names.append(element.name)
            codes += _NUMBERS[element.kind]
            continue
        if names:
            steps.append(_numbers(tuple(names), struct.Struct(">" + codes)))
            names, codes = [], ""
        if element is not None:
            steps.append(_step(element))
    return steps


def _step(element: Element) -> Step:
    if element.is_base:
        return _tobject if element.kind == _TOBJECT_BASE else _base(element.name)
    if element.kind == _STRING:
        return _string(element.name)
    if element.kind in (_OBJECT, _ANY):
        return _member(element.name, element.type_name)
    if element.kind == _POINTER:
        return _pointer(element.name)
    if element.kind - _COUNTED in _NUMBERS and element.count is not None:
        dtype = np.dtype(">" + _NUMBERS[element.kind - _COUNTED])
        return _counted(element.name, dtype, element.count)
    raise Unfamiliar(f"member {element.name} of type {element.kind}")


def _skip_checksum(walk: Walk, part: Part, at: int) -> int:
    return at + 4


def _tobject(walk: Walk, part: Part, at: int) -> int:
    return walk.skip_tobject(at)


def _numbers(names: tuple[str, ...], layout: struct.Struct) -> Step:
    def step(walk: Walk, part: Part, at: int) -> int:
        part.members.update(zip(names, layout.unpack_from(walk.raw, at), strict=True))
        return at + layout.size

    return step


def _base(name: str) -> Step:
    def step(walk: Walk, part: Part, at: int) -> int:
        base = walk.object(name, at, part.members)
        part.bases.append(base)
        return at + base.num_bytes

    return step


def _string(name: str) -> Step:
    def step(walk: Walk, part: Part, at: int) -> int:
        text, at = read_string(walk.raw, at)
        part.members[name] = text.decode(errors="surrogateescape")
        return at

    return step


def _member(name: str, type_name: str) -> Step:
    def step(walk: Walk, part: Part, at: int) -> int:
        part.members[name], at = walk.other(type_name, at, part)
        return at

    return step


def _pointer(name: str) -> Step:
    def step(walk: Walk, part: Part, at: int) -> int:
        part.members[name], at = walk.pointer(at, part)
        return at

    return step


def _counted(name: str, dtype: np.dtype[Any], count: str) -> Step:
    """Compile an array that a byte precedes, 0 if it is empty."""

    def step(walk: Walk, part: Part, at: int) -> int:
        size = part.members[count]
        if size < 0 or walk.raw[at] != (size > 0):
            raise Unfamiliar(f"the array {name} is not as its streamer info says")
        part.members[name] = np.frombuffer(walk.raw, dtype, size, at + 1)
        return int(at + 1 + size * dtype.itemsize)

    return step
