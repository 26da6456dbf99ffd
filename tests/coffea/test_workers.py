"""Networks that arrive in another process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import rootml
from rootml.errors import CardError, DataError


@pytest.fixture
def large(eid: Path, tmp_path: Path) -> Path:
    """A card that tells of so many parameters that all cores are worth using."""
    network = eid.with_name("eid.onnx")
    (tmp_path / "eid.onnx").write_bytes(network.read_bytes())
    path = tmp_path / "eid.card.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(eid.read_text()) | {"parameters": 5_000_000}))
    return path


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3})
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.mark.parametrize(("threads", "here", "there"), [(None, 4, 1), (3, 3, 3)])
def test_threads_are_the_workers_share_unless_asked_for(
    threads: int | None,
    here: int,
    there: int,
    four_cores: None,
    large: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = rootml.load(large, threads=threads)
    assert model.engine.threads == here
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as dask, loky and HTCondor set it
    assert pickle.loads(pickle.dumps(model)).engine.threads == there


def test_a_network_is_opened_once(eid: Path) -> None:
    state = pickle.dumps(rootml.load(eid))
    assert pickle.loads(state).engine is pickle.loads(state).engine


FORK = """
import os
from rootml.runtime.kept import Kept
kept = Kept(lambda name: object())
here = kept("network")
assert kept("network") is here is not kept("another")
child = os.fork()
if child == 0:
    os._exit(int(kept("network") is here))
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_opens_its_own() -> None:
    """The threads of a network that is open do not survive a fork: it would wait for ever."""
    subprocess.run([sys.executable, "-c", FORK], check=True)


IDLE = """
import os, pickle, signal, sys
import rootml
model = pickle.loads(pickle.dumps(rootml.load(sys.argv[1], threads=2)))
del model  # now it is kept, and nobody else has it
child = os.fork()
if child == 0:
    os._exit(0)
signal.alarm(20)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_process_does_not_take_down_what_it_has_inherited(large: Path) -> None:
    subprocess.run([sys.executable, "-c", IDLE, large], check=True, timeout=60)


def test_from_another_folder(
    eid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable
) -> None:
    monkeypatch.chdir(eid.parent)
    state = pickle.dumps(rootml.load(eid.name))
    monkeypatch.chdir(tmp_path)
    assert "eid_score" in rootml.annotate(opened(), pickle.loads(state)).Electron.fields


def test_where_its_file_is_missing(eid: Path, large: Path) -> None:
    state = pickle.dumps(rootml.load(large))
    large.with_name("eid.onnx").unlink()
    with pytest.raises(CardError, match=r"eid\.onnx"):
        pickle.loads(state)


def test_errors_travel_whole() -> None:
    error = pickle.loads(pickle.dumps(DataError("no energy", 7)))
    assert (str(error), error.event) == ("no energy", 7)
