"""Every reference inside a serialised object, found with uproot's own readers.

A TTree's bytes refer to themselves by position: to objects (a leaf to the leaf that counts
it) and to classes. When bytes are inserted these words must move along. uproot knows how to
walk over all of ROOT's classes, so this module lets it, and listens: a cursor logs the words
that ``read_object_any`` reads, a chunk records which bytes anybody looked at.

This is the only module that touches private parts of uproot; a test pins what it needs.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
import uproot
from uproot.deserialization import _read_object_any_format1 as _REFERENCE_WORD
from uproot.source.chunk import Chunk
from uproot.source.cursor import Cursor

from rootml.errors import AppendRefused
from rootml.rootio.opening import open_file
from rootml.rootio.ttree.serial import BYTE_COUNT, MAP_OFFSET, NEW_CLASS
from rootml.rootio.ttree.traced import CLASS_MASK, Reference, Traced


class _LoggingCursor(Cursor):  # type: ignore[misc]
    """A cursor that writes down each word ``read_object_any`` reads."""

    def __init__(self, index: int, origin: int, refs: Any, log: list[tuple[int, int]]) -> None:
        super().__init__(index, origin=origin, refs=refs)
        self.log = log

    def copy(self, link_refs: bool = True) -> _LoggingCursor:
        refs = self._refs if link_refs or self._refs is None else dict(self._refs)
        return _LoggingCursor(self._index, self._origin, refs, self.log)

    def field(self, chunk: Any, format: Any, context: Any, move: bool = True) -> Any:
        start = self._index
        value = super().field(chunk, format, context, move)
        if format is _REFERENCE_WORD:
            self.log.append((start, int(value)))
        return value


class _CoveredChunk(Chunk):  # type: ignore[misc]
    """A chunk that remembers which of its bytes were read."""

    covered: npt.NDArray[np.uint8]

    def get(self, start: int, stop: int, cursor: Any, context: Any) -> Any:
        out = super().get(start, stop, cursor, context)
        self.covered[start:stop] = 1
        return out


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


_UNREADABLE = (
    uproot.deserialization.DeserializationError,
    uproot.interpretation.identify.UnknownInterpretation,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)
"""What reading damaged bytes, or classes that uproot does not know, comes to."""


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Turn that into AppendRefused."""
    try:
        yield
    except _UNREADABLE as error:
        raise AppendRefused(f"its metadata cannot be read: {_first_line(error)}") from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__


class Reader:
    """A ROOT file opened for tracing; class definitions stay within it."""

    def __init__(self, file: Path | BinaryIO) -> None:
        classes = {**uproot.classes, "TTreeIndex": Model_TTreeIndex, "TMap": Model_TMap}
        opener: Any = open_file if isinstance(file, Path) else uproot.open
        self._directory = opener(
            file,
            object_cache=None,
            array_cache=None,
            custom_classes=classes,
            minimal_ttree_metadata=False,
        )
        self._file = self._directory.file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._directory.close()

    def streamers(self) -> dict[str, set[int]]:
        """Return the class versions that the file describes."""
        return {name: set(versions) for name, versions in self._file.streamers.items()}

    def member_types(self, class_name: str, version: int) -> list[tuple[str, int]]:
        """Return (name, type code) of the members the file's streamer info lists."""
        info = self._file.streamer_named(class_name, version)
        if info is None:
            raise AppendRefused(f"no streamer info for {class_name} version {version}")
        return [(element.name, int(element.member("fType"))) for element in info.elements]

    def trace(self, path: str, seek: int) -> Traced:
        """Trace the object at ``path`` (with cycle), whose record is at byte ``seek``."""
        key = self._directory.key(path)
        if key.fSeekKey != seek:
            raise AppendRefused(f"{path!r} is not where its directory says")
        chunk, _ = key.get_uncompressed_chunk_cursor()
        return self._trace(key.fClassName, chunk, key.fKeylen, key)

    def trace_streamers(self, seek: int, nbytes: int) -> Traced:
        """Trace the list of streamer infos."""
        head = self._file.chunk(seek, seek + nbytes)
        key = uproot.reading.ReadOnlyKey(
            head, Cursor(seek), {}, self._file, self._file, read_strings=True
        )
        chunk, _ = key.get_uncompressed_chunk_cursor()
        return self._trace("TList", chunk, key.fKeylen, None)

    def _trace(self, class_name: str, chunk: Any, keylen: int, key: Any) -> Traced:
        """Read with uproot's classes, then less of the tree, then the file's own classes."""
        context: dict[str, Any] = {}
        for minimal, forget in ((False, False), (True, False), (False, True)):
            if forget:
                self._forget(context)
            context = {"breadcrumbs": (), "TKey": key}
            self._file.options["minimal_ttree_metadata"] = minimal
            try:
                return self._read(class_name, chunk, keylen, key, context)
            except _UNREADABLE as error:
                reason = _first_line(error)
            finally:
                self._file.options["minimal_ttree_metadata"] = False
        raise AppendRefused(f"its metadata cannot be read: {reason}")

    def _forget(self, context: dict[str, Any]) -> None:
        """Drop the classes on the way to the failure (ReadOnlyKey.get does the same)."""
        for model in context.get("breadcrumbs", ()):
            if model.classname not in uproot.model.bootstrap_classnames:
                self._file.remove_class_definition(model.classname)

    def _read(
        self, class_name: str, chunk: Any, keylen: int, key: Any, context: dict[str, Any]
    ) -> Traced:
        raw = np.array(chunk.raw_data, copy=True)
        future = uproot.source.futures.TrivialFuture(raw)
        listening = _CoveredChunk(chunk.source, 0, len(raw), future)
        listening.covered = np.zeros(len(raw), np.uint8)
        log: list[tuple[int, int]] = []
        cursor = _LoggingCursor(0, -keylen, {}, log)
        model = self._file.class_named(class_name).read(
            listening, cursor, context, self._file, self._file, key
        )
        stop = cursor.index
        if stop != len(raw) and class_name != "TList":  # uproot reserves room in such records
            raise AppendRefused(f"{len(raw) - stop} bytes at its end are unknown")
        data, covered = raw[:stop].tobytes(), listening.covered[:stop]
        _cover_embedded_baskets(data, keylen, cursor.refs, covered)
        return _assemble(model, data, keylen, log, cursor.refs, covered)


def _cover_embedded_baskets(
    raw: bytes, keylen: int, refs: dict[int, Any], covered: npt.NDArray[np.uint8]
) -> None:
    """Baskets inside the tree hold data, no references; uproot skips their key strings."""
    for tag, thing in refs.items():
        if isinstance(thing, uproot.models.TBasket.Model_TBasket):
            start = tag - MAP_OFFSET - keylen
            (count,) = struct.unpack_from(">I", raw, start)
            if count & BYTE_COUNT and count != NEW_CLASS:
                covered[start + 8 : start + 4 + (count & ~BYTE_COUNT)] = 1


def _assemble(
    model: Any,
    raw: bytes,
    keylen: int,
    log: list[tuple[int, int]],
    refs: dict[int, Any],
    covered: npt.NDArray[np.uint8],
) -> Traced:
    """Drop the byte counts from the log and name what the words refer to."""
    words, references, definitions = [], [], []
    entries = iter(log)
    for position, value in entries:
        if value & BYTE_COUNT and value != NEW_CLASS:
            position, value = next(entries)
        words.append(position)
        if value == NEW_CLASS:
            name = raw[position + 4 : raw.index(b"\0", position + 4)]
            definitions.append((position, name.decode()))
        elif value > 1:
            target = (value & ~CLASS_MASK) - MAP_OFFSET - keylen
            if target < 0:
                raise AppendRefused("a reference points before the object")
            thing = refs.get(value & ~CLASS_MASK)
            is_class = bool(value & CLASS_MASK)
            references.append(Reference(position, target, is_class, _label(thing)))
    starts = {id(thing): tag - MAP_OFFSET - keylen for tag, thing in refs.items()}
    steps = np.flatnonzero(np.diff(np.concatenate([[1], covered, [1]]).astype(np.int8)))
    gaps = zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True)
    opaque = tuple((first, last) for first, last in gaps if last - first >= 4)
    return Traced(
        model, raw, keylen, tuple(words), tuple(references), tuple(definitions), starts, opaque
    )


def _label(thing: Any) -> tuple[str, ...]:
    if isinstance(thing, type):
        return (thing.__name__,)
    if isinstance(thing, uproot.model.Model):
        return (thing.classname, str(thing.member("fName", none_if_missing=True)))
    return (type(thing).__name__,)


def span(model: Any) -> tuple[int, int]:
    """Return the bytes of an object from its byte count on; AppendRefused without one."""
    if model.num_bytes is None:
        raise AppendRefused(f"its {model.classname} has no byte count (very old ROOT)")
    start = int(model.cursor.index)
    return start, start + int(model.num_bytes)


def ancestry(model: Any, class_name: str) -> list[Any]:
    """Return the object and its parts from its own class down to the base ``class_name``."""
    chain = [model]
    while chain[-1].classname != class_name:
        bases = [
            base
            for base in chain[-1].bases
            if base.classname == class_name
            or class_name in {name for name, _ in getattr(base, "base_names_versions", ())}
        ]
        if not bases:
            raise AppendRefused(f"{model.classname} is not a {class_name}")
        chain.append(bases[0])
    return chain
