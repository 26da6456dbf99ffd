"""The benchmark of all ways: it measures, records, adds up, and notices wrong scores."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot

WAYS = Path(__file__).parents[2] / "benchmarks" / "ways"
COMPARED = ["hand-written, friend tree", "rootml-tag, friend tree"]


def python(*arguments):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Folder after two runs of one turn each, and what the second said."""
    folder = tmp_path_factory.mktemp("ways")
    options = ["flat", "-n", "300", "--repeat", "1", "--only", "rootml-tag, friend"]
    options += ["--folder", folder, "--record", folder / "run.json"]
    first = python(WAYS, *options)
    assert first.returncode == 0, first.stderr
    second = python(WAYS, *options, "--plot", folder / "run.png")
    assert second.returncode == 0, second.stderr
    return folder, second.stdout


def test_turns_add_up(measured):
    folder, said = measured
    record = json.loads((folder / "run.json").read_text())
    rounds = record["contests"]["flat"]["rounds"]
    assert [list(turns) for turns in rounds] == [COMPARED, COMPARED]
    turns = [turn for turns in rounds for turn in turns.values()]
    assert all(0.05 < number < 600 for turn in turns for number in turn)
    assert record["machine"]["cores"] >= 1
    assert record["machine"]["packages"]["uproot"] == uproot.__version__
    assert (folder / "run.png").read_bytes().startswith(b"\x89PNG")
    base, ours = (line for line in said.splitlines() if line.startswith(("| hand", "| rootml")))
    assert base.split("|")[3].strip() == "1.00"
    ratio = np.median([turns[COMPARED[1]][0] / turns[COMPARED[0]][0] for turns in rounds])
    assert float(ours.split("|")[3]) == pytest.approx(ratio, abs=0.006)


def test_other_conditions_are_refused(measured):
    folder, _ = measured
    record = json.loads((folder / "run.json").read_text())
    record["machine"]["packages"]["uproot"] = "4.0"
    (folder / "other.json").write_text(json.dumps(record))
    options = ["-n", "300", "--repeat", "0", "--only", "nothing"]
    said = python(WAYS, "flat", *options, "--record", folder / "other.json")
    assert said.returncode == 1
    assert "another machine or other versions" in said.stderr


@pytest.mark.parametrize(
    ("scores", "reason"),
    [(np.full(300, 0.5, "f4"), "differ"), (np.full(299, 0.5, "f4"), "299 scores of 300 events")],
)
def test_wrong_scores_are_noticed(measured, tmp_path, scores, reason):
    folder, _ = measured
    inputs = [folder / "flat" / name for name in ("in.root", "flat.onnx")]
    check = WAYS / "flat_check.py"
    assert python(check, *inputs, folder / "flat" / "hand.root", "score").returncode == 0
    with uproot.recreate(tmp_path / "wrong.root") as file:
        file.mktree("tree", {"score": "f4"}).extend({"score": scores})
    said = python(check, *inputs, tmp_path / "wrong.root", "score")
    assert said.returncode == 1
    assert reason in said.stderr


def test_the_recorded_tables_are_in_the_documentation():
    benchmarks = WAYS.parent
    said = python(WAYS, "--show", benchmarks / "ways.json").stdout
    lines = [line for line in said.splitlines() if line]
    assert len(lines) > 30
    assert [line for line in lines if line not in (benchmarks / "README.md").read_text()] == []


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.syspath_prepend(str(WAYS))
    from measuring import Way

    assert Way("", [sys.executable], needs=("no_such_module",)).lacks()
    assert Way("", ["/no/such/python"], needs=("sys",)).lacks()
    assert not Way("", [sys.executable], needs=("sys",)).lacks()
