"""Distributions made up on the spot, and servers on this machine."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """``install(name, entry_points, code)``: a package on the path; gives its folder."""
    import sys

    installed: list[str] = []

    def make(name: str, entry_points: str, code: str = "") -> Path:
        site = tmp_path / f"site_{name}"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        package = site / name
        package.mkdir()
        (package / "__init__.py").write_text(code)
        monkeypatch.syspath_prepend(str(site))
        installed.append(name)
        return package

    yield make
    for name in installed:
        sys.modules.pop(name, None)


class Server:
    """A server of the files in ``folder``; a path may begin with how it is to misbehave.

    ``/truncated/...`` ends in the middle, ``/silent/...`` never comes, ``/status/503/...`` is an
    error, ``/to/<address>`` is a redirection and ``/loop/...`` one to itself, ``/length/x/...``
    claims the length x. ``requests`` holds the paths that were asked for, and ``tokens`` what
    authorised each.
    """

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        self.folder = folder
        self.requests: list[str] = []
        self.tokens: list[str | None] = []
        self.over = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def reference(self, path: str) -> str:
        """The address of a file of the folder with its sha256."""
        digest = hashlib.sha256((self.folder / path).read_bytes()).hexdigest()
        return f"{self.url}/{path}#sha256={digest}"

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                server.tokens.append(self.headers["Authorization"])
                match self.path.lstrip("/").split("/", 1):
                    case ["to", address]:
                        self.send_response(302)
                        self.send_header("Location", address)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    case ["loop", _]:
                        self.send_response(302)
                        self.send_header("Location", self.path)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    case ["length", rest]:
                        length, _, path = rest.partition("/")
                        self._send(server.folder / path, length=length)
                    case ["status", rest]:
                        self.send_error(int(rest.partition("/")[0]))
                    case ["silent", _]:
                        server.over.wait(20)
                    case ["truncated", path]:
                        self._send(server.folder / path, missing=10)
                    case _:
                        self._send(server.folder / self.path.lstrip("/").partition("?")[0])

            def _send(self, path: Path, missing: int = 0, length: str = "") -> None:
                if not path.is_file():
                    self.send_error(404)
                    return
                data = path.read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", length or str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) - missing])

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, own_places: Path) -> Iterator[Callable[..., Server]]:
    """``serve(folder, certificate=None)``: a server on this machine."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    servers: list[Server] = []

    def start(folder: Path, certificate: Path | None = None) -> Server:
        folder.mkdir(parents=True, exist_ok=True)
        servers.append(Server(folder, certificate))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def cache(own_places: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    folder = own_places / "our cache"
    monkeypatch.setenv("ROOTML_CACHE", str(folder))
    return folder
