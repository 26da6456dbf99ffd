"""Every reference inside a serialised object, found with uproot's own readers.

A TTree's bytes refer to themselves by position: to objects (a leaf to the leaf that counts
it) and to classes. When bytes are inserted these words must move along. uproot knows how to
walk over all of ROOT's classes, so this module lets it, and listens: a cursor logs the words
that ``read_object_any`` reads, a chunk records which bytes anybody looked at. Only branches
and leaves, of which there can be thousands, are read by ``walking`` where that knows how.
"""

from __future__ import annotations

import contextlib
import gc
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt
import uproot
from uproot.source.chunk import Chunk
from uproot.source.cursor import Cursor

from rootml.errors import AppendRefused
from rootml.rootio.opening import open_file, own_classes, reading
from rootml.rootio.ttree.layouts import Element, Layouts
from rootml.rootio.ttree.listening import (
    CoveredChunk,
    LoggingCursor,
    Model_TMap,
    Model_TTreeIndex,
    quick_classes,
)
from rootml.rootio.ttree.parts import Part
from rootml.rootio.ttree.serial import BYTE_COUNT, MAP_OFFSET, NEW_CLASS
from rootml.rootio.ttree.traced import CLASS_MASK, Reference, Traced

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
        opener: Any = open_file if isinstance(file, Path) else uproot.open
        mine = {"TTreeIndex": Model_TTreeIndex, "TMap": Model_TMap}
        self._classes = {**own_classes(), **mine}
        self._directory = opener(
            file,
            object_cache=None,
            array_cache=None,
            custom_classes=dict(self._classes),
            minimal_ttree_metadata=False,
        )
        self._file = self._directory.file
        with contextlib.ExitStack() as stack:
            stack.callback(self._directory.close)
            with reading("the list of streamer infos"):
                _ = self._file.streamers
            stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._directory.close()

    def streamers(self) -> dict[str, set[int]]:
        """Return the class versions that the file describes."""
        return {name: set(versions) for name, versions in self._file.streamers.items()}

    def infos(self) -> dict[str, dict[int, Any]]:
        """Return the streamer infos, uproot's models, by class and version."""
        return dict(self._file.streamers)

    def member_types(self, class_name: str, version: int) -> list[tuple[str, int]]:
        """Return (name, type code) of the members the file's streamer info lists."""
        info = self._file.streamer_named(class_name, version)
        if info is None:
            raise AppendRefused(f"no streamer info for {class_name} version {version}")
        return [(element.name, int(element.member("fType"))) for element in info.elements]

    def open(self, path: str) -> Any:
        """Return the object at ``path`` as uproot reads it."""
        self._file.custom_classes.update(self._classes)
        return self._directory[path]

    def trace(self, path: str, seek: int, *, quick: bool = False) -> Traced:
        """Trace the object at ``path`` (with cycle), whose record is at byte ``seek``.

        ``quick``: branches and leaves may be Parts instead of uproot's models.
        """
        key = self._directory.key(path)
        if key.fSeekKey != seek:
            raise AppendRefused(f"{path!r} is not where its directory says")
        with reading(f"object {path!r}"):
            chunk, _ = key.get_uncompressed_chunk_cursor()
        return self._trace(key.fClassName, chunk, key.fKeylen, key, quick)

    def readable(self, tree: Traced, branch: Any) -> Any:
        """Return uproot's own model of a branch at the top of ``tree``, to read its values."""
        if not isinstance(branch, Part):
            return branch
        file, shift = self._file, tree.keylen + MAP_OFFSET
        file.custom_classes.update(self._classes)
        classes = {position + shift: file.class_named(name) for position, name in tree.definitions}
        chunk = Chunk.wrap(file.source, tree.raw)
        cursor = Cursor(branch.start, -tree.keylen, classes)
        of_class = file.class_named(branch.classname)
        out = of_class.read(chunk, cursor, {"breadcrumbs": ()}, file, file, tree.model)
        out._index = list(tree.model.branches).index(branch)  # by identity uproot finds none
        return out

    def trace_streamers(self, seek: int, nbytes: int) -> Traced:
        """Trace the list of streamer infos."""
        with reading("the list of streamer infos"):
            head = self._file.chunk(seek, seek + nbytes)
            key = uproot.reading.ReadOnlyKey(
                head, Cursor(seek), {}, self._file, self._file, read_strings=True
            )
            chunk, _ = key.get_uncompressed_chunk_cursor()
        return self._trace("TList", chunk, key.fKeylen, None, quick=False)

    def _trace(self, class_name: str, chunk: Any, keylen: int, key: Any, quick: bool) -> Traced:
        """Read the quick way, then all with uproot, then less of the tree, then as the file says.

        (The last two as ReadOnlyKey.get does.)
        """
        raw = chunk.raw_data.tobytes()
        context: dict[str, Any] = {}
        quickly = [(self._quick_classes(), False)] if quick else []
        for classes, minimal in (
            *quickly, (self._classes, False), (self._classes, True), (None, False),
        ):  # fmt: skip
            if classes is None:
                self._forget(context)
            else:
                self._file.custom_classes.update(classes)
            context = {"breadcrumbs": (), "TKey": key}
            self._file.options["minimal_ttree_metadata"] = minimal
            try:
                return self._read(class_name, raw, keylen, key, context)
            except _UNREADABLE as error:
                reason = _first_line(error)
            finally:
                self._file.options["minimal_ttree_metadata"] = False
        raise AppendRefused(f"its metadata cannot be read: {reason}")

    def _quick_classes(self) -> dict[str, type]:
        leaves = {name for name in self._file.streamers if name.startswith("TLeaf")}
        branches = {"TObjArray", "TBranch", "TBranchElement", "TBasket", "ROOT::TIOFeatures"}
        return quick_classes(leaves | branches, Layouts(self._elements))

    def _elements(self, class_name: str, version: int) -> list[Element] | None:
        """Return what the file says about a class; None if it does not."""
        versions = self._file.streamers.get(class_name, {})
        if version == 0 and len(versions) == 1:  # written by checksum
            (version,) = versions
        if version not in versions:
            return None
        return [
            Element(
                element.name,
                int(element.member("fType")),
                element.typename,
                element.member("fCountName", none_if_missing=True),
            )
            for element in versions[version].elements
        ]

    def _forget(self, context: dict[str, Any]) -> None:
        """Drop the classes on the way to the failure (ReadOnlyKey.get does the same)."""
        for model in context.get("breadcrumbs", ()):
            if model.classname not in uproot.model.bootstrap_classnames:
                self._file.remove_class_definition(model.classname)

    def _read(
        self, class_name: str, raw: bytes, keylen: int, key: Any, context: dict[str, Any]
    ) -> Traced:
        chunk = CoveredChunk(self._file.source, raw)
        log: list[tuple[int, int]] = []
        cursor = LoggingCursor(0, -keylen, {}, log)
        with _no_garbage_collection():
            model = self._file.class_named(class_name).read(
                chunk, cursor, context, self._file, self._file, key
            )
        stop = cursor.index
        if stop != len(raw) and class_name != "TList":  # uproot reserves room in such records
            raise AppendRefused(f"{len(raw) - stop} bytes at its end are unknown")
        data, covered = raw[:stop], chunk.covered[:stop]
        _cover_embedded_baskets(data, keylen, cursor.refs, covered)
        return _assemble(model, data, keylen, log, cursor.refs, covered)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Spare the collector many new objects, all of them needed: it takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


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
        return (thing.__name__.removeprefix("Model_"),)
    if isinstance(thing, Part | uproot.model.Model):
        return (thing.classname, str(thing.member("fName", none_if_missing=True)))
    return (type(thing).__name__,)
