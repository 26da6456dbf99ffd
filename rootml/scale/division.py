"""A file whose entries are judged by several workers, and written by one."""

from __future__ import annotations

import json
import threading
import warnings
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Protocol, Self, TypeVar
from uuid import uuid4

from rootml.errors import InputError, RootmlError, RootmlWarning
from rootml.rootio.chunks import chunk_edges, read_between
from rootml.runtime.servers import is_server
from rootml.scale.resume import SHAPING, unlike
from rootml.scale.task import Errand, Report, reason
from rootml.tagging.job import Job, columns_by_source
from rootml.tagging.judging import Judged, JudgedChunks, event_bytes, judge_chunks
from rootml.tagging.prepare import Run, TagOptions, open_jobs
from rootml.tagging.record import record

AHEAD = 2
"""Ranges of a file that are under way or wait to be written, for each worker."""
RANGES_PER_WORKER = 8
"""More of them share the work more evenly, fewer of them cost less."""
MOST_CHUNKS = 16
"""Chunks of a range, unless its entries are asked for: what is said of them is held in memory."""

T = TypeVar("T")


class Pool(Protocol):
    """Workers that run errands."""

    @property
    def workers(self) -> int:
        """How many there are."""

    def submit(self, errand: Errand[T], report: Report | None = None) -> Future[T]:
        """Have an errand run; where that cannot be done, it has failed."""


@dataclass(frozen=True)
class Failure:
    """Why entries could not be judged."""

    why: str


@dataclass(frozen=True)
class Division:
    """A file that is judged by ranges of entries.

    ``made``: the record of what the networks are and read, which is to hold for every worker.
    """

    source: str
    options: TagOptions
    made: str
    key: str = field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True)
class Range:
    """Some entries of a file to be judged: the chunks between ``edges``."""

    division: Division
    edges: tuple[int, ...]

    def __call__(self, report: Report) -> tuple[Judged, ...] | Failure:
        """What the networks say of each chunk."""
        try:
            jobs = _opened(self.division)
            chunks = read_between(columns_by_source(jobs), self.edges)
            return tuple(judge_chunks(jobs, chunks))
        except Exception as error:
            return Failure(reason(error))

    def again(self) -> Self:
        """The same: nothing of it can have stayed behind."""
        return self

    def failed(self, why: str) -> Failure:
        """What came of it where nobody could do it."""
        return Failure(f"entries {self.edges[0]} to {self.edges[-1]}: {why}")


def judge_by(
    pool: Pool, options: TagOptions, parts: int, entries: int | None, run: Run
) -> JudgedChunks:
    """The entries in range of a run, judged by the workers of a pool: chunk by chunk, in order.

    A range has ``entries`` at most, or one chunk; None: there are about ``parts``. Chunks are
    those of a run by one process, so that a network sees the same batches and says the same.
    Whatever the length of the file, so many ranges are held as the workers need to go on.
    """
    start, stop = run.plan.entry_range
    edges = chunk_edges(run.columns, start=start, stop=stop, event_bytes=event_bytes(run.jobs))
    if entries is None:
        longest = max(last - first for first, last in pairwise(edges))
        entries = min(-(-(stop - start) // parts), MOST_CHUNKS * longest)
    made = record(None, run.jobs, options.shaping())
    division = Division(run.plan.source, options, made)
    ranges = (Range(division, part) for part in divide(edges, entries))
    yield from _in_order(pool, ranges)


def _in_order(pool: Pool, ranges: Iterator[Range]) -> JudgedChunks:
    under_way: deque[Future[tuple[Judged, ...] | Failure]] = deque()

    def begin_more() -> None:
        room = max(0, AHEAD * pool.workers - len(under_way))  # a cluster may have grown
        under_way.extend(pool.submit(one) for one in islice(ranges, room))

    begin_more()
    try:
        while under_way:
            said = under_way.popleft().result()
            if isinstance(said, Failure):
                raise RootmlError(said.why)
            begin_more()
            yield from said
    finally:
        for future in under_way:
            future.cancel()


def divide(edges: Sequence[int], entries: int) -> Iterator[tuple[int, ...]]:
    """Edges of chunks in groups of at most ``entries``, or of one chunk that has more."""
    first = 0
    while first < len(edges) - 1:
        last = max(first + 1, bisect_right(edges, edges[first] + entries) - 1)
        yield tuple(edges[first : last + 1])
        first = last


_OPEN: dict[int, tuple[str, ExitStack, tuple[Job, ...]]] = {}
"""By thread, the division whose file it has open: the next range is mostly of the same."""


def _opened(division: Division) -> tuple[Job, ...]:
    """The networks and the tree of a division, checked to be those that it was made for."""
    thread = threading.get_ident()
    if thread in _OPEN and _OPEN[thread][0] == division.key:
        return _OPEN[thread][2]
    _close(thread)
    with ExitStack() as stack:
        with warnings.catch_warnings():  # who divides the file has said it
            warnings.simplefilter("ignore", RootmlWarning)
            jobs = open_jobs(stack, division.source, division.options)
        wanted, found = (
            json.loads(text)["taggings"]
            for text in (division.made, record(None, jobs, division.options.shaping()))
        )
        for entry in wanted:
            # A server may be away for one worker alone: then it says which engine ran instead.
            served = is_server(entry["engine"].get("device", ""))
            names = [name for name in SHAPING if not (served and name == "engine")]
            if different := unlike(entry, found, names):
                raise InputError(
                    f"{division.source}: a worker has another {different}, and what is judged "
                    "here and there would not be alike (--engine names one for all of them)"
                )
        _OPEN[thread] = division.key, stack.pop_all(), jobs
    return jobs


def _close(thread: int) -> None:
    if thread in _OPEN:
        _OPEN.pop(thread)[1].close()


def close_files() -> None:
    """Close what was opened for ranges of entries in this process, of which nothing goes on."""
    for thread in list(_OPEN):
        _close(thread)
