"""Comparing two RNTuples field by field: pages in place, otherwise values.

Field and column records, page lists: ROOT, tree/ntuple/doc/BinaryFormatSpecification.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from rootml.errors import FileError, RootmlError
from rootml.rootio.diff.differences import Change, Entry
from rootml.rootio.diff.objects import compare_keys
from rootml.rootio.diff.opened import Comparison
from rootml.rootio.diff.plain import said
from rootml.rootio.diff.regions import SAME_BYTES, Ranges, sweep
from rootml.rootio.diff.values import compare_values
from rootml.rootio.diff.walking import Item, pair
from rootml.rootio.opening import reading
from rootml.rootio.rntuple.view import check_metadata

_CHECKSUM_BYTES = 8  # XXH3, behind a page that has one
_SAID = {
    "type_name": "type", "type_alias": "type alias", "field_desc": "description",
    "type_version": "type version", "repetition": "repetition", "struct_role": "role",
    "flags": "flags",
}  # fmt: skip
"""What a field's record says, and what we call it."""


@dataclass(frozen=True)
class Page:
    """Entries of the cluster, place among the field's columns, elements; offset and size."""

    cluster: tuple[int, int]
    column: int
    elements: int
    place: tuple[int, int]


@dataclass(frozen=True)
class Field:
    """A top-level field: its records and those below it, and the numbers of their columns."""

    name: str
    ntuple: Any
    records: dict[str, Any]
    columns: list[int]

    def __str__(self) -> str:
        record = self.records[self.name]
        described = f", {record.field_desc!r}" if record.field_desc else ""
        return f"{record.type_name}{described}"

    def facts(self) -> dict[str, Any]:
        """Return what the records of the field and of those below it say."""
        told = {
            f"{path}: {word}": getattr(record, name)
            for path, record in self.records.items()
            for name, word in _SAID.items()
        }
        sources = {path: record.source_field_id for path, record in self.records.items()}
        return told | {
            f"{path}: projected from": self.ntuple.field_records[source].field_name
            for path, source in sources.items()
            if source is not None
        }

    def encoding(self) -> list[tuple[Any, ...]]:
        """Return what decides how the pages of each column are read."""
        names = ("type", "nbits", "flags", "repr_idx", "first_element_index")
        lists = [
            lists[c] for lists in self.ntuple.page_link_list for c in self.columns if c < len(lists)
        ]
        return [
            *(
                tuple(getattr(self.ntuple.column_records[c], n) for n in names)
                for c in self.columns
            ),
            *((pages.element_offset, pages.suppressed) for pages in lists),
        ]

    def pages(self) -> Iterator[Page]:
        """Yield the pages of all columns in all clusters."""
        for number, lists in enumerate(self.ntuple.page_link_list):
            summary = self.ntuple.cluster_summaries[number]
            cluster = (summary.num_first_entry, summary.num_entries)
            for place, column in enumerate(self.columns):
                for page in lists[column].pages if column < len(lists) else ():
                    size = page.locator.num_bytes + _CHECKSUM_BYTES * page.has_checksum
                    where = (page.locator.offset, size)
                    yield Page(cluster, place, page.num_elements, where)

    def read(self, start: int, stop: int) -> Any:
        """Return the values of a range of entries."""
        field = next(f for f in self.ntuple.fields if f.record.field_name == self.name)
        return field.array(entry_start=start, entry_stop=stop)


def fields(ntuple: Any) -> Iterator[Field]:
    """Yield the top-level fields."""
    records = ntuple.field_records
    below: dict[int, list[int]] = {}
    for number, record in enumerate(records):
        below.setdefault(record.parent_field_id, []).append(number)
    columns: dict[int, list[int]] = {}
    for column in ntuple.column_records:
        columns.setdefault(column.field_id, []).append(column.idx)

    def collect(number: int, path: str) -> Iterator[tuple[str, int]]:
        yield path, number
        for child in below.get(number, ()):
            if child != number:
                yield from collect(child, f"{path}.{records[child].field_name}")

    for number, record in enumerate(records):
        if record.parent_field_id == number:
            inside = dict(collect(number, record.field_name))
            numbers = [c for n in inside.values() for c in columns.get(n, ())]
            yield Field(
                record.field_name, ntuple, {p: records[n] for p, n in inside.items()}, numbers
            )


def compare_ntuples(both: Comparison, a: Item, b: Item, path: str) -> None:
    """Compare what two RNTuples say and hold."""
    keys, found = compare_keys(a, b), both.found
    try:
        for side, item in both.sides(a, b):
            check_metadata(side.file, item.key)
        models = (both.old.model(a), both.new.model(b))
    except RootmlError as error:
        keys.append((f"a {a.class_name}", f"cannot be compared: {error}"))
        found.judge(path, "ntuple", keys, "")
        return
    changed = said("", *map(_facts, models))
    sides = [list(fields(model)) for model in models]
    found.judge(path, "ntuple", keys + changed, "same facts")
    pairs, lost, added = pair(*sides, name=lambda field: field.name)
    found.lost += [Entry(f"{path}/{f.name}", "field", was=str(f)) for f in lost]
    found.added += [Entry(f"{path}/{f.name}", "field", now=str(f)) for f in added]
    places = [_common_ranges(*pages) for pages in pairs]
    unchanged = sweep(both.old.file, both.new.file, places, both.report)
    for (one, other), same in zip(pairs, unchanged, strict=True):
        changed, how = said("", one.facts(), other.facts()), SAME_BYTES
        if not same and not changed:
            changed, how = _values(one, other), "same values, stored differently"
        found.judge(f"{path}/{one.name}", "field", changed, how)


def _facts(ntuple: Any) -> dict[str, Any]:
    header = ntuple.header
    return {
        "name": header.ntuple_name,
        "description": header.ntuple_description,
        "entries": int(ntuple.num_entries),
    }


def _common_ranges(old: Field, new: Field) -> Ranges | None:
    """Return where the pages are, if they are the same pages at the same places."""
    try:
        with reading(old.name):
            pages = list(old.pages())
            table = np.array([page.place for page in pages], np.int64).reshape(-1, 2)
            same = pages == list(new.pages()) and old.encoding() == new.encoding()
            if not same or (table < 0).any():
                return None
    except FileError:
        return None
    return np.stack([table[:, 0], table.sum(axis=1)], axis=1)


def _values(old: Field, new: Field) -> list[Change]:
    entries = int(old.ntuple.num_entries)
    size = 2 * sum(page.place[1] for page in old.pages())
    try:
        with reading(f"field {old.name!r}"):
            change = compare_values(old.read, new.read, entries, size)
    except FileError as error:
        change = (str(old), f"cannot be compared: {error}")
    return [change] if change else []
