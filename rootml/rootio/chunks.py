"""A tree read in chunks of bounded memory, for one layout of it or for several at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

from rootml.errors import located

if TYPE_CHECKING:
    import awkward as ak

    from rootml.rootio.source import Source

CHUNK_BYTES = 16 << 20
"""What a chunk of events may take in memory."""

FIRST_SHARE = 4
"""The first chunk is this part of a whole one, or ends with the basket there."""

Chunk = dict["Source", "ak.Array"]


def read_together(
    columns: Mapping[Source, Sequence[str]],
    *,
    start: int = 0,
    stop: int | None = None,
    event_bytes: int = 0,
    chunk_bytes: int = CHUNK_BYTES,
) -> Iterator[tuple[int, Chunk]]:
    """``(first entry, logical columns of each source)``; a thread reads one ahead, from now on.

    The sources are of one open tree; what several of them need is read once. The chunks are
    those of :func:`chunk_edges`.
    """
    edges = chunk_edges(
        columns, start=start, stop=stop, event_bytes=event_bytes, chunk_bytes=chunk_bytes
    )
    return read_between(columns, edges)


def chunk_edges(
    columns: Mapping[Source, Sequence[str]],
    *,
    start: int = 0,
    stop: int | None = None,
    event_bytes: int = 0,
    chunk_bytes: int = CHUNK_BYTES,
) -> list[int]:
    """The entries at which chunks begin, and the last one's end.

    A chunk has at most about ``chunk_bytes``, counting an event's share of the branches,
    uncompressed, and ``event_bytes`` for what the caller makes of it. It ends with a basket where
    it can, so that few are read twice. The first of several is a short one: until it is read
    there is nothing to do with it.
    """
    events = next(iter(columns)).events
    stop = events.num_entries if stop is None else stop
    branches = branches_of(columns)
    size = sum(map(events.nbytes, branches))
    step = max(1, int(chunk_bytes / (size / max(events.num_entries, 1) + event_bytes + 1)))
    return list(_edges(start, stop, step, events.boundaries(branches)))


def read_between(
    columns: Mapping[Source, Sequence[str]], edges: Sequence[int]
) -> Iterator[tuple[int, Chunk]]:
    """As :func:`read_together`, of the chunks between ``edges``, ascending."""
    ranges = list(pairwise(edges))
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rootml-read")
    first = [pool.submit(read, columns, *ranges[0])] if ranges else []
    return _chunks(columns, ranges, pool, first)


def branches_of(columns: Mapping[Source, Sequence[str]]) -> tuple[str, ...]:
    """The branches that sources of one tree need for their columns, each once."""
    needed = [path for source, some in columns.items() for path in source.decoder.branches(some)]
    return tuple(dict.fromkeys(needed))


def read(columns: Mapping[Source, Sequence[str]], start: int, stop: int) -> Chunk:
    """The logical columns of the entries ``start`` to ``stop`` (exclusive) of one open tree."""
    events = next(iter(columns)).events
    raw = events.read(branches_of(columns), start, stop)
    with located(events.where, start):
        return {source: source.decoder.decode(raw, some) for source, some in columns.items()}


def _chunks(
    columns: Mapping[Source, Sequence[str]],
    ranges: Sequence[tuple[int, int]],
    pool: ThreadPoolExecutor,
    ahead: list[Future[Chunk]],
) -> Iterator[tuple[int, Chunk]]:
    with pool:
        for index, (first, _) in enumerate(ranges):
            events = ahead.pop().result()
            if index + 1 < len(ranges):
                ahead.append(pool.submit(read, columns, *ranges[index + 1]))
            yield first, events


def _edges(start: int, stop: int, step: int, boundaries: Sequence[int]) -> Iterator[int]:
    """From ``start`` to ``stop`` in steps of at most ``step``, to boundaries if not too short."""
    if stop - start > step:
        yield start
        least = start + max(1, step // FIRST_SHARE)
        start = next((b for b in boundaries if least <= b <= start + step), least)
    while start < stop:
        yield start
        last = bisect_right(boundaries, start + step) - 1
        whole = boundaries[last] if last >= 0 else 0
        start = whole if whole > start + step // 2 else start + step
    yield stop
