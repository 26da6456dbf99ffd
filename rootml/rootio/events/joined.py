"""A tree beside its friends, entry by entry or by an index, as one set of branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import awkward as ak
import numpy as np

from rootml.errors import BranchError, DataError, TreeError
from rootml.rootio.events.base import Events, Friend
from rootml.rootio.events.index import Integers, TreeIndex
from rootml.rootio.events.lazy import FieldPath, Once, assembled, taken
from rootml.rootio.matching import BranchNames
from rootml.spec import Array


def make_friend(main: Events, alias: str, events: Events, index: TreeIndex | None) -> Friend:
    """Join ``events`` to ``main``: by the index if ``main`` has its branches, else in order.

    Raises TreeError where ``events`` has too few entries, BranchError where the index is of
    expressions. ROOT joins alike (TTreeIndex::GetEntryNumberFriend), but without a word.
    """
    described = f"friend {alias!r} ({events.where})"
    if index is not None:
        names = (index.major, index.minor)
        found = [name if name.isdecimal() else main.names.find(name) for name in names]
        if None not in found:
            matcher = _IndexMatcher(main, described, index, tuple(map(str, found)))
            return Friend(alias, events, lru_cache(maxsize=2)(matcher), names)
        if not all(name.replace(".", "_").isidentifier() for name in names if not name.isdecimal()):
            raise BranchError(
                f"{described} is joined by an index of {' and '.join(map(repr, names))}: "
                "only plain branches can be looked up, no expressions"
            )
    if events.num_entries < main.num_entries:
        raise TreeError(
            f"{described} has {events.num_entries} entries, but {main.where} has {main.num_entries}"
        )
    return Friend(alias, events)


class JoinedEvents(Events):
    """The branches of a tree and of its friends, under the names that ROOT has for them.

    A friend's branch is ``alias.branch``, and ``branch`` alone where neither the tree nor a
    friend before it has one of that name (TTree::FindLeaf).
    """

    def __init__(self, main: Events, friends: Sequence[Friend], problems: Sequence[str] = ()):
        super().__init__(main.tree, main.name)
        self._main = main
        self.friends = tuple(friends)
        self.problems = tuple(problems)
        self._owner: dict[str, tuple[Friend, str]] = {}
        names = dict(main.names.by_name)
        for friend in friends:
            inner = {}
            for path in friend.events.names.paths:
                key = f"{friend.alias}.{path}" if path in names else path
                if key not in names:
                    inner[path] = key
                    self._owner[key] = (friend, path)
            for name, path in friend.events.names.by_name.items():
                if path in inner:
                    names.setdefault(name, inner[path])
                    names.setdefault(f"{friend.alias}.{name}", inner[path])
        paths = (*main.names.paths, *self._owner)
        self.names = BranchNames(paths, names, imported=main.names.imported)

    @property
    def main(self) -> Events:
        """The tree without its friends."""
        return self._main

    def _read(self, branch: str, start: int, stop: int) -> ak.Array:
        if branch not in self._owner:
            return self._main.read([branch], start, stop)[branch]
        friend, path = self._owner[branch]
        if friend.rows is None:
            return friend.events.read([path], start, stop)[path]
        rows = friend.rows(start, stop)
        first, last = (int(rows.min()), int(rows.max()) + 1) if len(rows) else (0, 0)
        return friend.events.read([path], first, last)[path][rows - first]

    def nbytes(self, branch: str) -> int:
        """Uncompressed size of a branch."""
        if branch not in self._owner:
            return self._main.nbytes(branch)
        friend, path = self._owner[branch]
        return friend.events.nbytes(path)

    def describe(self, branch: str) -> tuple[str, str]:
        """Type (in C++) and title of a branch."""
        if branch not in self._owner:
            return self._main.describe(branch)
        friend, path = self._owner[branch]
        return friend.events.describe(path)

    def lazy(self) -> tuple[ak.Array, dict[str, FieldPath]]:
        """All branches, each once: a friend's as ``alias.branch`` only where it must be."""
        array, names = self._main.lazy()
        fields = {name: array[name] for name in array.fields}
        for friend in self.friends:
            theirs, inner = friend.events.lazy()
            if friend.rows is not None:
                rows = Once(partial(friend.rows, 0, self.num_entries))
                theirs = taken(theirs, self.num_entries, rows)
            called = {}
            for name in theirs.fields:
                key = f"{friend.alias}.{name}" if name in fields else name
                if key not in fields:
                    called[name] = key
                    fields[key] = theirs[name]
            for name, (first, *rest) in inner.items():
                if first in called:
                    names.setdefault(name, (called[first], *rest))
                    names.setdefault(f"{friend.alias}.{name}", (called[first], *rest))
        return assembled(fields, self.num_entries), names


@dataclass(frozen=True)
class _IndexMatcher:
    """Looks the tree's values up in the friend's index; every entry must have a partner."""

    main: Events
    friend: str
    index: TreeIndex
    names: tuple[str, ...]

    def __call__(self, start: int, stop: int) -> Integers:
        values = [self._values(name, start, stop) for name in self.names]
        rows = self.index.find(*values)
        alone = np.flatnonzero(rows < 0)
        if len(alone):
            at = int(alone[0])
            pair = zip(self.names, values, strict=True)
            wanted = ", ".join(f"{n} = {v[at]}" for n, v in pair if not n.isdecimal())
            raise DataError(
                f"{self.main.where}, entry {start + at}: {self.friend} has no entry with {wanted}"
            )
        return rows

    def _values(self, name: str, start: int, stop: int) -> Array:
        if name.isdecimal():  # TTree::BuildIndex's default for the second is "0"
            return np.full(stop - start, int(name))
        array = self.main.read([name], start, stop)[name]
        if array.ndim != 1:
            raise BranchError(f"{self.main.where}, branch {name!r}: expected a number an entry")
        return np.asarray(array)
