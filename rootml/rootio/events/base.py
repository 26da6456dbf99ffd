"""TTrees and RNTuples as one: named branches of so many entries.

A field of an RNTuple counts as a branch, at all depths; its path has dots where that of a
TTree's branch has slashes.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import awkward as ak
import uproot

from rootml.errors import BranchError, RootmlWarning
from rootml.rootio.lazy import FieldPath, field_paths, guarded
from rootml.rootio.matching import BranchNames
from rootml.rootio.opening import NTUPLE_CLASS, open_tree, reading
from rootml.rootio.tree_index import Integers

CACHE_BYTES = 256 << 20
"""What is kept of an RNTuple's clusters, which uproot decodes whole, from chunk to chunk."""


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
        self.num_entries = int(tree.num_entries)

    @property
    def main(self) -> Events:
        """The tree without its friends."""
        return self

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
            values = self.array(branch, start, stop)
        if len(values) != stop - start:
            raise BranchError(
                f"{what}: {len(values)} entries from {start} to {stop}, expected {stop - start}"
            )
        return values

    @abstractmethod
    def array(self, branch: str, start: int, stop: int) -> ak.Array:
        """Read one branch; raises whatever uproot does."""

    @abstractmethod
    def nbytes(self, branch: str) -> int:
        """Uncompressed size of a branch."""

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


class TreeEvents(Events):
    """The branches of a TTree."""

    def __init__(self, tree: uproot.TTree, name: str):
        super().__init__(tree, name)
        self.names = BranchNames(tree.keys(recursive=True, full_paths=True))

    def array(self, branch: str, start: int, stop: int) -> ak.Array:
        """Read one branch; raises whatever uproot does."""
        return self.tree[branch].array(
            entry_start=start, entry_stop=stop, library="ak", array_cache=None
        )

    def nbytes(self, branch: str) -> int:
        """Uncompressed size of a branch."""
        return int(self.tree[branch].uncompressed_bytes)

    def describe(self, branch: str) -> tuple[str, str]:
        """Type (in C++) and title of a branch."""
        return str(self.tree[branch].typename), str(self.tree[branch].title)

    def lazy(self) -> tuple[ak.Array, dict[str, FieldPath]]:
        """All branches that Awkward Array can hold, by the last part of their paths."""
        held, refused = set(), []
        for name, branch in self.tree.iteritems(recursive=True, full_paths=False):
            try:
                branch.interpretation.awkward_form(self.tree.file)
            except (
                uproot.interpretation.objects.CannotBeAwkward,
                uproot.interpretation.identify.UnknownInterpretation,
                NotImplementedError,
            ):
                if not branch.branches:
                    refused.append(name)
            else:
                held.add(id(branch))
        if refused:
            warnings.warn(
                f"{self.where}: left out, because Awkward Array cannot hold them: "
                f"{', '.join(refused)}",
                RootmlWarning,
            )
        array = self.tree.arrays(virtual=True, filter_branch=lambda branch: id(branch) in held)
        array = guarded(array, self.where)
        return array, field_paths(array)


class NTupleEvents(Events):
    """The fields of an RNTuple."""

    def __init__(self, tree: Any, name: str):
        super().__init__(tree, name)
        with reading(self.where):
            self._children = _index_fields(tree)
            self._fields = {field.path: field for field in tree.all_fields if field.path}
        self.names = BranchNames(self._fields, imported=True)
        self._cache = uproot.LRUArrayCache(CACHE_BYTES)

    def array(self, branch: str, start: int, stop: int) -> ak.Array:
        """Read one field; raises whatever uproot does."""
        return self._fields[branch].array(
            entry_start=start, entry_stop=stop, array_cache=self._cache
        )

    def nbytes(self, branch: str) -> int:
        """Uncompressed size of a field with all below it."""
        fields = set(_descent(self._children, self._fields[branch].field_id))
        with reading(f"{self.where}, branch {branch!r}"):
            columns = {
                index: record.nbits
                for index, record in enumerate(self.tree.column_records)
                if record.field_id in fields
            }
            for alias in self.tree.alias_column_records:
                if alias.field_id in fields:
                    columns[alias.physical_id] = self.tree.column_records[alias.physical_id].nbits
            bits = sum(
                page.num_elements * columns[index]
                for cluster in self.tree.page_link_list
                for index, column in enumerate(cluster)
                if index in columns
                for page in column.pages
            )
        return int(bits // 8)

    def describe(self, branch: str) -> tuple[str, str]:
        """Type (in C++) and description of a field."""
        return str(self._fields[branch].typename), str(self._fields[branch].description)

    def lazy(self) -> tuple[ak.Array, dict[str, FieldPath]]:
        """All fields, nested as they are in the RNTuple."""
        with reading(self.where):
            array = self.tree.arrays(virtual=True)
        array = guarded(array, self.where)
        return array, field_paths(array)


def _index_fields(ntuple: Any) -> Mapping[int, list[int]]:
    """The children of each field, by id; and uproot told of them.

    uproot looks through all fields for the children of each: seconds, where there are a
    thousand. ``RField._fields`` is where it keeps what it found.
    """
    children: dict[int, list[int]] = defaultdict(list)
    for index, record in enumerate(ntuple.field_records):
        if record.parent_field_id != index:
            children[record.parent_field_id].append(index)
    fields = ntuple.all_fields

    def named(index: int) -> Iterator[Any]:
        for child in children[index]:
            yield from named(child) if fields[child].is_anonymous else [fields[child]]

    for index, field in enumerate(fields):
        field._fields = list(named(index))
    return children


def _descent(children: Mapping[int, list[int]], index: int) -> Iterator[int]:
    """A field and all below it, by id."""
    yield index
    for child in children.get(index, ()):
        yield from _descent(children, child)


def open_events(directory: uproot.ReadOnlyDirectory, name: str) -> Events:
    """The tree at path ``name`` of an open file, without friends."""
    return as_events(open_tree(directory, name), name.split(";")[0])


def as_events(tree: Any, name: str | None = None) -> Events:
    """The same for a tree that is open in uproot."""
    path = tree.object_path.split(";")[0].strip("/") if name is None else name
    kind = NTupleEvents if tree.classname == NTUPLE_CLASS else TreeEvents
    return kind(tree, path)
