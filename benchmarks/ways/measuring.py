"""Ways as whole processes, timed from outside: start-up and imports are included.

The process that measures imports nothing large: at its start a child counts as as large as its
parent, so that a large parent would show as everybody's peak memory.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

Run = tuple[float, float, float]
"""Seconds, seconds of the processor, peak resident MB of the largest process."""


@dataclass(frozen=True)
class Way:
    """A command that does the job of a contest.

    ``result`` is what it makes, a file or a folder, removed before each turn. ``needs``: modules
    that its Python (the command's first word) must be able to import, and ``install``: how to get
    them. ``says``: it times itself, and prints seconds and seconds of the processor as JSON.
    """

    label: str
    command: list[str]
    result: Path | None = None
    column: str = ""
    needs: tuple[str, ...] = ()
    install: str = ""
    says: bool = False

    def lacks(self) -> bool:
        """Whether what it needs is not installed."""
        if not self.needs:
            return False
        if shutil.which(self.command[0]) is None:
            return True
        command = [self.command[0], "-c", f"import {', '.join(self.needs)}"]
        return subprocess.run(command, capture_output=True, check=False).returncode != 0


def turn(way: Way) -> Run:
    """One run of a way, its result new and the disk at rest; exits with what it said if it fails.

    Without the ``sync``, a way that waits for its data to be on the disk waits for what the ways
    before it left to the kernel.
    """
    if way.result and way.result.is_dir():
        shutil.rmtree(way.result)
    elif way.result:
        way.result.unlink(missing_ok=True)
    # Modules are compiled once, as those of an installed package are.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    os.sync()
    start = time.perf_counter()
    process = subprocess.Popen(
        way.command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status or (way.result and not way.result.exists()):
        sys.exit(f"{way.label} failed: {' '.join(way.command)}\n{said}")
    cpu = usage.ru_utime + usage.ru_stime
    if way.says:
        seconds, cpu = json.loads(said.splitlines()[-1])
    return seconds, cpu, usage.ru_maxrss / 1024
