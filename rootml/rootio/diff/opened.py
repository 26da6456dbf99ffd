"""A file opened to be compared: its bytes, its objects, and uproot's view of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, Self

import uproot

from rootml.errors import FileError
from rootml.rootio.container.compression import decompress
from rootml.rootio.container.keys import Key
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.diff.differences import Findings
from rootml.rootio.diff.walking import Item, walk
from rootml.rootio.opening import is_remote, open_file, reading
from rootml.rootio.ttree.tracing import Reader


class Opened:
    """One of the two files; never opened for writing.

    Raises FileError for what is missing, not ROOT, truncated, or whose directories cannot be
    read.
    """

    def __init__(self, file: str | Path | RootFile) -> None:
        """Open a file, or take one that is open, and stays open."""
        self._given = file if isinstance(file, RootFile) else None
        if is_remote(path := file.path if isinstance(file, RootFile) else file):
            raise FileError(f"{path}: is not on this machine, copy it to compare it")
        self.path = Path(path)
        with contextlib.ExitStack() as stack:
            opener: Any = open_file if self._given is None else uproot.open
            self.directory = stack.enter_context(opener(self._readable()))
            with _about(str(path)):
                self.file = self._given or stack.enter_context(RootFile(self.path, writable=False))
                self.items = list(walk(self.file))
            self._stack = stack.pop_all()

    def _readable(self) -> Path | BinaryIO:
        """Return what uproot can open."""
        return self.path if self._given is None else self._given.stream()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @cached_property
    def reader(self) -> Reader:
        """The file opened for tracing."""
        return self._stack.enter_context(Reader(self._readable()))

    def read(self, item: Item) -> tuple[Key, bytes]:
        """Return the key in the object's record, and its content uncompressed."""
        with _about(f"{self.path}: object {item.path!r}"):
            key = self.file.key_at(item.key.seek)
            if (key.class_name, key.name, key.keylen) != (
                item.key.class_name, item.key.name, item.key.keylen,
            ):  # fmt: skip
                raise FileError(f"no such record at byte {item.key.seek}")
            data = self.file.read(item.key.seek + key.keylen, key.stored)
            if len(data) != key.stored:
                raise FileError(f"its record has {len(data)} bytes of {key.stored}")
            return key, data if key.stored == key.length else decompress(data, key.length)

    def model(self, item: Item) -> Any:
        """Return what uproot makes of the object."""
        with _about(f"{self.path}: object {item.path!r}"):
            key = self.directory.key(item.path)
            if key.fSeekKey != item.key.seek:
                raise FileError("its directory cannot be followed")
            return key.get()


@dataclass(frozen=True)
class Comparison:
    """Two files, what is found out about them, and who is told how many bytes were compared."""

    old: Opened
    new: Opened
    found: Findings
    report: Callable[[int], None]

    def sides(self, a: Item, b: Item) -> tuple[tuple[Opened, Item], tuple[Opened, Item]]:
        """Return each file with the object that is compared of it."""
        return (self.old, a), (self.new, b)


@contextlib.contextmanager
def _about(what: str) -> Iterator[None]:
    """Name what every error is about."""
    with reading(what):
        try:
            yield
        except FileError as error:
            raise FileError(f"{what}: {error}") from error
