"""Workers on this machine: processes that take one errand after the other."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from rootml.rootio.opening import inflate_fast
from rootml.scale.division import close_files
from rootml.scale.task import Errand, Report

T = TypeVar("T")
ATTEMPTS = 2
"""How often an errand is begun whose worker dies, maybe by an accident of the machine."""
PATIENCE = 10.0
"""Seconds that a worker has to remove its temporary file when it is told to stop."""


class ProcessPool:
    """Processes that each take the next errand when they are done with one."""

    def __init__(self, workers: int, threads: int) -> None:
        self.workers = workers
        self._staff = [Worker(threads) for _ in range(workers)]
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._staff:
            self._free.put(worker)
        self._drivers = ThreadPoolExecutor(workers, thread_name_prefix="rootml-driver")

    def submit(self, errand: Errand[T], report: Report | None = None) -> Future[T]:
        """Have an errand run; where that cannot be done, it has failed."""
        return self._drivers.submit(self._run, errand, report or _unheard)

    def _run(self, errand: Errand[T], report: Report) -> T:
        worker = self._free.get()
        try:
            return worker.run(errand, report)
        finally:
            self._free.put(worker)

    def close(self) -> None:
        """Stop the processes, and fail what they were doing."""
        self._drivers.shutdown(wait=False, cancel_futures=True)
        for worker in self._staff:
            worker.stop()
        self._drivers.shutdown()


@contextmanager
def processes(workers: int, threads: int) -> Iterator[ProcessPool]:
    """A pool of ``workers`` processes; ``threads``: cores that a network may use in each."""
    pool = ProcessPool(workers, threads)
    try:
        yield pool
    finally:
        pool.close()


def _unheard(done: int, total: int) -> None:
    pass


class Tick(NamedTuple):
    """How many events of an errand are done, of how many."""

    done: int
    total: int


class Worker:
    """A process of its own, which is started anew where it died."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._stopped = False
        self._start()

    def run(self, errand: Errand[T], report: Report) -> T:
        """Have the process do the errand."""
        for attempt in (errand, *[errand.again()] * (ATTEMPTS - 1)):
            try:
                self._connection.send(attempt)
                while isinstance(said := self._connection.recv(), Tick):
                    report(said.done, said.total)
                result: T = said
                return result
            except (EOFError, OSError):  # the other end is gone
                if self._stopped:
                    return errand.failed("stopped")
                code = self._replace()
        reason = f"exit code {code}" if code >= 0 else f"signal {-code}"
        return errand.failed(
            f"the process that had it died {ATTEMPTS} times ({reason}); the kernel ends those "
            "that take more memory than there is by signal 9: try fewer --workers"
        )

    def stop(self) -> None:
        """End the process, which removes what it left half written."""
        self._stopped = True
        self._process.terminate()
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._connection.close()

    def _replace(self) -> int:
        """Start a new process; returns the exit code of the one that died."""
        self._process.join()
        code = self._process.exitcode or 0
        self._connection.close()
        self._start()
        return code

    def _start(self) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_work, args=(theirs, self._threads), name="rootml-worker", daemon=True
        )
        self._process.start()
        theirs.close()


def _work(connection: Connection[Any, Errand[Any]], threads: int) -> None:
    """What a worker does until the other end of its connection is closed."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes to all on a terminal; the parent acts
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    warnings.showwarning = _warn
    inflate_fast()
    try:
        while True:
            errand = connection.recv()
            connection.send(errand(lambda done, total: connection.send(Tick(done, total))))
    except EOFError:
        pass
    finally:
        close_files()  # whose threads would keep the process from its end


def _warn(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    sys.stderr.write(f"rootml: warning: {message}\n")
