"""Who tags the files of a run: this process, others of this machine, or dask's workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rootml.errors import InputError, nearest
from rootml.runtime.cores import available_cores
from rootml.scale.dask_client import connected, run_on_dask
from rootml.scale.outcome import Outcomes
from rootml.scale.processes import run_in_processes
from rootml.scale.task import Task

EXECUTORS = ("serial", "processes", "dask")


@dataclass(frozen=True)
class Workforce:
    """How many workers of what kind; ``threads``: cores that a network may use in each.

    With ``scheduler`` both are up to the cluster there.
    """

    executor: str
    workers: int = 1
    threads: int = 1
    scheduler: str | None = None

    def __str__(self) -> str:
        if self.scheduler is not None:
            return f"dask workers of {self.scheduler}"
        if self.executor == "serial":
            return "one file after the other"
        one, more = ("process", "es") if self.executor == "processes" else ("dask worker", "s")
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.workers} {one}{more * (self.workers > 1)}, {threads} each"

    def run(self, tasks: Sequence[Task]) -> Outcomes:
        """Have the tasks done."""
        if self.executor == "serial":
            yield from ((number, task()) for number, task in enumerate(tasks))
        elif self.executor == "processes":
            yield from run_in_processes(tasks, self.workers, self.threads)
        else:
            with connected(self.scheduler, self.workers, self.threads) as client:
                yield from run_on_dask(tasks, client)


def workforce(
    executor: str | None,
    workers: int | None,
    scheduler: str | None,
    files: int,
    threads: int | None,
) -> Workforce:
    """The workforce that is asked for; what is left open fits the cores of this machine.

    ``threads``: those of a network, if somebody asked. Raises InputError where the wishes
    contradict each other.
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
    cores = available_cores()
    count = min(workers or max(1, cores // (threads or 1)), files)
    return Workforce(executor, count, threads or max(1, cores // count), scheduler)
