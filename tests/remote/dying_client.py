"""A client whose servers die under its hands, each at a certain moment; prints what came of it.

Its argument is a JSON list of scenarios: ``what`` is done, ``url`` and ``pid`` of the server, the
``signal`` that it gets when the first bytes have travelled, and the files ``source`` and ``out``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from rootml.errors import RootmlError
from rootml.rootio import append_branches
from rootml.rootio.opening import open_file, reading
from rootml.rootio.remote import connect

SCENARIOS = {one["url"].split("/")[2]: one for one in json.loads(sys.argv[1])}
"""By host and port."""


def strike(host: str) -> None:
    scenario = SCENARIOS[host]
    if signal := scenario.pop("signal", None):
        os.kill(scenario["pid"], signal)
        time.sleep(0.05)


def write(file: Any, data: bytes) -> int:
    written = plain_write(file, data)
    strike(file.fs.hostid)
    return written


async def get_file(system: Any, *args: Any, **options: Any) -> None:
    strike(system.hostid)
    await plain_get_file(system, *args, **options)


connect("root://127.0.0.1/")  # which settles the timeouts, before the client library is imported
from fsspec_xrootd.xrootd import XRootDFile, XRootDFileSystem  # noqa: E402

plain_write, XRootDFile.write = XRootDFile.write, write
plain_get_file, XRootDFileSystem._get_file = XRootDFileSystem._get_file, get_file


def read(host: str, url: str) -> None:
    with open_file(url) as file:
        tree = file["t"]
        strike(host)
        with reading(url):
            tree.arrays()


def run(host: str) -> dict[str, Any]:
    scenario = SCENARIOS[host]
    start, error = time.monotonic(), None
    try:
        if scenario["what"] == "read":
            read(host, scenario["url"])
        else:
            column = {"score": np.arange(scenario["entries"], dtype="f4")}
            append_branches(scenario["source"], scenario["out"], "t", column)
    except RootmlError as raised:
        error = f"{type(raised).__name__}: {raised}"
    return {"error": error, "seconds": time.monotonic() - start}


with ThreadPoolExecutor(len(SCENARIOS)) as pool:
    outcomes = {SCENARIOS[host]["name"]: pool.submit(run, host) for host in SCENARIOS}
Path(sys.argv[2]).write_text(
    json.dumps({name: future.result() for name, future in outcomes.items()})
)
