"""Workers of dask.distributed: of a cluster that is there, or of one made on this machine.

https://distributed.dask.org; the same scheduler runs those of HTCondor, Slurm and others by
dask-jobqueue (https://jobqueue.dask.org).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Future as Answer
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from rootml.errors import InputError, MissingExtra
from rootml.rootio.opening import inflate_fast
from rootml.scale.division import close_files
from rootml.scale.task import Errand, Report

if TYPE_CHECKING:
    from distributed import Client, Future

_NANNY = "distributed.nanny.pre-spawn-environ"
T = TypeVar("T")


class DaskPool:
    """The workers of a cluster.

    dask hands an errand on where its worker is lost or slow, so each may be begun more than once.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._under_way: dict[str, tuple[Future, Answer[Any]]] = {}
        self._reports: dict[str, Report] = {}
        self._topic = f"rootml-{uuid4().hex}"
        client.subscribe_topic(self._topic, self._heard)

    @property
    def workers(self) -> int:
        """How many errands the cluster runs at once, as it is now."""
        try:
            threads: dict[str, int] = self._client.nthreads()
        except OSError as error:
            raise InputError(f"dask: the scheduler is gone: {error}") from error
        return max(1, sum(threads.values()))

    def submit(self, errand: Errand[T], report: Report | None = None) -> Answer[T]:
        """Have an errand run; where that cannot be done, it has failed."""
        key = f"rootml-{uuid4().hex}"
        if report is not None:
            self._reports[key] = report
        told = None if report is None else self._topic
        future = self._client.submit(_work, errand.again(), key, told, key=key, pure=False)
        answer: Answer[T] = Answer()
        self._under_way[key] = future, answer
        future.add_done_callback(partial(self._done, errand, answer))
        return answer

    def close(self) -> None:
        """Cancel what is under way, and have the workers close what they have opened."""
        under_way = list(self._under_way.values())
        for _, answer in under_way:
            answer.cancel()
        if self._client.status == "running":  # else the scheduler is gone
            with suppress(OSError, TimeoutError):  # as it may be now
                self._client.unsubscribe_topic(self._topic)
                self._client.cancel([future for future, _ in under_way])
                self._client.run(close_files, on_error="ignore")

    def _heard(self, event: tuple[float, Any]) -> None:
        key, done, total = event[1]
        if key in self._reports:
            self._reports[key](done, total)

    def _done(self, errand: Errand[T], answer: Answer[T], future: Future) -> None:
        if answer.set_running_or_notify_cancel():
            answer.set_result(_result(errand, future))
        self._reports.pop(future.key, None)
        self._under_way.pop(future.key, None)


def _work(errand: Errand[T], key: str, topic: str | None) -> T:
    """What a worker does; it tells of its progress on ``topic``."""
    from distributed import get_worker

    inflate_fast()

    def report(done: int, total: int) -> None:
        if topic is not None:
            get_worker().log_event(topic, [key, done, total])

    return errand(report)


def _result(errand: Errand[T], future: Future) -> T:
    if future.status == "finished":
        result: T = future.result()
        return result
    if future.status == "error":
        error = future.exception()
        return errand.failed(f"dask: {type(error).__name__}: {error}")
    return errand.failed(
        f"dask: the task is {future.status}: the scheduler, or what it knew, is gone"
    )


@contextmanager
def dask_pool(scheduler: str | None, workers: int, threads: int) -> Iterator[DaskPool]:
    """The workers of the cluster at ``scheduler``, or of one made here: see :func:`connected`."""
    with connected(scheduler, workers, threads) as client:
        pool = DaskPool(client)
        try:
            yield pool
        finally:
            pool.close()


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
