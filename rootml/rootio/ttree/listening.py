"""uproot's readers, listened to: a cursor, a chunk, and models that it calls as its own.

With tracing this is all that touches private parts of uproot; a test pins what they need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import uproot
from uproot.deserialization import _read_object_any_format1 as _REFERENCE_WORD
from uproot.source.chunk import Chunk
from uproot.source.cursor import Cursor

from rootml.rootio.ttree.layouts import Layouts
from rootml.rootio.ttree.parts import Part
from rootml.rootio.ttree.walking import Walk


class LoggingCursor(Cursor):  # type: ignore[misc]
    """A cursor that writes down each word that ``read_object_any`` reads."""

    def __init__(self, index: int, origin: int, refs: Any, log: list[tuple[int, int]]) -> None:
        super().__init__(index, origin=origin, refs=refs)
        self.log = log

    def copy(self, link_refs: bool = True) -> LoggingCursor:
        """Return a cursor that writes into the same log."""
        refs = self._refs if link_refs or self._refs is None else dict(self._refs)
        return LoggingCursor(self._index, self._origin, refs, self.log)

    def field(self, chunk: Any, format: Any, context: Any, move: bool = True) -> Any:
        """Read one number."""
        start = self._index
        value = super().field(chunk, format, context, move)
        if format is _REFERENCE_WORD:
            self.log.append((start, int(value)))
        return value


class CoveredChunk(Chunk):  # type: ignore[misc]
    """A chunk of ``raw`` that remembers which of its bytes were read."""

    def __init__(self, source: Any, raw: bytes) -> None:
        super().__init__(source, 0, len(raw), uproot.source.futures.TrivialFuture(raw))
        self.raw, self.covered = raw, np.zeros(len(raw), np.uint8)

    def get(self, start: int, stop: int, cursor: Any, context: Any) -> Any:
        """Return bytes."""
        out = super().get(start, stop, cursor, context)
        self.covered[start:stop] = 1
        return out


class _Quick:
    """Base of the classes that walking reads, in the place of uproot's models."""

    quick_name: str
    layouts: Layouts

    @classmethod
    def read(
        cls, chunk: Any, cursor: Any, context: Any, file: Any, selffile: Any, parent: Any,
        concrete: Any = None,
    ) -> Part:  # fmt: skip
        """Read an object: Model.read, as uproot calls it."""
        start = cursor.index
        others = _Others(chunk, cursor, context, file, selffile)
        walk = Walk(chunk.raw, -cursor.origin, cls.layouts, cursor.log, cursor.refs, others)
        part = walk.object(cls.quick_name, start)
        stop = start + part.num_bytes
        at = start
        for first, last in [*walk.foreign, (stop, stop)]:
            chunk.covered[at:first] = 1
            at = last
        cursor.move_to(stop)
        return part


@dataclass(frozen=True)
class _Others:
    """uproot, as walking sees it: it reads what walking does not."""

    chunk: Any
    cursor: Any
    context: Any
    file: Any
    selffile: Any

    def named(self, name: str) -> Any:
        """Return uproot's class, or the one that stands in for it."""
        return self.file.class_named(name)

    def read(self, of_class: Any, at: int, parent: Part) -> tuple[Any, int]:
        """Read an object at byte ``at`` and return it with its end."""
        self.cursor.move_to(at)
        thing = of_class.read(
            self.chunk, self.cursor, self.context, self.file, self.selffile, parent
        )
        return thing, self.cursor.index


class Model_TTreeIndex(uproot.model.Model):  # type: ignore[misc]
    """TTreeIndex::Streamer; its arrays have no marker byte."""

    def read_members(self, chunk: Any, cursor: Any, context: Any, file: Any) -> None:
        """Walk over names and three arrays (two before version 2)."""
        uproot.deserialization.numbytes_version(chunk, cursor, context)  # TVirtualIndex
        named = file.class_named("TNamed")
        self._bases.append(
            named.read(chunk, cursor, context, file, self._file, self._parent, concrete=self)
        )
        for name in ("fMajorName", "fMinorName"):
            self._members[name] = cursor.string(chunk, context)
        count = cursor.field(chunk, struct.Struct(">q"), context)
        arrays = ("fIndexValues", "fIndexValuesMinor", "fIndex")
        for name in arrays if self._instance_version > 1 else arrays[::2]:
            self._members[name] = cursor.array(chunk, count, np.dtype(">i8"), context)


class Model_TMap(uproot.model.Model):  # type: ignore[misc]
    """TMap::Streamer: pairs of any objects."""

    def read_members(self, chunk: Any, cursor: Any, context: Any, file: Any) -> None:
        """Walk over the pairs."""
        self._bases.append(
            uproot.models.TObject.Model_TObject.read(
                chunk, cursor, context, file, self._file, self._parent, concrete=self
            )
        )
        self._members["fName"] = cursor.string(chunk, context)
        self._members["fPairs"] = [
            uproot.deserialization.read_object_any(
                chunk, cursor, context, file, self._file, self._parent
            )
            for _ in range(2 * cursor.field(chunk, struct.Struct(">i"), context))
        ]


def quick_classes(names: Iterable[str], layouts: Layouts) -> dict[str, type]:
    """Return classes that make uproot leave objects of these to ``walking``."""
    return {name: type(name, (_Quick,), {"quick_name": name, "layouts": layouts}) for name in names}
