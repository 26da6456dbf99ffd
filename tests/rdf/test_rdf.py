"""RDataFrame with a network's columns, and friend files in ROOT; a process of its own has ROOT."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.declared.schema import VIEW

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs/how-to/rdataframe.md"
ROWS = 900
LEPTONS = {
    "adapter": {"per": "Lepton", "tensors": {"cells": [f"Lepton_pt * {n}" for n in range(1, 7)]}},
    "view": VIEW,
    "outputs": [{"name": "score", "role": "score", "per": "Lepton"}],
}
HALF = {"name": "half", "output": "score", "threshold": 0.6}


def run_root(*arguments: object) -> str:
    path = os.pathsep.join([str(TESTS / "plugins"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(path: Path, rows: int, first: int) -> None:
    rng = np.random.default_rng(first)
    cells = rng.exponential(1, (rows, 6)).astype("f4")
    cells[::7] = 0
    pt = ak.unflatten(
        *(lambda n: (rng.exponential(1, n.sum()).astype("f4"), n))(rng.poisson(1, rows))
    )
    run = np.arange(first, first + rows, dtype="i4")
    with uproot.recreate(path) as file:
        tree = file.mktree(
            "hits", {"cell_e": ("f4", (6,)), "run": "i4", "Lepton": "var * {pt: float32}"}
        )
        for part in np.array_split(np.arange(rows), 3):
            at = slice(part[0], part[-1] + 1)
            tree.extend({"cell_e": cells[at], "run": run[at], "Lepton": ak.zip({"pt": pt[at]})})


@pytest.fixture(scope="module")
def folder(tmp_path_factory, write_network, write_card):
    """What ``frames.py`` leaves, and the files it was made of."""
    place = tmp_path_factory.mktemp("rdf")
    card = write_card(write_network(place / "toy.onnx"), working_points=[HALF])
    leptons = write_card(write_network(place / "leptons.onnx"), **LEPTONS)
    write(place / "hits.root", ROWS, 0)
    write(place / "more.root", 300, ROWS)
    with uproot.open(f"{place}/hits.root:hits") as tree:
        arrays = tree.arrays(["cell_e", "run"], library="np")
    for name, tree_name, branch in [("alone", "hits", "run"), ("cells", "cells", "cell_e")]:
        with uproot.recreate(place / f"{name}.root") as file:
            values = arrays[branch]
            file.mktree(tree_name, {branch: (values.dtype, values.shape[1:])})
            file[tree_name].extend({branch: values})
    for threads in (0, 2):
        run_root(Path(__file__).with_name("frames.py"), place, card, leptons, threads)
    return place


@pytest.fixture
def annotated(toylab, folder):
    """``annotated(card)``: what :func:`rootml.annotate` says of the two files, one by one."""

    def judge(card: str, **options: object) -> ak.Array:
        files = [folder / name for name in ("hits.root", "more.root")]
        return ak.concatenate(
            [rootml.annotate(file, folder / f"{card}.card.yaml", **options) for file in files]
        )

    return judge


def test_numbers_are_those_of_annotate(folder, annotated):
    expected = annotated("toy", working_points="all")
    for case, column in {"chain": "toy_score", "passed": "toy_half"}.items():
        found = np.load(folder / f"{case}.npz")
        np.testing.assert_array_equal(found["entries"], np.arange(ROWS + 300))
        np.testing.assert_array_equal(found["values"], expected[column].to_numpy())
        assert found["values"].dtype == expected[column].to_numpy().dtype


def test_filters_before_and_after(folder, annotated):
    scores = annotated("toy").toy_score.to_numpy()
    cut = np.load(folder / "cut.npz")
    np.testing.assert_array_equal(cut["entries"], np.flatnonzero(scores > 0.6))
    np.testing.assert_array_equal(cut["values"], scores[scores > 0.6])
    filtered = np.load(folder / "filtered.npz")
    np.testing.assert_array_equal(filtered["entries"], np.arange(1, ROWS + 300, 3))
    np.testing.assert_array_equal(filtered["values"], scores[1::3])


def test_objects(folder, annotated):
    expected = annotated("leptons").Lepton_leptons_score
    found = np.load(folder / "leptons.npz")
    np.testing.assert_array_equal(found["counts"], ak.num(expected))
    np.testing.assert_array_equal(found["values"], ak.flatten(expected).to_numpy())


def test_branches_of_a_friend(folder, annotated):
    found = np.load(folder / "friend.npz")
    np.testing.assert_array_equal(found["values"], annotated("toy").toy_score.to_numpy()[:ROWS])


def test_a_snapshot(folder, annotated):
    with uproot.open(f"{folder}/snapshot.root:hits") as tree:
        found = tree["my_toy_score"].array(library="np")
        np.testing.assert_array_equal(tree["run"].array(library="np"), np.arange(ROWS))
    np.testing.assert_array_equal(found, annotated("toy").toy_score.to_numpy()[:ROWS])


def test_what_cannot_be_judged(folder):
    assert "InputError: the dataframe has no rows" in (folder / "rows.txt").read_text()
    assert "annotate takes an RDataFrame, not" in (folder / "frame.txt").read_text()
    said = (folder / "branch.txt").read_text()
    assert said.startswith("LayoutError")
    assert "cell_e" in said


def test_several_threads(folder):
    said = (folder / "threads.txt").read_text()
    assert said.startswith("InputError: the dataframe was made for several threads")


def test_the_page_runs_in_root(tmp_path, monkeypatch):
    """The blocks in C++ and in Python that the page shows, which agree."""
    blocks = re.findall(r"^```(bash|cpp|py)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert [language for language, _ in blocks] == ["bash", "cpp", "py"]
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    monkeypatch.chdir(tmp_path)
    subprocess.run(["bash", "-euc", blocks[0][1]], check=True, capture_output=True)
    (tmp_path / "macro.C").write_text(f"void macro() {{\n{blocks[1][1]}}}\n")
    load = "import ROOT\nassert ROOT.gROOT.Macro('macro.C') == 0\n"
    (tmp_path / "page.py").write_text(f"{load}{blocks[2][1]}")
    said = re.findall(r"(\d+) events look", run_root("-W", "ignore", "page.py"))
    assert len(said) == 2
    assert said[0] == said[1] != "0"
    with uproot.open("electrons.root:t1") as tree:
        assert tree.num_entries == int(said[0])
