"""A file opened to be compared: its bytes, its objects, and uproot's view of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from rootml.errors import FileError
from rootml.rootio.container.compression import decompress
from rootml.rootio.container.keys import Key
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.diff.differences import Findings
from rootml.rootio.diff.walking import Item, walk
from rootml.rootio.opening import NTUPLE_CLASS, TREE_CLASSES, check_file, reading
from rootml.rootio.remote import is_remote
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
        if self._given is None:
            check_file(self.path)
        with contextlib.ExitStack() as stack, _about(str(path)):
            self.file = self._given or stack.enter_context(RootFile(self.path, writable=False))
            self.items = list(walk(self.file))
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @cached_property
    def reader(self) -> Reader:
        """The file as uproot reads it, opened when it is first needed."""
        with _about(str(self.path)):
            source = self.path if self._given is None else self._given.stream()
            return self._stack.enter_context(Reader(source))

    def kind(self, item: Item) -> str:
        """Return what an object is, as an Entry calls it."""
        if item.class_name == NTUPLE_CLASS:
            return "ntuple"
        if item.is_directory:
            return "directory"
        known = item.class_name in TREE_CLASSES
        return "tree" if known or item.class_name in self._tree_classes else "object"

    @cached_property
    def _tree_classes(self) -> set[str]:
        """TTree and the classes that, as far as the streamer infos can be read, derive from it."""
        found = set(TREE_CLASSES)
        with contextlib.suppress(FileError), _about(str(self.path)):
            bases = {
                name: {e.name for i in infos.values() for e in i.elements if "Base" in e.classname}
                for name, infos in self.reader.infos().items()
            }
            while derived := {name for name in bases if bases[name] & found} - found:
                found |= derived
        return found

    def read(self, item: Item) -> tuple[Key, bytes]:
        """Return the key in the object's record, and its content uncompressed."""
        with _about(f"{self.path}: object {item.path!r}"):
            key = self.file.key_at(item.key.seek)
            if _sizes(key) != _sizes(item.key):
                raise FileError("its key and its record disagree")
            if item.key.seek + key.nbytes > self.file.header.end:
                raise FileError("its record goes beyond the end of the file")
            data = self.file.read(item.key.seek + key.keylen, key.stored)
            return key, data if key.stored == key.length else decompress(data, key.length)

    def model(self, item: Item) -> Any:
        """Return what uproot makes of the object."""
        with _about(f"{self.path}: object {item.path!r}"):
            model = self.reader.open(item.path)
            if model.parent.fSeekKey != item.key.seek:
                raise FileError("its directory cannot be followed")
            return model


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


def _sizes(key: Key) -> tuple[object, ...]:
    return key.class_name, key.name, key.keylen, key.length, key.stored


@contextlib.contextmanager
def _about(what: str) -> Iterator[None]:
    """Name what every error is about."""
    with reading(what):
        try:
            yield
        except FileError as error:
            raise FileError(f"{what}: {error}") from error
