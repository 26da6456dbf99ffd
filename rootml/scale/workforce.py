"""Who tags the files of a run: this process, others of this machine, or dask's workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from rootml.errors import InputError, nearest
from rootml.runtime.cores import available_cores
from rootml.scale.dask_client import dask_pool
from rootml.scale.division import RANGES_PER_WORKER, Pool, judge_by
from rootml.scale.outcome import FileOutcome, Outcomes
from rootml.scale.processes import processes
from rootml.scale.task import Report, Task

EXECUTORS = ("serial", "processes", "dask")
FILES_PER_WORKER = 4
"""Fewer files than this are divided for the workers of this machine, to keep all of them busy."""
WRITERS = 2
"""Divided files that are written at once: while one is finished, the next one is judged."""

Heard = Callable[[int, int, int], None]
"""Is told of the number of a file, of its events that are done, and of all it has."""


@dataclass(frozen=True)
class Workforce:
    """How many workers of what kind; ``threads``: cores that a network may use in each.

    With ``scheduler`` both are up to the cluster there. ``entries``: those that a worker is given
    at a time, at most; 0: whole files; None: these where there are enough of them.
    """

    executor: str
    workers: int = 1
    threads: int = 1
    scheduler: str | None = None
    entries: int | None = None

    def __str__(self) -> str:
        if self.scheduler is not None:
            return f"dask workers of {self.scheduler}"
        if self.executor == "serial":
            return "one file after the other"
        one, more = ("process", "es") if self.executor == "processes" else ("dask worker", "s")
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.workers} {one}{more * (self.workers > 1)}, {threads} each"

    def run(self, tasks: Sequence[Task], heard: Heard) -> Outcomes:
        """Have the tasks done."""
        if self.executor == "serial":
            yield from ((n, task(partial(heard, n))) for n, task in enumerate(tasks))
            return
        with ExitStack() as stack:
            writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="rootml-append")
            stack.callback(writers.shutdown)  # when the pool is gone, they come to an end
            pool = stack.enter_context(self._pool())
            stack.callback(writers.shutdown, wait=False, cancel_futures=True)
            parts = self._parts(pool, len(tasks))

            def divided(task: Task, report: Report) -> Future[FileOutcome]:
                judge = partial(judge_by, pool, task.options, parts, self.entries)
                return writers.submit(task, report, judge)

            yield from _as_they_come(tasks, divided if parts else pool.submit, heard)

    def _pool(self) -> AbstractContextManager[Pool]:
        if self.executor == "processes":
            return processes(self.workers, self.threads)
        return dask_pool(self.scheduler, self.workers, self.threads)

    def _parts(self, pool: Pool, files: int) -> int:
        """Into how many ranges of entries each file is divided; 0 for whole files."""
        enough = pool.workers * (FILES_PER_WORKER if self.scheduler is None else 1)
        if self.entries == 0 or (self.entries is None and files >= enough):
            return 0
        return -(-RANGES_PER_WORKER * pool.workers // files)


def _as_they_come(
    tasks: Sequence[Task], submit: Callable[[Task, Report], Future[FileOutcome]], heard: Heard
) -> Outcomes:
    """The outcomes of tasks that others do; what they tell meanwhile is passed on in between."""
    arrived: SimpleQueue[tuple[int, Any]] = SimpleQueue()

    def begin(number: int, task: Task) -> None:
        future = submit(task, lambda *counted: arrived.put((number, counted)))
        future.add_done_callback(lambda done: arrived.put((number, done)))

    for number, task in enumerate(tasks):
        begin(number, task)
    left = len(tasks)
    while left:
        number, news = arrived.get()
        if isinstance(news, Future):
            left -= 1
            yield number, news.result()
        else:
            heard(number, *news)


def workforce(
    executor: str | None,
    workers: int | None,
    scheduler: str | None,
    threads: int | None,
    files: int,
    entries: int | None = None,
) -> Workforce:
    """The workforce that is asked for; what is left open fits the cores of this machine.

    ``threads``: those of a network, if somebody asked. ``entries``: as of :class:`Workforce`.
    Raises InputError where the wishes contradict each other.
    """
    if workers is not None and workers < 1:
        raise InputError(f"{workers} workers: expected 1 or more")
    executor = executor or ("dask" if scheduler else "processes" if workers else "serial")
    if executor not in EXECUTORS:
        known = ", ".join(EXECUTORS)
        raise InputError(f"executor {executor!r}: expected {known}{nearest(executor, EXECUTORS)}")
    if scheduler is not None and executor != "dask":
        raise InputError(f"a scheduler is dask's; the executor is {executor!r}")
    if workers is not None and (executor == "serial" or scheduler is not None):
        who = "the cluster has its own" if scheduler else "the executor 'serial' has none"
        raise InputError(f"{workers} workers are asked for, but {who}")
    if entries is not None and entries < 0:
        raise InputError(f"{entries} entries per job: expected 1 or more, or 0 for whole files")
    if entries and executor == "serial":
        raise InputError(f"{entries} entries per job: but there are no workers")
    cores = available_cores()
    count = workers or max(1, cores // (threads or 1))
    if entries == 0:
        count = min(count, files)
    return Workforce(executor, count, threads or max(1, cores // count), scheduler, entries)
