"""A quick reader of what most of a TTree's metadata consist of: branches and leaves.

uproot makes about twenty objects of a branch, which takes it half a millisecond. Here the
compiled layout of a class runs over the raw bytes and gives one plain object per part.
Whatever is out of the ordinary raises Unfamiliar, and the caller goes back to uproot.

Layouts: TBufferFile::ReadObjectAny, TObjArray::Streamer, TObject::Streamer.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

from rootml.rootio.container.keys import read_string
from rootml.rootio.ttree.layouts import Layouts, Unfamiliar
from rootml.rootio.ttree.parts import ObjArray, Part
from rootml.rootio.ttree.serial import BYTE_COUNT, MAP_OFFSET, NEW_CLASS
from rootml.rootio.ttree.traced import CLASS_MASK

_MEMBERWISE = 0x4000  # TBufferFile::kStreamedMemberWise
_IS_REFERENCED = 1 << 4  # TObject::kIsReferenced: two more bytes, the process id
_HEAD = struct.Struct(">IH")  # byte count, version
_TOBJECT = struct.Struct(">HII")  # version, unique id, bits
_TWO_WORDS = struct.Struct(">II")
_WORD = struct.Struct(">I")


class Others(Protocol):
    """Who reads the objects of all other classes."""

    def named(self, name: str) -> Any:
        """Return the class ``name``."""

    def read(self, of_class: Any, at: int, parent: Part) -> tuple[Any, int]:
        """Read an object at byte ``at`` and return it with its end."""


class Walk:
    """One pass over some of an object's bytes.

    ``log``: where each word that read_object_any would read is put down, and what it is;
    ``refs``: what references can lead to, by uproot's conventions; ``foreign``: the bytes that
    ``others`` read.
    """

    def __init__(
        self,
        raw: bytes,
        keylen: int,
        layouts: Layouts,
        log: list[tuple[int, int]],
        refs: dict[int, Any],
        others: Others,
    ) -> None:
        self.raw, self._shift = raw, keylen + MAP_OFFSET
        self._layouts, self._log, self._refs, self._others = layouts, log, refs, others
        self._named: dict[str, Any] = {}
        self.foreign: list[tuple[int, int]] = []

    def object(self, name: str, at: int, members: dict[str, Any] | None = None) -> Part:
        """Read an object of the class ``name``, whose head is at byte ``at``.

        ``members``: those of the object of which it is a base.
        """
        if name == "TObjArray":
            return self._array(at)
        stop, version = self._head(at)
        part = Part(name, at, stop - at, [], {} if members is None else members)
        at += _HEAD.size
        for step in self._layouts.steps(name, version):
            at = step(self, part, at)
        if at != stop:
            raise Unfamiliar(f"{name} is not as its streamer info says")
        return part

    def _head(self, at: int) -> tuple[int, int]:
        """Return the end and the version of the object at byte ``at``."""
        count, version = _HEAD.unpack_from(self.raw, at)
        if not count & BYTE_COUNT or version & _MEMBERWISE:
            raise Unfamiliar("an object without byte count, or memberwise")
        return at + 4 + (count & ~BYTE_COUNT), version

    def _array(self, at: int) -> ObjArray:
        stop, _ = self._head(at)
        array = ObjArray("TObjArray", at, stop - at)
        _, at = read_string(self.raw, self.skip_tobject(at + _HEAD.size))
        size, _ = _TWO_WORDS.unpack_from(self.raw, at)
        at += _TWO_WORDS.size
        for _ in range(size):
            item, at = self.pointer(at, array)
            array.items.append(item)
        if at != stop:
            raise Unfamiliar("a TObjArray does not end where it should")
        return array

    def skip_tobject(self, at: int) -> int:
        """Return the end of the TObject at byte ``at``."""
        version, _, bits = _TOBJECT.unpack_from(self.raw, at)
        if version != 1:
            raise Unfamiliar(f"TObject version {version}")
        return at + _TOBJECT.size + (2 if bits & _IS_REFERENCED else 0)

    def pointer(self, at: int, parent: Part) -> tuple[Any, int]:
        """Read what a pointer leads to: nothing, an object met before, or a new one."""
        first, word = _TWO_WORDS.unpack_from(self.raw, at) if at + 8 <= len(self.raw) else (0, 0)
        if not first & BYTE_COUNT or first == NEW_CLASS:
            return self._met(at), at + 4
        place = at + 4
        self._log += [(at, first), (place, word)]
        if word == NEW_CLASS:
            end = self.raw.index(b"\0", place + 4)
            of_class = self._class(self.raw[place + 4 : end].decode())
            self._refs[place + self._shift] = of_class
            start = end + 1
        elif word & CLASS_MASK:
            of_class, start = self._refs[word & ~CLASS_MASK], place + 4
        else:
            raise Unfamiliar("a reference with a byte count")
        stop = place + (first & ~BYTE_COUNT)
        if getattr(of_class, "quick_name", None) == "TBasket":  # data, without references
            thing: Any = Part("TBasket", start, stop - start)
        else:
            thing, end = self.embedded(of_class, start, parent)
            if end != stop:
                raise Unfamiliar("an object does not end where it should")
        self._refs[at + self._shift] = thing
        return thing, stop

    def _met(self, at: int) -> Any:
        """Return what a reference leads to; None, as in uproot, inside of what is being read."""
        (word,) = _WORD.unpack_from(self.raw, at)
        self._log.append((at, word))
        return self._refs.get(word)

    def embedded(self, of_class: Any, at: int, parent: Part) -> tuple[Any, int]:
        """Read an object of any class, given by uproot's class for it."""
        name = getattr(of_class, "quick_name", None)
        if name is not None:
            part = self.object(name, at)
            return part, at + part.num_bytes
        thing, stop = self._others.read(of_class, at, parent)
        self.foreign.append((at, stop))
        return thing, stop

    def other(self, name: str, at: int, parent: Part) -> tuple[Any, int]:
        """Read an object of the class ``name`` that is a member, not a pointer."""
        return self.embedded(self._class(name), at, parent)

    def _class(self, name: str) -> Any:
        if name not in self._named:
            self._named[name] = self._others.named(name)
        return self._named[name]
