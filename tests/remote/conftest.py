"""Servers on loopback: XRootD's own, and one that speaks HTTP with ranges, plain or over TLS."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

ENTRIES = 3000
PATIENCE = 30
"""Seconds that a server may take to start; an idle machine needs a tenth of one."""
CONFIG = """
xrd.port {port}
all.export /data
all.export /closed notwritable
oss.localroot {folder}
all.adminpath {folder}/admin
all.pidpath {folder}/admin
{checksums}
"""
CHECKSUMS = "xrootd.chksum max 2 adler32"


class XRootD:
    """A server of ``data``, which anybody may write, and of ``closed``, which nobody may."""

    def __init__(self, folder: Path, *, checksums: bool = True) -> None:
        self.folder, self.data = folder, folder / "data"
        for name in ("data", "closed", "admin"):
            (folder / name).mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = CONFIG.format(
            port=self.port, folder=folder, checksums=CHECKSUMS if checksums else ""
        )
        (folder / "server.cfg").write_text(config)
        self.command = ["xrootd", "-c", str(folder / "server.cfg"), "-l", str(folder / "log")]
        if os.geteuid() == 0:  # which xrootd refuses to run as
            subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)
            self.command += ["-R", "nobody"]
        self.start()

    def start(self) -> None:
        self.launch()
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                assert time.monotonic() < give_up, (self.folder / "log").read_text()[-1000:]
            if self.process.poll() is not None:  # the port of the one before is not free yet
                self.launch()
            time.sleep(0.02)

    def launch(self) -> None:
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, stdout=quiet, stderr=quiet)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def url(self, name: str, folder: str = "data") -> str:
        return f"root://127.0.0.1:{self.port}//{folder}/{name}"

    def names(self) -> list[str]:
        """What lies in ``data``, the server's own records aside."""
        return sorted(path.name for path in self.data.iterdir())


@pytest.fixture(scope="session")
def start_xrootd() -> Iterator[Callable[..., XRootD]]:
    if shutil.which("xrootd") is None:
        if os.environ.get("ROOTML_REQUIRE_XROOTD"):
            pytest.fail("no xrootd is installed, and ROOTML_REQUIRE_XROOTD asks for one")
        pytest.skip("no xrootd is installed")
    pytest.importorskip("fsspec_xrootd")
    servers: list[XRootD] = []

    def start(**options: bool) -> XRootD:
        folder = Path(tempfile.mkdtemp(prefix="rootml-xrootd-"))  # pytest's own is closed to nobody
        servers.append(XRootD(folder, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
        shutil.rmtree(server.folder)


@pytest.fixture(scope="session")
def xrootd(start_xrootd: Callable[..., XRootD]) -> XRootD:
    return start_xrootd()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tree ``t`` of some hundred kilobytes, which do not compress, in several baskets."""
    path = tmp_path_factory.mktemp("remote") / "sample.root"
    rng = np.random.default_rng(11)
    with uproot.recreate(path, compression=None) as file:
        tree = file.mktree("t", {"x": "f4", "cells": ("f4", (20,))})
        for _ in range(3):
            some = ENTRIES // 3
            tree.extend({"x": rng.random(some, "f4"), "cells": rng.random((some, 20), "f4")})
    return path


@pytest.fixture
def column() -> dict[str, np.ndarray]:
    return {"score": np.arange(ENTRIES, dtype="f4")}


@pytest.fixture
def served(xrootd: XRootD, sample: Path) -> Iterator[str]:
    """The URL of the sample on a server that holds nothing else."""
    shutil.copy(sample, xrootd.data / "in.root")
    yield xrootd.url("in.root")
    for path in xrootd.data.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def toy(toylab: Path, own_places: Path, write_model: Callable[..., Path]) -> Path:
    """The card of a network of the toy experiment, which is installed."""
    return write_model(own_places / "rootml" / "models")


@pytest.fixture
def hits(tmp_path: Path) -> Path:
    """A file of that experiment."""
    rng = np.random.default_rng(12)
    cells, label = rng.exponential(1.0, (100, 6)), rng.integers(0, 2, 100)
    with uproot.recreate(tmp_path / "hits.root") as file:
        file.mktree("hits", {"cell_e": ("f4", (6,)), "truth_label": "i4", "run": "u8"}).extend(
            {"cell_e": cells, "truth_label": label, "run": np.arange(100)}
        )
    return tmp_path / "hits.root"


class Ranges(SimpleHTTPRequestHandler):
    """Serves a folder; ``bytes=first-last`` is honoured, as by any server of large files.

    ``forbidden``: refuses; ``whole``: knows no ranges; ``breaking``: ends whole files half-way;
    ``moved``: sends all who ask elsewhere; ``circle``: and back; ``silent``: answers in 10 s.
    """

    def __init__(self, *args: Any, ways: Collection[str], **options: Any) -> None:
        self.ways = ways
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if "silent" in self.ways:
            time.sleep(10)
        elif "circle" in self.ways or ("moved" in self.ways and "new" not in self.path):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", f"{self.path}?new")
            self.end_headers()
        elif "forbidden" in self.ways:
            self.send_error(HTTPStatus.FORBIDDEN)
        elif not path.is_file() or "whole" in self.ways:
            super().do_GET()
        elif wanted is not None:
            data = path.read_bytes()[int(wanted[1]) : int(wanted[2]) + 1]
            self.answer(HTTPStatus.PARTIAL_CONTENT, data, len(data))
        else:
            size = path.stat().st_size
            some = size // 2 if "breaking" in self.ways else size
            self.answer(HTTPStatus.OK, path.read_bytes()[:some], size)

    def answer(self, status: HTTPStatus, data: bytes, size: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve_http(sample: Path) -> Iterator[Callable[..., str]]:
    """Serves the folder of the sample, with a certificate encrypted; gives the file's address."""
    servers = []

    def start(certificate: Path | None = None, **ways: bool) -> str:
        handler = functools.partial(Ranges, ways=ways, directory=str(sample.parent))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        scheme = "http" if certificate is None else "https"
        return f"{scheme}://127.0.0.1:{server.server_port}/{sample.name}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, its key beside it."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    name = "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", path.with_suffix(".key"), "-out", path]
    command = ["openssl", *kind.split(), *name.split(), *files]
    subprocess.run(command, check=True, capture_output=True)
    return path


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs code in a process of its own, with arguments and further variables."""

    def run(code: str, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code, *args],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **variables},
        )

    return run
