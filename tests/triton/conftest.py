"""A real Triton server on this machine, which `make triton` installs, and toy networks on it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

INSTALLED = Path(sys.prefix) / "triton"
PLUGINS = Path(__file__).parents[1] / "plugins"
BACKEND = Path(__file__).with_name("backend")
STARTING = 60
ROWS = 64
"""Rows that the server takes at once."""


class Server:
    """``tritonserver`` on a port of its own, which it keeps when it is started again."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self.repository, self.folder = repository, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.host = f"127.0.0.1:{free.getsockname()[1]}"
        self.shared = f"rootml_test_{os.getpid()}_{self.host.partition(':')[2]}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; returns at once."""
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), env=_environment(), stdout=log, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Wait until it is ready."""
        from tritonclient.grpc import InferenceServerClient, InferenceServerException

        assert self.process is not None
        until = time.monotonic() + STARTING
        with InferenceServerClient(self.host) as client:
            while time.monotonic() < until and self.process.poll() is None:
                try:
                    if client.is_server_ready():
                        return
                except InferenceServerException:
                    time.sleep(0.1)
        log = (self.folder / "server.log").read_text()
        pytest.fail("\n".join(line[:300] for line in log.splitlines() if "rror" in line))

    def kill(self) -> None:
        """End it and the processes it started, as a crash would."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
        for left in Path("/dev/shm").glob(f"{self.shared}*"):
            left.unlink()

    def _command(self) -> list[str]:
        address, port = self.host.split(":")
        return [
            str(INSTALLED / "pytriton/tritonserver/bin/tritonserver"),
            f"--model-repository={self.repository}",
            f"--backend-directory={self.folder / 'backends'}",
            f"--backend-config=python,shm-region-prefix-name={self.shared}",
            f"--grpc-address={address}",
            f"--grpc-port={port}",
            "--allow-http=false",
            "--allow-metrics=false",
        ]


def _environment() -> dict[str, str]:
    libraries = [str(INSTALLED / "nvidia_pytriton.libs"), sysconfig.get_config_var("LIBDIR")]
    return {
        **os.environ,
        "LD_LIBRARY_PATH": os.pathsep.join(libraries),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture(scope="session")
def repository(tmp_path_factory, write_network, write_card) -> Path:
    """What ``rootml models export --triton`` makes of ``cnn_ams`` and ``toy``, and more by hand.

    These are copies of ``toy``: ``slow`` needs a twentieth of a second for a request, ``stuck`` ten
    seconds, ``unknown`` does not say which network it is.
    """
    from rootml.commands.models import models

    folder = tmp_path_factory.mktemp("repository")
    card = write_card(write_network(folder.parent / "toy.onnx"), batch_size=ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PLUGINS))
        done = CliRunner().invoke(models, ["export", "cnn_ams", str(card), "--triton", str(folder)])
    assert done.exit_code == 0, done
    config = (folder / "toy/config.pbtxt").read_text()
    delay = 'parameters {{ key: "delay" value: {{ string_value: "{}" }} }}\n'
    for name, text in {
        "slow": config + delay.format(0.05),
        "stuck": config + delay.format(10),
        "unknown": config.replace("rootml_sha256", "another"),
    }.items():
        shutil.copytree(folder / "toy", folder / name)
        (folder / name / "config.pbtxt").write_text(text.replace('"toy"', f'"{name}"'))
    return folder


@pytest.fixture(scope="session")
def backends(tmp_path_factory) -> Path:
    """A folder with the server's backends."""
    if not INSTALLED.exists():
        if os.environ.get("ROOTML_REQUIRE_TRITON"):
            pytest.fail("no Triton server is installed, and ROOTML_REQUIRE_TRITON asks for one")
        pytest.skip("no Triton server is installed (make triton)")
    place, told = tmp_path_factory.mktemp("server"), INSTALLED / "pytriton/tritonserver"
    shutil.copytree(told / "backends", place / "backends")
    stub = told / f"python_backend_stubs/{sys.version_info[0]}.{sys.version_info[1]}"
    shutil.copy(stub / "triton_python_backend_stub", place / "backends/python")
    shutil.copytree(BACKEND, place / "backends/onnxruntime")
    return place


@pytest.fixture(scope="session")
def one_server(repository: Path, backends: Path) -> Iterator[Server]:
    """A server that no test has asked for yet."""
    only = Server(repository, backends)
    yield only
    only.kill()


@pytest.fixture
def server(one_server: Server) -> Server:
    """The server, running; a test may kill it."""
    if one_server.process is None:
        one_server.start()
    one_server.wait()
    return one_server


@pytest.fixture
def card(tmp_path, write_network, write_card):
    """``card(**changes)``: that of the network that the server has."""

    def write(name="toy", weight=0.1, **changes):
        return write_card(write_network(tmp_path / f"{name}.onnx", weight=weight), **changes)

    return write


@pytest.fixture(scope="session")
def cells():
    return np.random.default_rng(1).exponential(1, (3000, 6)).astype("f4")


@pytest.fixture
def expected(card, cells):
    """What the network says of them here."""
    from rootml.registry import load

    return load(card("same"))({"cells": cells})["score"]
