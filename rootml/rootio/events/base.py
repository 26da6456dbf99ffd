"""What TTrees and RNTuples, alone or with friends, have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak

from rootml.errors import BranchError
from rootml.rootio.events.index import Integers
from rootml.rootio.events.lazy import FieldPath
from rootml.rootio.matching import BranchNames
from rootml.rootio.opening import reading


class Events(ABC):
    """Branches of a tree, maybe with those of its friends.

    ``tree``: uproot's object, a TTree or RNTuple. ``file``: path or URL. ``name``: the tree's
    path in the file, without cycle. ``names``: its branches. ``friends``: what is joined to it.
    ``problems``: what could not be joined, in words.
    """

    names: BranchNames
    friends: tuple[Friend, ...] = ()
    problems: tuple[str, ...] = ()

    def __init__(self, tree: Any, name: str):
        self.tree = tree
        self.name = name
        self.file = str(tree.file.file_path)
        self.class_name = str(tree.classname)
        with reading(self.where):
            self.num_entries = int(tree.num_entries)

    @property
    def main(self) -> Events:
        """The tree without its friends."""
        return self

    @property
    def files(self) -> tuple[str, ...]:
        """All files that are read: the tree's own, and those of friends."""
        return (self.file, *(file for friend in self.friends for file in friend.events.files))

    @property
    def where(self) -> str:
        """File and tree, to begin an error message with."""
        return f"{self.file}: tree {self.name!r}"

    def read(self, branches: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        """Read branches (paths) of the entries ``start`` to ``stop`` (exclusive), by path.

        Raises FileError where bytes cannot be read, BranchError where entries are missing.
        """
        return {branch: self._checked(branch, start, stop) for branch in branches}

    def _checked(self, branch: str, start: int, stop: int) -> ak.Array:
        what = f"{self.where}, branch {branch!r}"
        with reading(what):
            values = self._read(branch, start, stop)
        if len(values) != stop - start:
            raise BranchError(
                f"{what}: {len(values)} entries from {start} to {stop}, expected {stop - start}"
            )
        return values

    @abstractmethod
    def _read(self, branch: str, start: int, stop: int) -> ak.Array:
        """Read one branch; raises whatever uproot does."""

    @abstractmethod
    def nbytes(self, branch: str) -> int:
        """Uncompressed size of a branch."""

    def boundaries(self, branches: Sequence[str]) -> Sequence[int]:
        """Entries, ascending, at which new baskets of all the branches begin, if they are known."""
        return ()

    @abstractmethod
    def describe(self, branch: str) -> tuple[str, str]:
        """Type (in C++) and title of a branch."""

    @abstractmethod
    def lazy(self) -> tuple[ak.Array, dict[str, FieldPath]]:
        """All branches as a record array of which nothing is read, and where each name is."""

    def close(self) -> None:
        """Close the file, and those of friends."""
        self.close_friends()
        self.tree.file.close()

    def close_friends(self) -> None:
        """Close the files of friends alone: the tree's own may hold other trees in use."""
        for friend in self.friends:
            friend.events.close()


@dataclass(frozen=True)
class Friend:
    """A tree read beside another, under the name ``alias``: entry by entry, or by an index.

    ``rows`` finds the entries for a range of the tree's, where there is an ``index`` (the names
    of its branches).
    """

    alias: str
    events: Events
    rows: Callable[[int, int], Integers] | None = None
    index: tuple[str, ...] = ()
