"""How values lie on pages: types of columns and their encodings. Pure numpy.

Spec: Column Description. The split encodings, ROOT's default for compressed pages, put all
first bytes first, then all second bytes and so on; before that they turn signed integers
into unsigned ones by zigzag and offsets into differences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rootml.spec import Array


@dataclass(frozen=True)
class ElementType:
    """A column type: its code, its code with split encoding (if any), bits of an element."""

    code: int
    split_code: int | None
    bits: int
    delta: bool = False
    is_split: bool = False

    def encoded(self, split: bool) -> ElementType:
        """Return the type in split encoding, where it is wanted and there is one."""
        if not split or self.split_code is None:
            return self
        return replace(self, code=self.split_code, is_split=True)

    def encode(self, values: Array) -> bytes:
        """Return a page of ``values``, one-dimensional, in this type's numpy type."""
        if self.bits == 1:
            return np.packbits(values, bitorder="little").tobytes()
        items = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
        if not self.is_split:
            return items.tobytes()
        if self.delta:
            items = np.diff(items, prepend=items.dtype.type(0))
        elif items.dtype.kind == "i":
            items = (items << 1) ^ (items >> (self.bits - 1))
        return items.view(np.uint8).reshape(-1, self.bits // 8).T.tobytes()


_TYPES = {
    "bool": ElementType(0x00, None, 1),
    "int8": ElementType(0x03, None, 8),
    "uint8": ElementType(0x04, None, 8),
    "int16": ElementType(0x05, 0x11, 16),
    "uint16": ElementType(0x06, 0x12, 16),
    "int32": ElementType(0x07, 0x13, 32),
    "uint32": ElementType(0x08, 0x14, 32),
    "int64": ElementType(0x09, 0x15, 64),
    "uint64": ElementType(0x0A, 0x16, 64),
    "float32": ElementType(0x0C, 0x18, 32),
    "float64": ElementType(0x0D, 0x19, 64),
    "str": ElementType(0x02, None, 8),
}
INDEX = ElementType(0x0F, 0x1B, 64, delta=True)
"""Where the items of a collection end, counted from its cluster's first (Index64)."""


def element_type(dtype: str) -> ElementType:
    """Return the column type of a numpy type; KeyError for one that has none."""
    return _TYPES[np.dtype(dtype).name]
