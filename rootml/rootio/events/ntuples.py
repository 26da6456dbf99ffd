"""RNTuples.

A field counts as a branch, at all depths; its path has dots where that of a TTree's branch has
slashes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import uproot
import xxhash

from rootml.errors import FileError
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.events.base import Events
from rootml.rootio.events.lazy import FieldPath, field_paths, guarded
from rootml.rootio.matching import BranchNames
from rootml.rootio.opening import reading
from rootml.rootio.remote import is_remote
from rootml.rootio.rntuple.frames import Damaged
from rootml.rootio.rntuple.view import check_metadata

CACHE_BYTES = 256 << 20
"""What is kept of clusters, which uproot decodes whole, from chunk to chunk."""


class NTupleEvents(Events):
    """The fields of an RNTuple."""

    def __init__(self, tree: Any, name: str):
        _check_metadata(tree, name)
        super().__init__(tree, name)
        with reading(self.where):
            self._children = _index_fields(tree)
            _check_pages(tree)
            self._fields = {field.path: field for field in tree.all_fields if field.path}
        self.names = BranchNames(self._fields, imported=True)
        self._cache = uproot.LRUArrayCache(CACHE_BYTES)

    def _read(self, branch: str, start: int, stop: int) -> ak.Array:
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


def _check_metadata(ntuple: Any, name: str) -> None:
    path = ntuple.file.file_path
    if is_remote(path):
        return
    where = f"{path}: tree {name!r}"
    with reading(where), RootFile(Path(path), writable=False) as file:
        try:
            check_metadata(file, file.key_at(ntuple.parent.fSeekKey))
        except Damaged as error:
            raise FileError(f"{where}: cannot be read: {error}") from error


def _check_pages(ntuple: Any) -> None:
    """Compare each page that uproot reads with its checksum, which uproot does not.

    XXH3 of the page's bytes follows them (RNTuple's binary format, "Page Locations"). Not so
    of remote files, of which each page would travel twice.
    """
    if is_remote(ntuple.file.file_path) or "read_page" in vars(ntuple):
        return
    read = ntuple.read_page

    def read_page(into: Any, cluster: int, column: int, page: int, field: Any) -> None:
        described = ntuple.page_link_list[cluster][column].pages[page]
        if described.has_checksum:
            start = described.locator.offset
            stop = start + described.locator.num_bytes
            data = ntuple.file.source.chunk(start, stop + 8).raw_data
            if xxhash.xxh3_64_digest(data[:-8])[::-1] != bytes(data[-8:]):
                raise ValueError(f"page {page} of cluster {cluster} does not match its checksum")
        read(into, cluster, column, page, field)

    ntuple.read_page = read_page
