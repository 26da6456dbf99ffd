"""Reading the logical columns of a tree in chunks of bounded memory."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rootml.adapter import Adapter, Options
from rootml.errors import RootmlWarning, located
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import Named
from rootml.rootio.matching import Decoder, Match
from rootml.rootio.opening import open_file
from rootml.rootio.survey import Survey

if TYPE_CHECKING:
    import awkward as ak

CHUNK_BYTES = 16 << 20
"""What a chunk of events may take in memory."""
PROBE_ENTRIES = 1000
"""Entries that a layout may look at to settle its options."""


class Source:
    """One tree of one file, maybe with friends, matched to a layout and open for reading.

    Make one with :func:`open_source`; close it, or use it as a context manager.
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
        branches = self.decoder.branches(columns)
        raw = self.events.read(branches, start, stop)
        with located(self.events.where, start):
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
        """``(first entry, logical columns)`` by chunks; a thread reads one ahead, from now on.

        A chunk has at most about ``chunk_bytes``, counting an event's share of the branches,
        uncompressed, and ``event_bytes`` for what the caller makes of it. It ends with a basket
        where it can, so that few are read twice.
        """
        stop = self.num_entries if stop is None else stop
        branches = self.decoder.branches(columns)
        size = sum(map(self.events.nbytes, branches))
        step = max(1, int(chunk_bytes / (size / max(self.num_entries, 1) + event_bytes + 1)))
        ranges = list(pairwise(_edges(start, stop, step, self.events.boundaries(branches))))
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rootml-read")
        first = [pool.submit(self.read, columns, *ranges[0])] if ranges else []
        return self._chunks(columns, ranges, pool, first)

    def _chunks(
        self,
        columns: Sequence[str],
        ranges: Sequence[tuple[int, int]],
        pool: ThreadPoolExecutor,
        ahead: list[Future[ak.Array]],
    ) -> Iterator[tuple[int, ak.Array]]:
        with pool:
            for index, (first, _) in enumerate(ranges):
                events = ahead.pop().result()
                if index + 1 < len(ranges):
                    ahead.append(pool.submit(self.read, columns, *ranges[index + 1]))
                yield first, events

    def close(self) -> None:
        """Close the file, and those of friends."""
        self.events.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _edges(start: int, stop: int, step: int, boundaries: Sequence[int]) -> Iterator[int]:
    """From ``start`` to ``stop`` in steps of at most ``step``, to boundaries if not too short."""
    while start < stop:
        yield start
        last = bisect_right(boundaries, start + step) - 1
        whole = boundaries[last] if last >= 0 else 0
        start = whole if whole > start + step // 2 else start + step
    yield stop


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

    A TTree or RNTuple; its branches may be those of its friends as well, and of further
    ``friends`` (``"[alias=]file.root[:tree]"``). Raises :class:`~rootml.errors.FileError`,
    :class:`~rootml.errors.TreeError` or, where no layout or more than one matches,
    :class:`~rootml.errors.LayoutError`.
    """
    with ExitStack() as stack:
        directory = stack.enter_context(open_file(path))
        found = Survey(directory, adapters, tree, friends)
        stack.callback(found.close_friends)
        matched = found.choose()
        events = found.trees.pop(matched.tree)
        stack.callback(events.close_friends)
        source = Source(str(path), events, settle(matched, events))
        for problem in events.problems:
            warnings.warn(f"{events.where}: {problem}", RootmlWarning)
        found.close_friends()
        stack.pop_all()
        return source
