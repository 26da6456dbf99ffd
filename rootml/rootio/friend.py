"""A friend tree: the new columns alone, in a file of their own, entry by entry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import uproot

from rootml.rootio.appending import start_append
from rootml.rootio.container.compression import uproot_setting
from rootml.rootio.container.directory import KeyList, split_path
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.opening import NTUPLE_CLASS, open_file, open_tree, reading
from rootml.rootio.sink import FileSink
from rootml.rootio.ttree.serial import tree_bytes
from rootml.rootio.ttree.streamers import add_streamers, known_streamers
from rootml.rootio.ttree.tracing import Reader
from rootml.spec import Column

DEFAULT_COMPRESSION = 505
"""ZSTD-5, ROOT's general-purpose choice (RCompressionSetting::kUseGeneralPurpose)."""


class FriendSink(FileSink):
    """Writes a file with a tree of the same name and length that has only ``columns``.

    ``TTree::AddFriend(tree, target)`` joins it to the tree of ``source``. Nothing is asked of
    ``source`` but its number of entries, so this works where an append is refused; there is
    nothing to ``replace``. The friend of an RNTuple is an RNTuple with the same clusters, to be
    joined by ``RNTupleProcessor::CreateJoin``. ``compression`` is ZSTD-5 unless given.
    """

    def _prepare(self, columns: tuple[Column, ...], compression: int | None) -> None:
        folder, name, _ = split_path(self.tree)
        path = self._place.path
        code = DEFAULT_COMPRESSION if compression is None else compression
        with uproot.recreate(path, compression=uproot_setting(code)) as empty:
            if folder:
                empty.mkdir(folder)
        with open_file(self.source) as file:
            _add_empty(path, folder, name, open_tree(file, self.tree), code)
        self._file = self._open.enter_context(RootFile(path))
        self._reader = self._open.enter_context(Reader(path))
        self._append = start_append(
            self._file, self._reader, f"{folder}/{name}", columns, compression=code
        )

    def _finish(self) -> None:
        return None


def _add_empty(path: Path, folder: str, name: str, like: Any, code: int) -> None:
    """Add what ``like`` is, a TTree or an RNTuple, with its entries and without its branches."""
    if like.classname != NTUPLE_CLASS:
        _add_empty_tree(path, folder, name, str(like.title), int(like.num_entries))
        return
    from rootml.rootio.rntuple.friend import add_empty_ntuple

    with reading(f"RNTuple {name!r}"):
        clusters = [(c.num_first_entry, c.num_entries) for c in like.cluster_summaries]
        description = str(like.description)
    add_empty_ntuple(path, folder, name, description, clusters, code)


def _add_empty_tree(path: Path, folder: str, name: str, title: str, entries: int) -> None:
    with RootFile(path) as file, Reader(path) as reader:
        keys = KeyList.of_path(file, folder)
        content = tree_bytes(name, title, entries)
        keys.add(b"TTree", name, title.encode(), content)
        keys.write()
        add_streamers(file, reader, set(known_streamers()))
        file.finish()
