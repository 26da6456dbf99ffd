"""The branches of a tree that a network's inputs can be drawn from."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rootml.rootio.events.base import Events
from rootml.rootio.events.trees import TreeEvents
from rootml.rootio.opening import reading

Shape = tuple[int, ...]

_SCALARS = {
    "bool": "bool",
    "char": "int8",
    "unsigned char": "uint8",
    "short": "int16",
    "unsigned short": "uint16",
    "int": "int32",
    "unsigned int": "uint32",
    "long": "int64",
    "unsigned long": "uint64",
    "float": "float32",
    "double": "float64",
} | {f"{kind}{bits}_t": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)}
_COUNTS = [(kind, (), False) for kind in ("int32", "uint32", "int64", "uint64")]
_LIST = re.compile(r"(?:vector|(?:ROOT::)?(?:VecOps::)?RVec)<(.+)>|(.+?)\[\]((?:\[\d+\])*)")
_FIXED = re.compile(r"array<(.+),(\d+)>|(.+?)((?:\[\d+\])+)")
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True)
class NtupleBranch:
    """A branch of numbers: one an event, ``shape`` of them, or (``jagged``) a list of such.

    ``path`` is its name in the tree; ``counter`` the branch that counts the list's items, where
    the tree says so.
    """

    path: str
    dtype: str
    shape: Shape = ()
    jagged: bool = False
    counter: str = ""

    @property
    def name(self) -> str:
        """The last part of a path with slashes."""
        return posixpath.basename(self.path)

    @cached_property
    def folded(self) -> str:
        """The name without what people spell differently."""
        return fold(self.name)

    @property
    def is_flat(self) -> bool:
        """Whether it holds one number an event."""
        return not (self.jagged or self.shape)

    @cached_property
    def collection(self) -> str:
        """What its items are properties of (``"Electron"``); empty where nothing says so.

        The part of its name that its counter counts, else the part before the first separator
        (in ATLAS's names, ``<container>AuxDyn.<property>``, without the suffix).
        """
        heads = [self.name[: found.start()] for found in _SEPARATORS.finditer(self.name)]
        counted = [head for head in [*heads, self.name] if _counts(self.counter, head)]
        return next(iter(counted or heads), "").removesuffix("AuxDyn") if self.jagged else ""

    @cached_property
    def quantity(self) -> str:
        """The folded name without that of the collection: ``pt`` of ``Electron_pt``."""
        return self.folded.removeprefix(fold(self.collection)).removeprefix("auxdyn")


def fold(name: str) -> str:
    """The name in one case, without separators."""
    return _SEPARATORS.sub("", name).casefold()


def _counts(counter: str, collection: str) -> bool:
    return fold(counter) in {"n" + fold(collection), "num" + fold(collection)}


def list_branches(events: Events) -> list[NtupleBranch]:
    """The numeric branches of a tree, in its order, without its friends'."""
    main = events.main
    found = []
    with reading(main.where):
        for path in main.names.paths:
            kind = parse_type(main.describe(path)[0])
            if kind is not None:
                counter = _counter(main, path) if kind[2] and isinstance(main, TreeEvents) else ""
                found.append(NtupleBranch(path, *kind, counter))
    return found


def _counter(events: TreeEvents, path: str) -> str:
    """The branch of one integer an event that says how long the lists are, if the tree has one."""
    counter = events.tree[path].count_branch
    if counter is None or parse_type(str(counter.typename)) not in _COUNTS:
        return ""
    return str(counter.name)


def parse_type(typename: str) -> tuple[str, Shape, bool] | None:
    """Type, fixed sizes and whether jagged, of a C++ type of numbers; None for any other."""
    name = typename.replace("std::", "").replace("const ", "").replace(", ", ",").strip()
    if name in _SCALARS:
        return _SCALARS[name], (), False
    if listed := _LIST.fullmatch(name):
        item = parse_type((listed[1] or listed[2]) + (listed[3] or ""))
        return None if item is None or item[2] else (*item[:2], True)
    if fixed := _FIXED.fullmatch(name):
        item = parse_type(fixed[1] or fixed[3])
        sizes = tuple(map(int, re.findall(r"\d+", fixed[2] or fixed[4])))
        return None if item is None else (item[0], (*sizes, *item[1]), item[2])
    return None


def by_collection(branches: Iterable[NtupleBranch]) -> dict[str, list[NtupleBranch]]:
    """Lists of single numbers, by what their items are properties of."""
    found: dict[str, list[NtupleBranch]] = {}
    for branch in branches:
        if branch.jagged and not branch.shape:
            found.setdefault(branch.collection, []).append(branch)
    return found
