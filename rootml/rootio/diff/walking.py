"""The objects of a file: every cycle of every name in every directory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from rootml.errors import FileError
from rootml.rootio.container.directory import DIRECTORY_CLASSES, KeyList
from rootml.rootio.container.keys import Directory, Key
from rootml.rootio.container.root_file import RootFile

T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """An object of a file: the path of its folder ("" or ending in "/") and its key."""

    folder: str
    key: Key

    @property
    def name(self) -> str:
        """Path without cycle."""
        return self.folder + self.key.name.decode(errors="surrogateescape")

    @property
    def path(self) -> str:
        """Path with cycle."""
        return f"{self.name};{self.key.cycle}"

    @property
    def class_name(self) -> str:
        """The C++ class."""
        return self.key.class_name.decode(errors="surrogateescape")

    @property
    def title(self) -> str:
        """The key's title, which is the object's."""
        return self.key.title.decode(errors="surrogateescape")

    @property
    def is_directory(self) -> bool:
        """Whether it holds other objects."""
        return self.key.class_name in DIRECTORY_CLASSES

    def __str__(self) -> str:
        return f"{self.class_name} {self.title!r}"


def walk(file: RootFile) -> Iterator[Item]:
    """Yield the objects of all directories, a directory before what is in it."""
    yield from _walk(file, KeyList(file, file.root), "", set())


def _walk(file: RootFile, keys: KeyList, folder: str, seen: set[int]) -> Iterator[Item]:
    for key in keys.keys:
        item = Item(folder, key)
        yield item
        if item.is_directory:
            if key.seek in seen:
                raise FileError(f"directory {item.name!r} is listed twice, or contains itself")
            seen.add(key.seek)
            position = key.seek + key.keylen
            inner = KeyList(file, Directory.parse(file.read(position, 60), position))
            yield from _walk(file, inner, item.name + "/", seen)


def pair(
    old: Iterable[T], new: Iterable[T], *, name: Callable[[T], object]
) -> tuple[list[tuple[T, T]], list[T], list[T]]:
    """Match things of one name, the first with the first; also return those left over."""
    waiting: dict[object, list[T]] = {}
    for thing in new:
        waiting.setdefault(name(thing), []).append(thing)
    pairs, lost = [], []
    for thing in old:
        others = waiting.get(name(thing))
        if others:
            pairs.append((thing, others.pop(0)))
        else:
            lost.append(thing)
    return pairs, lost, [thing for others in waiting.values() for thing in others]


def pair_items(
    old: list[Item], new: list[Item]
) -> tuple[list[tuple[Item, Item]], list[Item], list[Item]]:
    """Match objects by path and cycle, then what is left over by path, newest with newest."""
    pairs, lost, added = pair(old, new, name=lambda item: item.path)
    lost, added = (sorted(items, key=lambda item: -item.key.cycle) for items in (lost, added))
    more, lost, added = pair(lost, added, name=lambda item: item.name)
    return pairs + more, lost, added


def labels(old: list[Item], new: list[Item]) -> dict[str, str]:
    """Return how to call each path: without the cycle where a name has only one."""
    cycles: dict[str, set[int]] = {}
    for item in [*old, *new]:
        cycles.setdefault(item.name, set()).add(item.key.cycle)
    several = {item.name for item in [*old, *new] if len(cycles[item.name]) > 1}
    return {i.path: i.path if i.name in several else i.name for i in [*old, *new]}
