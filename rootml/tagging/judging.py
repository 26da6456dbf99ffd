"""What networks say of the events of a tree, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootml.errors import located
from rootml.rootio.chunks import Chunk, read_together
from rootml.tagging.job import Job
from rootml.tagging.prepare import Run


@dataclass(frozen=True)
class Judged:
    """A chunk of entries that was judged.

    ``columns``: by branch, as a sink takes them. ``rows``: by model, how many events or objects
    its network judged, and ``ran``: what ran it.
    """

    entries: int
    columns: Mapping[str, Any]
    rows: Mapping[str, int]
    ran: Mapping[str, Mapping[str, str]]


JudgedChunks = Generator[Judged, None, None]
Judge = Callable[[Run], JudgedChunks]
"""Has the entries in range of a run judged, in order."""


def judge_here(run: Run) -> JudgedChunks:
    """The entries in range, which begin to be read, judged by this process."""
    start, stop = run.plan.entry_range
    size = event_bytes(run.jobs)
    chunks = read_together(run.columns, start=start, stop=stop, event_bytes=size)
    return judge_chunks(run.jobs, chunks)


def judge_chunks(jobs: Sequence[Job], chunks: Iterable[tuple[int, Chunk]]) -> JudgedChunks:
    """What the networks say of chunks of one tree."""
    source = jobs[0].source
    where = f"{source.path}: tree {source.name!r}"
    for first, events in chunks:
        columns: dict[str, Any] = {}
        rows: dict[str, int] = {}
        for job in jobs:
            with located(where, first):
                said = job(events[job.source])
            columns |= said.columns
            rows[job.name] = len(said.batch.row)
        ran = {job.name: job.tagger.model.engine.described() for job in jobs}
        yield Judged(len(events[source]), columns, rows, ran)


def event_bytes(jobs: Sequence[Job]) -> int:
    """Size of the tensors that views make of an event, one object in it."""
    return sum(spec.row_bytes for job in jobs for spec in job.tagger.view.tensors)
