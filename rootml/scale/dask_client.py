"""Workers of dask.distributed: of a cluster that is there, or of one made on this machine.

https://distributed.dask.org; the same scheduler runs those of HTCondor, Slurm and others by
dask-jobqueue (https://jobqueue.dask.org).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rootml.errors import InputError, MissingExtra
from rootml.rootio.opening import inflate_fast
from rootml.scale.outcome import FileOutcome, Outcomes
from rootml.scale.task import Task

if TYPE_CHECKING:
    from distributed import Client, Future

_NANNY = "distributed.nanny.pre-spawn-environ"


def run_on_dask(tasks: Sequence[Task], client: Client) -> Outcomes:
    """``(number of the task, outcome)`` as they come, by the workers of ``client``.

    dask hands a task on where its worker is lost or slow, so each may be begun more than once.
    """
    from distributed import as_completed

    futures = client.map(_tag, [task.again() for task in tasks], pure=False)
    numbers = {future.key: number for number, future in enumerate(futures)}
    try:
        for future in as_completed(futures):
            number = numbers[future.key]
            yield number, _outcome(tasks[number], future)
            future.release()
    finally:
        client.cancel(futures)


def _tag(task: Task) -> FileOutcome:
    """What a worker does."""
    inflate_fast()
    return task()


def _outcome(task: Task, future: Future) -> FileOutcome:
    if future.status == "finished":
        outcome: FileOutcome = future.result()
        return outcome
    if future.status == "error":
        error = future.exception()
        return task.failed(f"dask: {type(error).__name__}: {error}")
    return task.failed(
        f"dask: the task is {future.status}: the scheduler, or what it knew, is gone"
    )


@contextmanager
def connected(scheduler: str | None, workers: int, threads: int) -> Iterator[Client]:
    """A client of the cluster at ``scheduler``; None: of one of ``workers`` processes made here.

    ``scheduler``: an address (``tcp://host:8786``) or the path of a scheduler's JSON file. Raises
    InputError where nobody answers, MissingExtra where dask.distributed is not installed.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise MissingExtra(
            f'dask cannot be imported: {error}\n  pip install "rootml[dask]"'
        ) from error
    with ExitStack() as stack:
        if scheduler is None:
            stack.enter_context(_own_environment())
            environment = {"OMP_NUM_THREADS": str(threads)}
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address="127.0.0.1:0",  # any port that is free; None means 8787
                env=environment,
            )
            yield stack.enter_context(Client(stack.enter_context(cluster)))
            return
        try:
            where = {"scheduler_file" if Path(scheduler).is_file() else "address": scheduler}
            client = stack.enter_context(Client(**where))
        except (OSError, TimeoutError, ValueError) as error:
            raise InputError(f"{scheduler}: no dask scheduler answers there: {error}") from error
        yield client


@contextmanager
def _own_environment() -> Iterator[None]:
    """Put back what dask's nannies set for their workers in this process, and leave there."""
    import dask

    before = {name: os.environ.get(name) for name in dask.config.get(_NANNY)}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
