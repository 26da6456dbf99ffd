"""An RNTuple in a file, as far as adding fields needs to know it, with all checksums checked."""

from __future__ import annotations

from rootml.errors import AppendRefused
from rootml.rootio.container.compression import decompress
from rootml.rootio.container.keys import Key
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.rntuple.envelopes import Anchor, ClusterGroup, Footer, Header, Link
from rootml.rootio.rntuple.frames import FOOTER, HEADER, PAGE_LIST, Damaged, unseal
from rootml.rootio.rntuple.page_lists import Cluster, PageList, PageRange
from rootml.rootio.rntuple.schema import Field, PhysicalColumn, aliased_column

MAX_KEY_SIZE = 1 << 30
"""RNTupleWriteOptions' largest record; what 0 in the anchor stands for, as uproot writes it."""

_CLASS = b"ROOT::RNTuple"
_EPOCH = 1


class NTupleView:
    """The schema and the clusters of the RNTuple whose anchor is the record of ``key``.

    ``clusters``: first entry and number of entries of each, in the order of the page lists.
    """

    def __init__(self, file: RootFile, key: Key) -> None:
        if key.class_name != _CLASS:
            raise AppendRefused(f"it is a {key.class_name.decode()}, not a {_CLASS.decode()}")
        self._file = file
        self.anchor = Anchor.parse(_content(file, key))
        if self.anchor.version[0] != _EPOCH:
            raise AppendRefused("it was written by a ROOT before the format of RNTuple was settled")
        header = self._envelope(HEADER, self.anchor.header)
        self.header = Header.parse(unseal(HEADER, header))
        self.footer = Footer.parse(unseal(FOOTER, self._envelope(FOOTER, self.anchor.footer)))
        self._header_checksum = header[-len(self.footer.header_checksum) :]
        if self.footer.header_checksum != self._header_checksum:
            raise Damaged("its footer belongs to another header")
        schemas = (self.header.schema, self.footer.extension)
        self.fields = [Field.parse(frame) for s in schemas for frame in s.fields.items]
        self.column_frames = [frame for s in schemas for frame in s.columns.items]
        self.columns = list(map(PhysicalColumn.parse, self.column_frames))
        self.aliased = {aliased_column(frame) for s in schemas for frame in s.aliases.items}
        self.setting: int | None = None
        self.clusters = [
            self._check(c) for group in self.groups for c in self.page_list(group).clusters
        ]
        self.entries = _tiled(self.clusters)

    @property
    def record_limit(self) -> int:
        """The bytes of a record beyond which ROOT would split what it holds."""
        return min(self.anchor.max_key_size or MAX_KEY_SIZE, MAX_KEY_SIZE)

    @property
    def groups(self) -> tuple[ClusterGroup, ...]:
        """The groups of clusters, one page list each."""
        return self.footer.groups

    @property
    def names(self) -> list[str]:
        """The names of the fields at the top."""
        return [field.name for number, field in enumerate(self.fields) if field.parent == number]

    def number_of(self, name: str) -> int:
        """Return the number of a field at the top."""
        fields = enumerate(self.fields)
        return next(n for n, field in fields if field.parent == n and field.name == name)

    def page_list(self, group: ClusterGroup) -> PageList:
        """Read the page list of a group."""
        pages = PageList.parse(unseal(PAGE_LIST, self._envelope(PAGE_LIST, group.link)))
        if pages.header_checksum != self._header_checksum:
            raise Damaged("a page list of it belongs to another header")
        if len(pages.clusters) != group.clusters:
            raise Damaged("a page list of it is damaged: clusters are missing")
        return pages

    def _envelope(self, kind: int, link: Link) -> bytes:
        if link.seek + link.nbytes > self._file.header.end:
            raise Damaged("its metadata reach beyond the end of the file")
        if max(link.nbytes, link.length) > self.record_limit:
            raise AppendRefused("its metadata are spread over several records")
        stored = self._file.read(link.seek, link.nbytes)
        return stored if link.nbytes == link.length else decompress(stored, link.length)

    def _check(self, cluster: Cluster) -> tuple[int, int]:
        """Note a cluster's range, and the compression of the first pages there are."""
        known = len(self.columns)
        late = len(self.footer.extension.columns.items)
        if not known - late <= len(cluster.columns.items) <= known:
            raise Damaged("a page list of it is damaged: columns are missing")
        if self.setting is None and cluster.columns.items:
            self.setting = PageRange.parse(cluster.columns.items[0]).setting
        return cluster.first, cluster.entries


def _content(file: RootFile, key: Key) -> bytes:
    """Return the content of a record, which has to be the one its directory tells of."""
    record = file.key_at(key.seek)
    if (record.keylen, record.length, record.stored) != (key.keylen, key.length, key.stored):
        raise Damaged("its key and its record disagree")
    stored = file.read(key.seek + key.keylen, key.stored)
    return stored if key.stored == key.length else decompress(stored, key.length)


def _tiled(clusters: list[tuple[int, int]]) -> int:
    """Return the number of entries; the clusters, in any order, must not leave or share one."""
    stop = 0
    for first, entries in sorted(clusters):
        if first != stop:
            raise AppendRefused("its clusters do not follow one another")
        stop += entries
    return stop


def check_metadata(file: RootFile, key: Key) -> None:
    """Raise Damaged for numbers that contradict each other; uproot would believe any, for hours.

    Metadata that are whole pass, also where nothing can be added to them.
    """
    try:
        NTupleView(file, key)
    except Damaged:
        raise
    except AppendRefused:
        return
