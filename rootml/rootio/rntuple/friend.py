"""An RNTuple with entries and without fields, for new fields to be added to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rootml.rootio.container.compression import compressor
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.rntuple.envelopes import Anchor, ClusterGroup, Footer, Header
from rootml.rootio.rntuple.frames import (
    CHECKSUM_BYTES,
    FOOTER,
    HEADER,
    PAGE_LIST,
    FrameList,
    seal,
)
from rootml.rootio.rntuple.page_lists import Cluster, PageList, summary
from rootml.rootio.rntuple.pages import Blobs
from rootml.rootio.rntuple.schema import Schema
from rootml.rootio.rntuple.view import MAX_KEY_SIZE

_CLASS_VERSION = 2
_FORMAT = (1, 0, 0, 0)
_WRITER = "rootml"


def add_empty_ntuple(
    path: Path,
    folder: str,
    name: str,
    description: str,
    clusters: Sequence[tuple[int, int]],
    setting: int,
) -> None:
    """Add the RNTuple ``name`` to a ROOT file, in its directory ``folder`` ("" is the file's own).

    ``clusters``: first entry and number of entries of each, those of the RNTuple to be joined;
    ``setting``: how the metadata are compressed.
    """
    with RootFile(path) as file:
        keys = KeyList.of_path(file, folder)
        blobs = Blobs(file, setting, compressor(setting), MAX_KEY_SIZE)
        header = seal(HEADER, Header(name, description, _WRITER, Schema()).pack())
        link, mark = blobs.append_envelope(header), header[-CHECKSUM_BYTES:]
        groups = (_group(blobs, mark, clusters),) if clusters else ()
        footer = seal(FOOTER, Footer(mark, Schema(), groups).pack())
        anchor = Anchor(_CLASS_VERSION, _FORMAT, link, blobs.append_envelope(footer), MAX_KEY_SIZE)
        keys.add(b"ROOT::RNTuple", name, b"", anchor.pack())
        keys.write()
        file.finish()


def _group(blobs: Blobs, mark: bytes, clusters: Sequence[tuple[int, int]]) -> ClusterGroup:
    """Append the page list of clusters without columns."""
    summaries = FrameList(tuple(summary(*cluster) for cluster in clusters))
    empty = tuple(Cluster(*cluster, FrameList()) for cluster in clusters)
    pages = seal(PAGE_LIST, PageList(mark, summaries, empty).pack())
    entries = sum(entries for _, entries in clusters)
    return ClusterGroup(0, entries, len(clusters), blobs.append_envelope(pages))
