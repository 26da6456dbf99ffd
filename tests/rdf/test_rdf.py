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
COLUMNS = [*(f"Lepton_pt * {n}" for n in range(1, 6)), "event % 7"]
LEPTONS = {
    "adapter": {"per": "Lepton", "tensors": {"cells": COLUMNS}},
    "view": VIEW,
    "outputs": [{"name": "score", "role": "score", "per": "Lepton"}],
}
HALF = {"name": "half", "output": "score", "threshold": 0.6}


def run_root(*arguments: object) -> str:
    path = os.pathsep.join([str(TESTS / "plugins"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, "EXTRA_CLING_ARGS": "-O0"},  # half the compiling
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(path: Path, rows: int, run: int) -> None:
    rng = np.random.default_rng(run)
    cells = rng.exponential(1, (rows, 6)).astype("f4")
    cells[::7] = 0
    counts = rng.poisson(1, rows)
    values = {
        "cell_e": cells,
        "run": np.full(rows, run, "u4"),
        "event": rng.permutation(rows).astype("u8"),
        "Lepton": ak.unflatten(ak.zip({"pt": rng.exponential(1, counts.sum())}), counts),
    }
    types = {"cell_e": ("f4", (6,)), "run": "u4", "event": "u8", "Lepton": "var * {pt: float64}"}
    with uproot.recreate(path) as file:
        tree = file.mktree("hits", types)
        for start in range(0, rows, 100):
            tree.extend({name: column[start : start + 100] for name, column in values.items()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory, write_network, write_card):
    """What ``frames.py`` leaves, the files it was made of, and what it says."""
    place = tmp_path_factory.mktemp("rdf")
    card = write_card(write_network(place / "toy.onnx"), working_points=[HALF])
    leptons = write_card(write_network(place / "leptons.onnx"), **LEPTONS)
    numbers = LEPTONS["outputs"][0] | {"role": "value", "shape": [2]}
    pairs = write_card(
        write_network(place / "pairs.onnx", scores=2, score_shape=("n", 2)),
        **LEPTONS | {"outputs": [numbers]},
    )
    write(place / "hits.root", ROWS, 1)
    write(place / "more.root", 300, 2)
    parts = {"alone": ("hits", ["run", "event"]), "cells": ("cells", ["cell_e"])}
    with uproot.open(f"{place}/hits.root:hits") as tree:
        for name, (tree_name, branches) in parts.items():
            with uproot.recreate(place / f"{name}.root") as file:
                values = tree.arrays(branches, library="np")
                types = {branch: (one.dtype, one.shape[1:]) for branch, one in values.items()}
                file.mktree(tree_name, types).extend(values)
    write_page(place / "page")
    said = run_root(Path(__file__).with_name("frames.py"), place, card, leptons, pairs)
    (place / "page/said.txt").write_text(said)
    return place


def write_page(place: Path) -> None:
    """The files of the page that documents all this, and its code."""
    place.mkdir()
    blocks = re.findall(r"^```(bash|cpp|py)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert [language for language, _ in blocks] == ["bash", "cpp", "py"]
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        ["bash", "-euc", blocks[0][1]],
        cwd=place,
        env={**os.environ, "PATH": scripts},
        check=True,
        capture_output=True,
    )
    (place / "macro.C").write_text(f"void macro() {{\n{blocks[1][1]}}}\n")
    (place / "page.py").write_text(blocks[2][1])


@pytest.fixture
def annotated(toylab, folder):
    """``annotated(card)``: what :func:`rootml.annotate` says, sorted by the key."""

    def judge(card: str, **options: object) -> ak.Array:
        files = [folder / name for name in ("hits.root", "more.root")]
        every = ak.concatenate(
            [rootml.annotate(file, folder / f"{card}.card.yaml", **options) for file in files]
        )
        return every[np.lexsort([every.event, every.run])]

    return judge


def test_numbers_are_those_of_annotate(folder, annotated):
    expected = annotated("toy", working_points="all")
    for case, column in {"chain": "toy_score", "passed": "toy_half"}.items():
        found = np.load(folder / f"{case}.npz")
        np.testing.assert_array_equal(found["events"], expected.event)
        np.testing.assert_array_equal(found["values"], expected[column].to_numpy())
        assert found["values"].dtype == expected[column].to_numpy().dtype


@pytest.mark.parametrize("case", ["keyed", "threads"])
def test_entries_are_told_apart_by_columns(case, folder, annotated):
    """Several threads number them anew in each loop."""
    found, expected = np.load(folder / f"{case}.npz"), annotated("toy")
    np.testing.assert_array_equal(found["events"], expected.event)
    np.testing.assert_array_equal(found["values"], expected.toy_score)


def test_filters_before_and_after(folder, annotated):
    every = annotated("toy")
    scores = every.toy_score.to_numpy()
    for case, passed in {"cut": scores > 0.6, "filtered": every.event % 3 == 1}.items():
        found = np.load(folder / f"{case}.npz")
        np.testing.assert_array_equal(found["events"], every.event[passed])
        np.testing.assert_array_equal(found["values"], scores[passed])


def test_no_rows(folder):
    assert np.load(folder / "none.npz")["values"].shape == (0,)


def test_objects(folder, annotated):
    expected = annotated("leptons").Lepton_leptons_score
    found = np.load(folder / "leptons.npz")
    np.testing.assert_array_equal(found["counts"], ak.num(expected))
    np.testing.assert_array_equal(found["values"], ak.flatten(expected).to_numpy())


def test_branches_of_a_friend(folder, annotated):
    found = np.load(folder / "friend.npz")
    np.testing.assert_array_equal(found["values"], annotated("toy").toy_score.to_numpy()[:ROWS])


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("frame", "InputError: annotate takes an RDataFrame, not"),
        ("branch", r"(?s)LayoutError: .*cell_e"),
        ("twice", "InputError: the key does not tell entries apart: run 1 is there twice"),
        ("misspelt", "InputError: key: .* no column 'evnt'; did you mean 'event'"),
        ("floats", "InputError: key: the column 'cell_e' is .*, expected integers"),
        ("arrays", "InputError: column 'Lepton_pairs_score': .* no lists of arrays"),
        ("name", "InputError: column 'my/toy_score': a dataframe's are named as variables"),
        ("unnumbered", r"InputError: the dataframe was made for several threads.*key=\("),
        ("random", "(?s).*an entry that was not there when the network ran"),
    ],
)
def test_what_cannot_be_judged(case, says, folder):
    assert re.match(says, (folder / f"{case}.txt").read_text())


def test_the_page_runs_in_root(folder):
    """The blocks in C++ and in Python that the page shows, which agree."""
    said = re.findall(r"(\d+) events look", (folder / "page/said.txt").read_text())
    assert len(said) == 2
    assert said[0] == said[1] != "0"
    with (
        uproot.open(f"{folder}/page/friend.root:t1") as friend,
        uproot.open(f"{folder}/page/electrons.root:t1") as tree,
    ):
        scores = friend["cnn_ams_score"].array(library="np")
        np.testing.assert_array_equal(
            tree["cnn_ams_score"].array(library="np"), scores[scores > 0.9]
        )
        assert tree.num_entries == int(said[0])
