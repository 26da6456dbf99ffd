"""Workers on this machine: processes that take one file after the other."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from rootml.rootio.opening import inflate_fast
from rootml.scale.outcome import FileOutcome, Outcomes
from rootml.scale.task import Task

ATTEMPTS = 2
"""How often a file is begun whose worker dies, which may have been an accident of the machine."""
PATIENCE = 10.0
"""Seconds that a worker has to remove its temporary file when it is told to stop."""


def run_in_processes(tasks: Sequence[Task], workers: int, threads: int) -> Outcomes:
    """``(number of the task, outcome)`` as they come, by ``workers`` processes.

    Each takes the next file when it is done with one, so that a slow one holds up no other.
    ``threads``: cores that a network may use in each. When the iterator is closed, the workers
    are stopped.
    """
    free: SimpleQueue[Worker] = SimpleQueue()
    staff = [Worker(threads) for _ in range(workers)]
    for worker in staff:
        free.put(worker)

    def done(task: Task) -> FileOutcome:
        worker = free.get()
        try:
            return worker.run(task)
        finally:
            free.put(worker)

    drivers = ThreadPoolExecutor(workers, thread_name_prefix="rootml-driver")
    try:
        numbers = {drivers.submit(done, task): number for number, task in enumerate(tasks)}
        for future in as_completed(numbers):
            yield numbers[future], future.result()
    finally:
        drivers.shutdown(wait=False, cancel_futures=True)
        for worker in staff:
            worker.stop()
        drivers.shutdown()


class Worker:
    """A process of its own, which is started anew where it died."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._stopped = False
        self._start()

    def run(self, task: Task) -> FileOutcome:
        """Have the process do the task."""
        for attempt in (task, *[task.again()] * (ATTEMPTS - 1)):
            try:
                self._connection.send(attempt)
                outcome: FileOutcome = self._connection.recv()
                return outcome
            except (EOFError, OSError):  # the other end is gone
                if self._stopped:
                    return task.failed("stopped")
                code = self._replace()
        reason = f"exit code {code}" if code >= 0 else f"signal {-code}"
        return task.failed(
            f"the process that tagged it died {ATTEMPTS} times ({reason}); the kernel ends those "
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


def _work(connection: Connection[Any, Task], threads: int) -> None:
    """What a worker does until the other end of its connection is closed."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes to all on a terminal; the parent acts
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    warnings.showwarning = _warn
    inflate_fast()
    with suppress(EOFError):
        while True:
            connection.send(connection.recv()())


def _warn(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    sys.stderr.write(f"rootml: warning: {message}\n")
