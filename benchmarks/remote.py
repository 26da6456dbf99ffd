"""What a server costs: files read, appended to and written through XRootD, beside local ones.

    python benchmarks/remote.py -n 50000

An XRootD server on loopback serves the folder in which the local file lies, so both come from the
same warm cache; rounds go through all ways in turn, and the median counts. Loopback has no
latency: what is left is the client, the protocol and the copying in memory. Needs ``xrootd``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from rootml.registry import get_adapter
from rootml.rootio import FriendSink, append_branches
from rootml.rootio.opening import inflate_fast, open_file
from rootml.spec import Column

CONFIG = """
xrd.port {port}
all.export /data
oss.localroot {folder}
all.adminpath {folder}/admin
all.pidpath {folder}/admin
xrootd.chksum max 2 adler32
"""
SOME = ["edep_cell", "en3d"]
"""Branches of a network's view: the deposits are most of the file."""


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Serve ``folder/data`` until the end; its URL."""
    (folder / "admin").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "server.cfg").write_text(CONFIG.format(port=port, folder=folder))
    command = ["xrootd", "-c", str(folder / "server.cfg"), "-l", str(folder / "log")]
    if os.geteuid() == 0:  # which xrootd refuses to run as
        subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)
        command += ["-R", "nobody"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"root://127.0.0.1:{port}//data"
    finally:
        process.kill()
        process.wait()


def read(path: str, branches: list[str] | None = None) -> None:
    with open_file(path) as file:
        for _ in file["t1"].iterate(branches, step_size="16 MB"):
            pass


def friend(source: str, target: str, column: dict[str, np.ndarray]) -> None:
    with FriendSink(source, target, "t1", [Column("w", "float32")], overwrite=True) as sink:
        sink.write(column)
        sink.commit()


def seconds(way: Callable[[], None]) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", "--events", type=int, default=50_000)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    inflate_fast()
    folder = Path(tempfile.mkdtemp(prefix="rootml-remote-"))
    here, column = folder / "data", {"w": np.ones(given.events, "f4")}
    here.mkdir()
    source = here / "in.root"
    get_adapter("ams").write(source, given.events, np.random.default_rng(1))
    try:
        with server(folder) as there:
            ways = {
                "read all branches": lambda a, b: read(f"{a}/in.root"),
                "read two branches": lambda a, b: read(f"{a}/in.root", SOME),
                "append: read there": lambda a, b: append_branches(
                    f"{a}/in.root", f"{here}/out.root", "t1", column, overwrite=True
                ),
                "append: read and written there": lambda a, b: append_branches(
                    f"{a}/in.root", f"{b}/out.root", "t1", column, overwrite=True
                ),
                "friend tree: written there": lambda a, b: friend(
                    str(source), f"{b}/friend.root", column
                ),
            }
            places = (str(here), there)
            taken: dict[tuple[str, str], list[float]] = {}
            for _ in range(given.repeat):
                for name, way in ways.items():
                    for place in places:
                        took = seconds(lambda way=way, place=place: way(place, place))
                        taken.setdefault((name, place), []).append(took)
        print(f"{given.events:,} events, {source.stat().st_size / 1e6:.0f} MB\n")
        print("| | local | root:// | ratio |\n|---|---|---|---|")
        for name in ways:
            local, remote = (statistics.median(taken[name, place]) for place in places)
            print(f"| {name} | {local:.2f} s | {remote:.2f} s | {remote / local:.2f} |")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
