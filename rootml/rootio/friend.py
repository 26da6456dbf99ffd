"""A friend tree: the new columns alone, in a file of their own, entry by entry."""

from __future__ import annotations

from pathlib import Path

import uproot

from rootml.rootio.container.compression import uproot_setting
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.opening import open_file, open_tree
from rootml.rootio.sink import FileSink
from rootml.rootio.ttree.append import TreeAppend, split_path
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
    nothing to ``replace``. ``compression`` is ZSTD-5 unless given.
    """

    def _prepare(self, columns: tuple[Column, ...], compression: int | None) -> None:
        folder, name, _ = split_path(self.tree)
        title, entries = self._describe_source()
        path = self._place.path
        code = DEFAULT_COMPRESSION if compression is None else compression
        with uproot.recreate(path, compression=uproot_setting(code)) as empty:
            if folder:
                empty.mkdir(folder)
        _add_empty_tree(path, folder, name, title, entries)
        self._file = self._open.enter_context(RootFile(path))
        self._reader = self._open.enter_context(Reader(path))
        self._append = TreeAppend(
            self._file, self._reader, f"{folder}/{name}", columns, compression=code
        )

    def _describe_source(self) -> tuple[str, int]:
        with open_file(self.source) as file:
            tree = open_tree(file, self.tree)
            return str(tree.title), int(tree.num_entries)

    def _finish(self) -> None:
        return None


def _add_empty_tree(path: Path, folder: str, name: str, title: str, entries: int) -> None:
    with RootFile(path) as file, Reader(path) as reader:
        keys = KeyList.of_path(file, folder)
        content = tree_bytes(name, title, entries)
        keys.add(b"TTree", name, title.encode(), content)
        keys.write()
        add_streamers(file, reader, set(known_streamers()))
        file.finish()
