"""A server that goes away in the middle: an error that says so, soon, or a retry; no short file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import uproot

TIMEOUT = 5
ENTRIES = 3000
SCENARIOS = {
    f"{what}-{end}": (what, end)
    for what in ("read", "download", "upload")
    for end in ("killed", "frozen", "restarted")
}


@pytest.fixture(scope="module")
def outcomes(start_xrootd, sample, tmp_path_factory):
    """What came of each scenario, and its server, running again."""
    folder = tmp_path_factory.mktemp("dying")
    (folder / "tmp").mkdir()
    servers = {name: start_xrootd() for name in SCENARIOS}
    asked = []
    for name, (what, end) in SCENARIOS.items():
        server = servers[name]
        (server.data / "in.root").write_bytes(sample.read_bytes())
        url = server.url("in.root")
        asked.append(
            {"name": name, "what": what, "url": url, "pid": server.process.pid, "entries": ENTRIES}
            | {"source": str(sample) if what == "upload" else url}
            | {"out": server.url("out.root") if what == "upload" else str(folder / f"{name}.root")}
            | {"signal": signal.SIGSTOP if end == "frozen" else signal.SIGKILL}
        )
        if end == "restarted":
            threading.Thread(target=_restart, args=(server,), daemon=True).start()
    script = Path(__file__).with_name("dying_client.py")
    variables = {"ROOTML_REMOTE_TIMEOUT": str(TIMEOUT), "TMPDIR": str(folder / "tmp")}
    subprocess.run(
        [sys.executable, str(script), json.dumps(asked), str(folder / "outcomes.json")],
        env={**os.environ, **variables},
        check=True,
        timeout=120,
    )
    found = json.loads((folder / "outcomes.json").read_text())
    return {name: found[name] | {"server": servers[name]} for name in SCENARIOS}, folder


def _restart(server):
    server.process.wait()
    time.sleep(0.3)
    server.start()


@pytest.mark.parametrize("name", [name for name in SCENARIOS if "restarted" not in name])
def test_an_error_says_so_soon(name, outcomes):
    found, folder = outcomes
    error, server = found[name]["error"], found[name]["server"]
    assert error.startswith("OutputError: " if "upload" in name else "FileError: ")
    assert f"root://127.0.0.1:{server.port}//data/" in error
    assert "did not answer in time" in error or "onnection" in error
    assert found[name]["seconds"] < 10 * TIMEOUT
    assert "out.root" not in server.names()
    assert not (folder / f"{name}.root").exists()
    assert not [*folder.glob(".*"), *(folder / "tmp").glob("*.rootml-partial")]


@pytest.mark.parametrize("end", ["killed", "frozen"])
def test_what_may_be_left_on_the_server_is_named(end, outcomes):
    found, _ = outcomes
    (left,) = [n for n in found[f"upload-{end}"]["server"].names() if n != "in.root"]
    assert left.startswith(".out.root.")
    assert left.endswith(".rootml-partial")
    assert f"{left} may be left there" in found[f"upload-{end}"]["error"]


@pytest.mark.parametrize("what", ["read", "download", "upload"])
def test_a_server_that_comes_back_is_asked_again(what, outcomes):
    found, folder = outcomes
    outcome = found[f"{what}-restarted"]
    assert outcome["error"] is None
    if what == "read":
        return
    uploaded, downloaded = outcome["server"].data / "out.root", folder / f"{what}-restarted.root"
    with uproot.open(uploaded if what == "upload" else downloaded) as file:
        assert np.array_equal(file["t/score"].array(library="np"), np.arange(ENTRIES, dtype="f4"))
