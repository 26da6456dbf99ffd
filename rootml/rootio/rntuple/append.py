"""Adding fields to an RNTuple: pages first, then page lists, footer and anchor written anew.

Nothing that is there is rewritten. The schema is extended in the footer, as ROOT does it for
fields that are added while an RNTuple is being written (spec: Schema Extension Record Frame).
The old page lists and the old footer stay as dead bytes: an older cycle of the RNTuple may
share them, and they are small.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace as with_changes
from pathlib import Path
from typing import Any

from rootml.errors import DataError
from rootml.rootio.columns import take_chunk
from rootml.rootio.container.compression import compressor
from rootml.rootio.container.directory import Found
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.rntuple.counters import find_counters
from rootml.rootio.rntuple.envelopes import ClusterGroup
from rootml.rootio.rntuple.frames import FOOTER, PAGE_LIST, seal
from rootml.rootio.rntuple.page_lists import Cluster, empty_range
from rootml.rootio.rntuple.pages import Blobs, FieldWriter, cut
from rootml.rootio.rntuple.placing import extended, place_fields
from rootml.rootio.rntuple.verify import verify_fields
from rootml.rootio.rntuple.view import NTupleView
from rootml.rootio.ttree.streamers import ClassVersion
from rootml.rootio.ttree.tracing import Reader
from rootml.spec import Column


class NTupleAppend:
    """New fields of one RNTuple: ``write`` streams their pages, ``finish`` extends the schema.

    ``compression`` is that of the RNTuple's own pages unless given. ``replace``: fields that get
    the new pages, if they are of the new columns' types; their old pages stay as dead bytes.
    """

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
        self.view = NTupleView(file, self._key)
        self.columns, self.written = tuple(columns), 0
        self._blobs, replaced = self._destination(compression), frozenset(replace)
        self.places = place_fields(self.view, columns, replaced, split=self._blobs.setting > 0)
        self._writers = {
            column.name: FieldWriter(self._blobs, place.field.elements)
            for column, place in zip(columns, self.places, strict=True)
        }
        self._counters = find_counters(reader, self.path, columns, replaced)
        clusters = sorted(self.view.clusters)
        self._ranks = {cluster: number for number, cluster in enumerate(clusters)}
        self._stops = [first + entries for first, entries in clusters]
        self._ended = 0

    def _destination(self, compression: int | None) -> Blobs:
        view = self.view
        setting = view.setting if compression is None else compression
        setting = self._file.header.compression if setting is None else setting
        return Blobs(self._file, setting, compressor(setting), view.record_limit)

    @property
    def needed_streamers(self) -> set[ClassVersion]:
        """Nothing: the file has an RNTuple already."""
        return set()

    def write(self, columns: Mapping[str, Any]) -> None:
        """Take the next events of all columns."""
        chunk = take_chunk(self.columns, columns, self.written, self.view.entries)
        for name, counter in self._counters.items():
            counter.check(self.written, chunk.counts[name])
        stop = self.written + chunk.events
        inside = self._stops[self._ended : bisect_left(self._stops, stop)]
        edges = [0, *(edge - self.written for edge in inside), chunk.events]
        pieces = {name: cut(part, edges) for name, part in chunk.parts.items()}
        for number in range(len(edges) - 1):
            for name, piece in pieces.items():
                self._writers[name].write(piece(number))
            self.written += edges[number + 1] - edges[number]
            self._end_clusters()

    def _end_clusters(self) -> None:
        """End the clusters that are complete."""
        while self._ended < len(self._stops) and self._stops[self._ended] <= self.written:
            for writer in self._writers.values():
                writer.end_cluster()
            self._ended += 1

    def finish(self) -> None:
        """Append page lists, footer and anchor; DataError if events are missing."""
        view = self.view
        if self.written != view.entries:
            raise DataError(f"{self.written} events, but the RNTuple has {view.entries} entries")
        self._end_clusters()
        groups = tuple(map(self._extend_group, view.groups))
        extension = extended(view.footer.extension, self.places)
        footer = with_changes(view.footer, extension=extension, groups=groups)
        link = self._blobs.append_envelope(seal(FOOTER, footer.pack()))
        content = with_changes(view.anchor, footer=link).pack()
        new = self._file.append_object(self._key, content, len(content))
        self._file.release(self._key.seek, self._key.nbytes)
        self.keys.replace(self._key, new)
        self._key = new

    def verify(self, source: Path, file: RootFile) -> None:
        """Prove that nothing was lost (see ``verify_fields``)."""
        verify_fields(file, self._reader, self.path, self._key, self.view, self.places)

    def _extend_group(self, group: ClusterGroup) -> ClusterGroup:
        """Append a group's page list with the new columns."""
        pages = self.view.page_list(group)
        clusters = tuple(map(self._extend_cluster, pages.clusters))
        payload = with_changes(pages, clusters=clusters).pack()
        return with_changes(group, link=self._blobs.append_envelope(seal(PAGE_LIST, payload)))

    def _extend_cluster(self, cluster: Cluster) -> Cluster:
        """Put the pages into their places; an old cluster may lack the last of the old columns."""
        rank = self._ranks[cluster.first, cluster.entries]
        late = self.view.columns[len(cluster.columns.items) :]
        lacking = [empty_range(None if c.suppressed_before else self._blobs.setting) for c in late]
        items = [*cluster.columns.items, *lacking]
        for place, writer in zip(self.places, self._writers.values(), strict=True):
            items[place.columns] = [column.ranges[rank] for column in writer.columns]
        columns = with_changes(cluster.columns, items=tuple(items))
        return with_changes(cluster, columns=columns)
