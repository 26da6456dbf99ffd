"""Writing new columns: streaming, all or nothing.

Baskets go to a temporary file beside the destination as events arrive, so memory stays flat;
``commit`` writes the tree's metadata and only then does the destination appear, whole.
"""

from __future__ import annotations

import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from rootml.errors import AppendRefused, DataError, FileError, OutputError, TreeError
from rootml.rootio.appending import Appending, start_append
from rootml.rootio.columns import check_columns, infer_column
from rootml.rootio.container.compression import parse_compression
from rootml.rootio.container.copying import Copying
from rootml.rootio.container.in_place import InPlace
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.container.transaction import Transaction, reporting
from rootml.rootio.opening import open_file
from rootml.rootio.remote import Location, location
from rootml.rootio.transfer import Upload, claim, download
from rootml.rootio.ttree.serial import string_bytes
from rootml.rootio.ttree.streamers import add_streamers
from rootml.rootio.ttree.tracing import Reader, understood
from rootml.spec import Column

if TYPE_CHECKING:
    from rootml.rootio.diff.differences import FileDiff

_STRING_TITLE = b"Collectable string class"


class Sink(Protocol):
    """Where the new columns of one tree go."""

    def write(self, columns: Mapping[str, Any]) -> None:
        """Take the next events of every column, in order.

        A column of one value per event is an array (n, *shape); one of values per object an
        awkward array (n, var, *shape).
        """

    def commit(self) -> None:
        """Write the rest and let the destination appear; DataError if events are missing."""

    def abort(self) -> None:
        """Leave nothing behind."""

    def __enter__(self) -> Self:
        """Return the sink."""

    def __exit__(self, *error: object) -> None:
        """Abort, unless committed."""


class FileSink(ABC):
    """What appended branches and friend trees have in common.

    ``compression``: "ZSTD-5", "LZ4-1", "none", ...; ``objects``: texts to keep beside the tree,
    by name; ``replace``: branches that give way to the new ones; ``verify``: read the result
    and compare, before it counts; ``overwrite``: ``target`` may exist.
    """

    _file: RootFile
    _reader: Reader
    _append: Appending
    _advice = ""

    diff: FileDiff | None = None
    """What ``compare`` has found."""

    def __init__(
        self,
        source: str | Path,
        target: str | Path,
        tree: str,
        columns: Sequence[Column],
        *,
        compression: str | None = None,
        replace: Iterable[str] = (),
        objects: Mapping[str, str] | None = None,
        verify: bool = True,
        overwrite: bool = False,
    ) -> None:
        self._replace, self._verify, self._overwrite = tuple(replace), verify, overwrite
        self.source: Location = location(source)
        self.target: Location = location(target)
        self.tree = tree
        self._objects = {} if objects is None else objects
        self._open = contextlib.ExitStack()
        code = None if compression is None else parse_compression(compression)
        check_columns(columns)
        open_file(self.source).close()
        with self._explained(), self._all_or_nothing(), understood():
            self._place = self._claim()
            self._open.callback(self._place.abort)
            self._prepare(tuple(columns), code)

    def _claim(self) -> Transaction | Upload | InPlace:
        """Return the place to write to."""
        return claim(self.target, (self.source,), overwrite=self._overwrite)

    @abstractmethod
    def _prepare(self, columns: tuple[Column, ...], compression: int | None) -> None:
        """Fill the place with what comes before the first basket."""

    @abstractmethod
    def _finish(self) -> int | None:
        """Check the planned file and return the permissions it should have, None for the usual."""

    def write(self, columns: Mapping[str, Any]) -> None:
        """Take the next events of every column, in order (see Sink)."""
        with self._explained(), self._all_or_nothing():
            self._append.write(columns)

    def commit(self) -> None:
        """Write the rest and let it count; DataError if events are missing.

        ``objects`` is read only now, so that it may be filled until then.
        """
        append, file = self._append, self._file
        with self._explained(), self._all_or_nothing(), understood():
            append.finish()
            needed = set(append.needed_streamers)
            for name, text in self._objects.items():
                append.keys.add(b"TObjString", name, _STRING_TITLE, string_bytes(text))
                needed.add(("TObjString", 1))
            append.keys.write()
            add_streamers(file, self._reader, needed)
            file.plan()
            mode = self._finish()
            self._place.check()
            file.apply()
            self._place.commit(mode)
        self.abort()

    def abort(self) -> None:
        """Close and remove what was not committed; harmless after ``commit``."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.abort()

    @contextlib.contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.abort()
            raise

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Say in every error which file and tree it is about."""
        where = f"tree {self.tree!r} of {self.source}"
        try:
            with reporting(self.target):
                yield
        except AppendRefused as error:
            raise AppendRefused(f"cannot add branches to {where}: {error}{self._advice}") from error
        except (DataError, TreeError, FileError) as error:
            raise type(error)(f"{where}: {error}") from error


class AppendSink(FileSink):
    """Writes a copy of ``source`` with ``columns`` as new branches of ``tree``.

    Everything else in the file stays as it is, byte by byte. ``compression`` is the file's own
    unless given. ``in_place`` changes ``source`` itself, ``target`` is None then: killed at any
    moment it still reads as before, or as after; an error leaves it as it was (but for more than
    16 MB that a killed run may have left behind its end). It needs the file to itself, see InPlace.
    A ``source`` that is a URL is copied first, whole, and then appended to.

    ``verify`` proves that no old byte was lost and no reference within the tree; ``compare``
    also compares all objects and the content of all branches, into ``diff``. Both come before
    the destination appears, or before the first old byte changes.

    Raises AppendRefused where the tree's metadata are not fully understood, OutputError where
    the destination cannot be written.
    """

    _advice = "; --output friend writes them to a file of their own"

    def __init__(
        self,
        source: str | Path,
        target: str | Path | None,
        tree: str,
        columns: Sequence[Column],
        *,
        in_place: bool = False,
        compare: bool = False,
        **options: Any,
    ) -> None:
        if (target is None) != in_place:
            raise OutputError(f"{source}: give either an output file or in_place=True")
        self._in_place, self._compare = in_place, compare
        self._copying: Copying | None = None
        super().__init__(source, source if target is None else target, tree, columns, **options)

    def _claim(self) -> Transaction | Upload | InPlace:
        if not self._in_place:
            return super()._claim()
        if not isinstance(self.source, Path):
            raise AppendRefused("it is not on this machine, so it cannot be changed in place")
        return InPlace(self.source)

    def _prepare(self, columns: tuple[Column, ...], compression: int | None) -> None:
        path = self._place.path
        if isinstance(self.source, Path):
            self._old, whole = self.source, self._in_place
        else:
            self._old, whole = path, True
            download(self.source, path)
        original = None if whole else self._old
        file = RootFile(path, in_place=self._in_place, original=original)
        self._file = self._open.enter_context(file)
        if not whole:
            self._copying = Copying(self._old, path, file.old_end, compare=self._verify)
            self._open.enter_context(self._copying)
        self._reader = self._open.enter_context(Reader(self._old))
        self._append = start_append(
            file, self._reader, self.tree, columns,
            compression=compression, replace=self._replace,
        )  # fmt: skip

    def write(self, columns: Mapping[str, Any]) -> None:
        """Take the next events of every column, in order (see Sink)."""
        super().write(columns)
        if self._copying:
            with self._explained(), self._all_or_nothing():
                self._copying.advance()

    def _finish(self) -> int | None:
        if self._verify:
            self._append.verify(self._old, self._file)
        if self._copying:
            self._copying.wait()
            self._file.copied()
        if self._compare:
            from rootml.rootio.kept import compare_kept

            self.diff = compare_kept(self._old, self._file, self._append.path, self._replace)
        return self.source.stat().st_mode & 0o7777 if isinstance(self.source, Path) else None


def append_branches(
    source: str | Path,
    target: str | Path | None,
    tree: str,
    columns: Mapping[str, Any] | Iterable[Mapping[str, Any]],
    specs: Sequence[Column] | None = None,
    **options: Any,
) -> None:
    """Write a copy of ``source`` with new branches in ``tree``: AppendSink in one call.

    ``columns``: arrays by branch name, or an iterable of such mappings, each with the next
    events. Without ``specs`` the first of them tells types and shapes, and a jagged column is
    one per object of the collection before its first underscore (``Electron_score``).
    ``options`` are AppendSink's; with ``in_place=True`` ``target`` is None.
    """
    chunks = iter([columns] if isinstance(columns, Mapping) else columns)
    if specs is None:
        first = next(chunks, {})
        specs = [infer_column(name, values) for name, values in first.items()]
        chunks = itertools.chain([first], chunks)
    with AppendSink(source, target, tree, specs, **options) as sink:
        for chunk in chunks:
            sink.write(chunk)
        sink.commit()
