"""Reading the logical columns of a tree in chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rootml.adapter import Adapter, Options
from rootml.errors import BranchError, located
from rootml.rootio.matching import BranchNames, Decoder, Match, choose, match
from rootml.rootio.opening import open_file, open_tree, reading, tree_names

if TYPE_CHECKING:
    import awkward as ak
    import uproot

CHUNK_BYTES = 32 << 20
"""What a chunk of events may take in memory."""
PROBE_ENTRIES = 1000
"""Entries that a layout may look at to settle its options."""


class Source:
    """One tree of one file, matched to a layout and open for reading.

    Make one with :func:`open_source`; close it, or use it as a context manager.
    """

    def __init__(self, path: str, tree: uproot.TTree, decoder: Decoder):
        self.path = path
        self.tree = tree
        self.decoder = decoder

    @property
    def name(self) -> str:
        """Path of the tree in its file, without cycle."""
        return self.decoder.match.tree

    @property
    def num_entries(self) -> int:
        """Entries of the tree."""
        return int(self.tree.num_entries)

    @property
    def adapter(self) -> Adapter:
        """The experiment's adapter."""
        return self.decoder.match.adapter

    def read(self, columns: Sequence[str], start: int, stop: int) -> ak.Array:
        """The logical columns of the entries ``start`` to ``stop`` (exclusive)."""
        branches = self.decoder.branches(columns)
        raw = read_branches(self.tree, branches, start, stop, self._where)
        with located(self._where, start):
            return self.decoder.decode(raw, columns)

    def chunks(
        self,
        columns: Sequence[str],
        *,
        start: int = 0,
        stop: int | None = None,
        event_bytes: int = 0,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> Iterator[tuple[int, ak.Array]]:
        """Yield ``(first entry, logical columns)``; one chunk is read ahead in a thread.

        A chunk has about ``chunk_bytes``, counting an event's share of the branches,
        uncompressed, and ``event_bytes`` for what the caller makes of it.
        """
        stop = self.num_entries if stop is None else stop
        size = sum(self.tree[b].uncompressed_bytes for b in self.decoder.branches(columns))
        step = max(1, int(chunk_bytes / (size / max(self.num_entries, 1) + event_bytes + 1)))
        edges = [*range(start, stop, step), stop] if stop > start else []
        ranges = list(pairwise(edges))
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="rootml-read") as pool:
            ahead: Future[ak.Array] | None = None
            for index, (first, last) in enumerate(ranges):
                events = (ahead or pool.submit(self.read, columns, first, last)).result()
                ahead = None
                if index + 1 < len(ranges):
                    ahead = pool.submit(self.read, columns, *ranges[index + 1])
                yield first, events

    @property
    def _where(self) -> str:
        return f"{self.path}: tree {self.name!r}"

    def close(self) -> None:
        """Close the file."""
        self.tree.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def read_branches(
    tree: uproot.TTree, branches: Sequence[str], start: int, stop: int, where: str
) -> dict[str, ak.Array]:
    """Read some branches of a range of entries as Awkward Arrays, by path."""
    raw = {}
    for branch in branches:
        with reading(f"{where}, branch {branch!r}"):
            raw[branch] = tree[branch].array(
                entry_start=start, entry_stop=stop, library="ak", array_cache=None
            )
        if len(raw[branch]) != stop - start:
            raise BranchError(
                f"{where}, branch {branch!r}: {len(raw[branch])} entries "
                f"from {start} to {stop}, expected {stop - start}"
            )
    return raw


def survey(
    directory: uproot.ReadOnlyDirectory, adapters: Sequence[Adapter], tree: str | None = None
) -> tuple[list[Match], dict[str, BranchNames]]:
    """Compare every tree of a file (or the named one) with every layout of the adapters."""
    matches, names = [], {}
    for name in [tree.split(";")[0]] if tree else tree_names(directory):
        keys = open_tree(directory, name).keys(recursive=True, full_paths=True)
        names[name] = BranchNames(keys)
        matches += [
            match(adapter, layout, name, names[name], named=tree is not None)
            for adapter in adapters
            for layout in adapter.layouts
        ]
    return matches, names


def settle(found: Match, tree: uproot.TTree, where: str) -> Decoder:
    """Let the layout look at the first entries and settle its options (units)."""
    options: Options = {}
    layout = found.layout
    if layout.configure is not None:
        import awkward as ak

        probes = {key: found.found[key] for key in layout.probes if key in found.found}
        stop = min(int(tree.num_entries), PROBE_ENTRIES)
        raw = read_branches(tree, tuple(probes.values()), 0, stop, where)
        with located(where, 0):
            options = layout.configure(
                ak.zip({key: raw[path] for key, path in probes.items()}, depth_limit=1)
            )
    return Decoder(found, options, where)


def open_source(
    path: str | Path, adapters: Sequence[Adapter], *, tree: str | None = None
) -> Source:
    """Open the tree of ``path`` that is in a layout of one of the ``adapters``.

    Raises :class:`~rootml.errors.FileError`, :class:`~rootml.errors.TreeError` or, where no
    layout or more than one matches, :class:`~rootml.errors.LayoutError`.
    """
    directory = open_file(path)
    try:
        matches, names = survey(directory, adapters, tree)
        found = choose(matches, names, str(path))
        opened = open_tree(directory, found.tree)
        return Source(str(path), opened, settle(found, opened, f"{path}: tree {found.tree!r}"))
    except BaseException:
        directory.close()
        raise
