"""What tracing finds out about a serialised object: plain data, no uproot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rootml.rootio.ttree.serial import MAP_OFFSET

CLASS_MASK = 0x80000000
"""TBufferFile::kClassMask: the reference is to a class."""


@dataclass(frozen=True)
class Reference:
    """A word at ``position`` that refers to byte ``target`` of the object (key excluded).

    ``label`` says what it refers to, independent of positions: a class, or an object's class
    and name.
    """

    position: int
    target: int
    is_class: bool
    label: tuple[str, ...]


@dataclass(frozen=True)
class Traced:
    """A serialised object and all that is known of its bytes.

    ``words``: positions of all reference words, null ones included. ``definitions``: position
    and name of each class defined on the way. ``starts``: where an object that can be referred
    to begins, by ``id``. ``opaque``: stretches of bytes that no reader interpreted.
    """

    model: Any
    raw: bytes
    keylen: int
    words: tuple[int, ...]
    references: tuple[Reference, ...]
    definitions: tuple[tuple[int, str], ...]
    starts: dict[int, int]
    opaque: tuple[tuple[int, int], ...]

    def possible_references(self, start: int) -> int:
        """Count uninterpreted words that could refer to a byte from ``start`` on."""
        found = 0
        for first, last in self.opaque:
            b = np.frombuffer(self.raw[first:last], np.uint8).astype(np.uint32)
            word = b[:-3] << 24 | b[1:-2] << 16 | b[2:-1] << 8 | b[3:]
            target = (word & ~np.uint32(CLASS_MASK)).astype(np.int64) - self.keylen - MAP_OFFSET
            found += int(np.count_nonzero((target >= start) & (target <= len(self.raw))))
        return found
