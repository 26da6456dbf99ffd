"""Adding branches to a TTree: plan, baskets, and its record written anew with the branches."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rootml.errors import AppendRefused, DataError
from rootml.rootio.columns import Counts, take_chunk
from rootml.rootio.container.compression import compressor
from rootml.rootio.container.directory import Found
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.ttree.baskets import BranchWriter, Destination
from rootml.rootio.ttree.serial import NewBranch, text_entries
from rootml.rootio.ttree.splice import COUNTER_RANGES, ExistingCounter, find_removal, splice_tree
from rootml.rootio.ttree.streamers import ClassVersion
from rootml.rootio.ttree.tracing import Reader
from rootml.rootio.ttree.verify import verify_append
from rootml.rootio.ttree.view import TreeView
from rootml.spec import Column

_OLD_BASKETS = 30401
"""Up to this file version TBasket::ReadBasketBuffers misreads raw baskets of a branch whose
fCompress is not 0."""

_DIRECTORY_BYTES = 60
"""What ROOT writes as root directory (TDirectoryFile::Sizeof), also over a shorter one, as of
Geant4's writer: what comes right behind such a one must not become free space."""

_OFFSET_MAP_WARNING = (
    "it has ROOT's feature kGenerateOffsetMap, with which ROOT (seen with 6.40) merges branches "
    "of variable length wrongly; do not merge the file with hadd"
)


class TreeAppend:
    """New branches of one tree: ``write`` streams their baskets, ``finish`` splices them in."""

    def __init__(
        self,
        file: RootFile,
        reader: Reader,
        found: Found,
        columns: Sequence[Column],
        *,
        compression: int | None = None,
        replace: Iterable[str] = (),
    ) -> None:
        self._file, self._reader = file, reader
        self.keys, self._key, self.path = found.keys, found.key, found.path
        if not self._key.class_name.startswith((b"TTree", b"TNtuple")):
            raise AppendRefused(f"it is a {self._key.class_name.decode()}, not a TTree")
        self._check_key()
        self.view = TreeView(reader.trace(self.path, self._key.seek, quick=True), reader)
        self.columns, self.replace = tuple(columns), frozenset(replace)
        self.written = 0
        self._compression = file.header.compression if compression is None else compression
        if file.header.version % 1_000_000 <= _OLD_BASKETS:
            self._compression = 0
        self._plan()

    def _check_key(self) -> None:
        key = self._key
        record = self._file.key_at(key.seek)
        if (record.keylen, record.length) != (key.keylen, key.length):
            raise AppendRefused("its key and its record disagree")

    def _plan(self) -> None:
        """Decide which branches there will be: counters first, then the columns."""
        view, key = self.view, self._key
        self.removals = [find_removal(view, name) for name in sorted(self.replace)]
        names = {c.count_branch: c.per for c in self.columns if c.count_branch and c.per}
        found = {
            name: _existing_counter(view, name, per, self.replace) for name, per in names.items()
        }
        self._counters = {name: counter for name, counter in found.items() if counter}
        self.branches = [
            *(
                NewBranch(name, "int32", doc=f"number of {per}", is_counter=True)
                for name, per in names.items()
                if name not in self._counters
            ),
            *map(self._new_branch, self.columns),
        ]
        self._check_branches()
        to = Destination(self._file, key.name, key.parent, compressor(self._compression))
        self._writers = {b.name: BranchWriter(to, b, view.edges) for b in self.branches}

    def _new_branch(self, column: Column) -> NewBranch:
        counter = self._counters.get(column.count_branch or "")
        return NewBranch(
            column.name,
            np.dtype(column.dtype).name,
            column.shape,
            column.count_branch,
            str(counter.leaf.member("fName")) if counter else "",
            column.title,
        )

    def _check_branches(self) -> None:
        name = self._key.class_name
        plain = {b"TNtuple": "float32", b"TNtupleD": "float64"}.get(name)
        if plain and (
            self.replace or any(b.dtype != plain or b.title != b.name for b in self.branches)
        ):
            raise AppendRefused(f"it is a {name.decode()}, which takes only {plain} numbers")
        if self.view.has_offset_map and any(branch.has_offsets for branch in self.branches):
            warnings.warn(f"tree {self.path!r}: {_OFFSET_MAP_WARNING}", RuntimeWarning)
        _check_names(self.view.names() - self.replace, [b.name for b in self.branches])

    @property
    def seek(self) -> int:
        """Where the tree's record is."""
        return self._key.seek

    @property
    def needed_streamers(self) -> set[ClassVersion]:
        """The classes that the file must describe."""
        needed = {(branch.leaf_type.class_name, 1) for branch in self.branches}
        if any(branch.is_text for branch in self.branches):
            needed.add(("TBranchElement", 10))
        return needed | {("TBranch", 13), ("TLeaf", 2), ("ROOT::TIOFeatures", 1)}

    def write(self, columns: Mapping[str, Any]) -> None:
        """Take the next events of all columns."""
        chunk = take_chunk(self.columns, columns, self.written, self.view.entries)
        for name, part in chunk.parts.items():
            writer, items, counts = self._writers[name], part.items, part.counts
            if writer.branch.is_text and counts is not None:
                items, counts = text_entries(items, counts)
            writer.write(items, counts)
        for name, counts in chunk.counts.items():
            self._count(name, counts)
        self.written += chunk.events

    def _count(self, name: str, counts: Counts) -> None:
        if name in self._counters:
            self._counters[name].check(self.written, counts)
            return
        writer = self._writers[name]
        writer.raise_maximum(counts)
        writer.write(counts.astype(np.int32), None)

    def finish(self) -> None:
        """Append the last baskets, then the tree's record; DataError if events are missing."""
        if self.written != self.view.entries:
            raise DataError(f"{self.written} events, but the tree has {self.view.entries} entries")
        for writer in self._writers.values():
            writer.finish()
        key = self._key.moved(self._file.header.end)
        content = splice_tree(
            self.view, key.keylen, self.branches, self._counters, self.removals, self._compression
        )
        compress = compressor(self._file.header.compression)
        new = self._file.append_object(self._key, compress(content), len(content))
        header = self._file.header
        if self._key.seek >= header.begin + header.name_nbytes + _DIRECTORY_BYTES:
            self._file.release(self._key.seek, self._key.nbytes)
        self.keys.replace(self._key, new)
        self._key = new

    def verify(self, source: Path, file: RootFile) -> None:
        """Prove that nothing of the tree was lost (see ``verify_append``)."""
        verify_append(file, self)


def _existing_counter(
    view: TreeView, name: str, per: str, replace: frozenset[str]
) -> ExistingCounter | None:
    """Return the leaf that already counts, None if there is no branch ``name``."""
    branch = view.branch(name)
    if branch is None:
        return None
    if name in replace:
        raise AppendRefused(f"its branch {name!r} is to count and to be replaced")
    leaves = branch.member("fLeaves")
    if len(leaves) != 1 or leaves[0].classname not in COUNTER_RANGES or len(branch.branches):
        raise AppendRefused(
            f"its branch {name!r} is not a plain integer that can count {per}; "
            "a column's counter can be another branch"
        )
    if leaves[0].member("fLen") != 1 or leaves[0].member("fLeafCount") is not None:
        raise AppendRefused(f"its branch {name!r} is not one number per entry")
    return ExistingCounter(per, view.readable(branch), leaves[0])


def _check_names(taken: set[str], names: Sequence[str]) -> None:
    for name in names:
        if not re.fullmatch(r"[A-Za-z_][\w.]*", name):
            raise AppendRefused(f"{name!r} cannot be the name of a branch")
        if name in taken:
            raise AppendRefused(f"it has a branch or leaf {name!r} already")
        taken = taken | {name}
