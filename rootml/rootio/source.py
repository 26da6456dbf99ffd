"""Trees opened for reading, as the layouts of adapters see them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rootml.adapter import Adapter, Options
from rootml.errors import RootmlWarning, located
from rootml.rootio.chunks import CHUNK_BYTES, read, read_together
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import Named
from rootml.rootio.events.kinds import open_trees
from rootml.rootio.matching import Decoder, Match
from rootml.rootio.survey import Survey

if TYPE_CHECKING:
    import awkward as ak

PROBE_ENTRIES = 1000
"""Entries that a layout may look at to settle its options."""


class Source:
    """One tree of one file, maybe with friends, matched to a layout and open for reading.

    Make one with :func:`open_source`, or several of one tree with :func:`open_sources`; close it,
    or use it as a context manager.
    """

    def __init__(self, path: str, events: Events, decoder: Decoder):
        self.path = path
        self.events = events
        self.decoder = decoder

    @property
    def tree(self) -> Any:
        """uproot's TTree or RNTuple, without friends."""
        return self.events.tree

    @property
    def name(self) -> str:
        """Path of the tree in its file, without cycle."""
        return self.decoder.match.tree

    @property
    def num_entries(self) -> int:
        """Entries of the tree."""
        return self.events.num_entries

    @property
    def adapter(self) -> Adapter:
        """The experiment's adapter."""
        return self.decoder.match.adapter

    def read(self, columns: Sequence[str], start: int, stop: int) -> ak.Array:
        """The logical columns of the entries ``start`` to ``stop`` (exclusive)."""
        return read({self: columns}, start, stop)[self]

    def chunks(
        self,
        columns: Sequence[str],
        *,
        start: int = 0,
        stop: int | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ) -> Iterator[tuple[int, ak.Array]]:
        """``(first entry, logical columns)`` by chunks: :func:`read_together` for this alone."""
        chunks = read_together({self: columns}, start=start, stop=stop, chunk_bytes=chunk_bytes)
        return ((first, events[self]) for first, events in chunks)

    def close(self) -> None:
        """Close the file, and those of friends."""
        self.events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def settle(found: Match, events: Events) -> Decoder:
    """Let the layout look at the first entries and settle its options (units)."""
    options: Options = {}
    layout = found.layout
    if layout.configure is not None:
        import awkward as ak

        probes = {key: found.found[key] for key in layout.probes if key in found.found}
        stop = min(events.num_entries, PROBE_ENTRIES)
        raw = events.read(tuple(probes.values()), 0, stop)
        with located(events.where, 0):
            options = layout.configure(
                ak.zip({key: raw[path] for key, path in probes.items()}, depth_limit=1)
            )
    return Decoder(found, options, events.where)


def open_source(
    path: str | Path,
    adapters: Sequence[Adapter],
    *,
    tree: str | None = None,
    friends: Named = (),
) -> Source:
    """Open the tree of ``path`` that is in a layout of one of the ``adapters``.

    A TTree, an RNTuple or a group of HDF5; its branches may be those of its friends as well, and of
    further ``friends`` (``"[alias=]file.root[:tree]"``). Raises :class:`~rootml.errors.FileError`,
    :class:`~rootml.errors.TreeError` or, where no layout or more than one matches,
    :class:`~rootml.errors.LayoutError`.
    """
    return open_sources(path, [adapters], tree=tree, friends=friends)[0]


def open_sources(
    path: str | Path,
    choices: Sequence[Sequence[Adapter]],
    *,
    tree: str | None = None,
    friends: Named = (),
) -> tuple[Source, ...]:
    """Open the tree of ``path`` that is in a layout of one adapter of each of the ``choices``.

    One source for each choice, in their order, as of :func:`open_source`. They share the open
    tree: who closes one closes all.
    """
    with ExitStack() as stack:
        directory = stack.enter_context(open_trees(path))
        found = Survey(directory, choices, tree, friends)
        stack.callback(found.close_friends)
        matched = found.choose()
        events = found.trees.pop(matched[0].tree)
        stack.callback(events.close_friends)
        sources = tuple(Source(str(path), events, settle(match, events)) for match in matched)
        for problem in events.problems:
            warnings.warn(f"{events.where}: {problem}", RootmlWarning)
        found.close_friends()
        stack.pop_all()
        return sources
