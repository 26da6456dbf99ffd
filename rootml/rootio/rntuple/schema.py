"""An RNTuple's schema: the fields and columns there are, and those of new columns.

Spec: Header Envelope, Schema Extension Record Frame, Mapping of C++ Types to Fields and
Columns. Fields and columns are known by their place in the lists of the header, continued
by those of the footer, so that new ones can only come last.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from rootml.rootio.rntuple.elements import INDEX, ElementType, element_type
from rootml.rootio.rntuple.frames import FrameList, Scan, record, record_payload, string
from rootml.spec import Column

_FIELD = struct.Struct("<IIIHH")  # field version, type version, parent, role, flags
_COLUMN = struct.Struct("<HHIHH")  # type, bits, field, flags, representation
_ALIAS = struct.Struct("<II")  # physical column, field
_REPETITIONS = struct.Struct("<Q")
_FIRST_ELEMENT = struct.Struct("<q")

_LEAF, _COLLECTION = 0, 1  # structural roles
_REPETITIVE = 0x01  # a field's flag
_DEFERRED = 0x01  # a column's flag

_CPP = {"bool": "bool", "float32": "float", "float64": "double", "str": "std::string"} | {
    f"{u}int{bits}": f"std::{u}int{bits}_t" for u in ("", "u") for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True)
class Field:
    """A field: its parent's number, its own at the top; its name and C++ type."""

    parent: int
    name: str
    cpp: str

    @classmethod
    def parse(cls, frame: bytes) -> Self:
        """Read a field record frame."""
        scan = record_payload(frame)
        _, _, parent, _, _ = scan.numbers(_FIELD)
        return cls(int(parent), scan.string(), scan.string())


@dataclass(frozen=True)
class PhysicalColumn:
    """A column: its field, representation, first element (negative: and suppressed before)."""

    field: int
    representation: int
    first_element: int = 0

    @classmethod
    def parse(cls, frame: bytes) -> Self:
        """Read a column record frame."""
        scan = record_payload(frame)
        _, _, field, flags, representation = scan.numbers(_COLUMN)
        first = scan.numbers(_FIRST_ELEMENT)[0] if flags & _DEFERRED else 0
        return cls(int(field), int(representation), int(first))

    @property
    def suppressed_before(self) -> bool:
        """Whether clusters older than the column have it as a suppressed one."""
        return self.first_element < 0 or self.representation > 0


def aliased_column(frame: bytes) -> int:
    """Return the number of the column that an alias column record frame refers to."""
    physical, _ = record_payload(frame).numbers(_ALIAS)
    return int(physical)


_NOTHING = FrameList()


@dataclass(frozen=True)
class Schema:
    """The four lists of a schema description, in the header or as the footer's extension."""

    fields: FrameList = _NOTHING
    columns: FrameList = _NOTHING
    aliases: FrameList = _NOTHING
    type_infos: FrameList = _NOTHING
    tail: bytes = b""

    @classmethod
    def parse(cls, scan: Scan) -> Self:
        """Read the lists, and keep what follows."""
        fields, columns, aliases, infos = (FrameList.parse(scan.frame()) for _ in range(4))
        return cls(fields, columns, aliases, infos, scan.rest())

    def pack(self) -> bytes:
        """Return the bytes of the lists."""
        lists = (self.fields, self.columns, self.aliases, self.type_infos)
        return b"".join(frames.pack() for frames in lists) + self.tail

    def plus(self, fields: Iterable[bytes], columns: Iterable[bytes]) -> Self:
        """Return the schema with more fields and columns at its end."""
        return replace(self, fields=self.fields.plus(fields), columns=self.columns.plus(columns))


@dataclass(frozen=True)
class NewField:
    """The frames of a new top-level field and its sub-fields, and its columns' element types.

    ``elements``: an index for jagged columns and strings, then the values.
    """

    fields: tuple[bytes, ...]
    columns: tuple[bytes, ...]
    elements: tuple[ElementType, ...]


def new_field(column: Column, first: int, *, split: bool) -> NewField:
    """Describe ``column`` by fields numbered from ``first`` on.

    Numbers and strings are leaves, fixed shapes ``std::array`` in ``std::array``, a value per
    object a ``std::vector``. ``split``: use ROOT's default encodings of compressed pages.
    """
    layers = _layers(column)
    last = first + len(layers) - 1
    fields, names = [], [column.name, *["_0"] * (len(layers) - 1)]
    for number, (role, size, cpp) in enumerate(layers, first):
        head = _FIELD.pack(0, 0, max(number - 1, first), role, _REPETITIVE if size else 0)
        title = column.title if number == first else ""
        texts = string(names[number - first]) + string(cpp) + string("") + string(title)
        fields.append(record(head + texts + (_REPETITIONS.pack(size) if size else b"")))
    values = element_type(column.dtype)
    owners = [(first, INDEX), (last, values)] if _is_collection(column) else [(last, values)]
    elements = [(owner, kind.encoded(split)) for owner, kind in owners]
    columns = [record(_COLUMN.pack(kind.code, kind.bits, owner, 0, 0)) for owner, kind in elements]
    return NewField(tuple(fields), tuple(columns), tuple(kind for _, kind in elements))


def _is_collection(column: Column) -> bool:
    return column.per is not None or np.dtype(column.dtype).kind == "U"


def _layers(column: Column) -> list[tuple[int, int, str]]:
    """Return role, repetitions and type name of the field and its sub-fields, outermost first."""
    cpp = _CPP[np.dtype(column.dtype).name]
    layers = [(_LEAF, 0, cpp)]
    for size in reversed(column.shape):
        cpp = f"std::array<{cpp},{size}>"
        layers.insert(0, (_LEAF, size, cpp))
    if column.per is not None:
        layers.insert(0, (_COLLECTION, 0, f"std::vector<{cpp}>"))
    return layers
