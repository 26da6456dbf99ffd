"""The proof that nothing was lost, made on the planned file before it counts."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import Any

import uproot

from rootml.errors import AppendRefused
from rootml.rootio.container.keys import Key
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.rntuple.frames import CHECKSUM_BYTES, checksum
from rootml.rootio.rntuple.page_lists import Cluster, PageRange
from rootml.rootio.rntuple.placing import Place, extended
from rootml.rootio.rntuple.schema import Field
from rootml.rootio.rntuple.view import NTupleView
from rootml.rootio.ttree.tracing import Reader


def verify_fields(
    file: RootFile, reader: Reader, path: str, key: Key, old: NTupleView, places: list[Place]
) -> None:
    """Check ``file`` as it is planned, with fields written at ``places`` of its RNTuple ``path``.

    What was appended is a chain of records. The RNTuple whose anchor is now the record of
    ``key`` has the header, the fields, the clusters, and in each of them the pages it had but
    for those at ``places``; new fields are behind all others. Every new page has its checksum.
    uproot sees the old fields, as ``reader`` does in the file as it was, and the new.
    AppendRefused if not.
    """
    for _ in file.records(file.old_end):
        pass
    now = NTupleView(file, key)
    _same(old.anchor, replace(now.anchor, footer=old.anchor.footer), "anchor")
    _same(extended(old.footer.extension, places), now.footer.extension, "schema")
    links = tuple(
        replace(group, link=before.link)
        for group, before in zip(now.groups, old.groups, strict=True)
    )
    footer = replace(now.footer, extension=old.footer.extension, groups=links)
    _same(old.footer, footer, "footer")
    for before, group in zip(old.groups, now.groups, strict=True):
        first, second = old.page_list(before), now.page_list(group)
        _same(first, replace(second, clusters=first.clusters), "page list")
        for cluster, longer in zip(first.clusters, second.clusters, strict=True):
            _verify_cluster(file, cluster, longer, len(now.columns), places)
    added = [Field.parse(frame) for p in places if p.is_new for frame in p.field.fields]
    with file.planned().stream() as stream, uproot.open(stream) as planned:
        _same([*_facts(reader.open(path)), *added], _facts(planned[path]), "fields")


def _verify_cluster(
    file: RootFile, old: Cluster, new: Cluster, columns: int, places: list[Place]
) -> None:
    """Check that only pages at ``places`` changed or were added, and read these."""
    before, after = old.columns.items, new.columns.items
    _same(columns, len(after), "columns")
    kept, written = list(after[: len(before)]), list[bytes]()
    for place in places:
        written += after[place.columns]
        if not place.is_new:
            kept[place.columns] = before[place.columns]
    _same(old, replace(new, columns=replace(new.columns, items=tuple(kept))), "cluster")
    for page in chain.from_iterable(PageRange.parse(frame).pages for frame in written):
        data = file.read(page.seek, page.nbytes + CHECKSUM_BYTES)
        _same(checksum(data[: page.nbytes]), data[page.nbytes :], "pages")


def _facts(ntuple: Any) -> list[Field | int]:
    """Return the number of entries and the fields as uproot sees them."""
    records = ntuple.field_records
    fields = [Field(r.parent_field_id, r.field_name, r.type_name) for r in records]
    return [int(ntuple.num_entries), *fields]


def _same(expected: object, found: object, what: str) -> None:
    if expected != found:
        raise AppendRefused(f"internal error: its {what} are not what they should be")
