"""The example of ATLAS PHYSLITE: one card for TTree and RNTuple, the same as computed by hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import awkward as ak
import numpy as np
import onnxruntime as ort
import pytest
import uproot

import rootml

pytest.importorskip("skl2onnx")
SCRIPT = "atlas_physlite/make_networks.py"
TREE, NTUPLE = "atlas/PHYSLITE_example.root", "atlas/uproot-physlite-rntuple_v1-0-0-0.root"
SCORE = "AnalysisElectrons_electron_id_score"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def script(shared: Callable, run: Callable, models: Path) -> SimpleNamespace:
    return run(SCRIPT, shared(TREE), models)


@pytest.mark.parametrize(
    ("file", "tree", "electrons", "pairs"),
    [(TREE, "CollectionTree", 134, 44), (NTUPLE, "EventData", 57, 8)],
    ids=["TTree", "RNTuple"],
)
def test_scores_of_electrons_and_events(
    shared: Callable,
    script: SimpleNamespace,
    models: Path,
    tmp_path: Path,
    file: str,
    tree: str,
    electrons: int,
    pairs: int,
) -> None:
    source, both = shared(file), tmp_path / "both.root"
    cards = [models / f"{name}.card.yaml" for name in ("electron_id", "electron_pair")]
    rootml.tag_file(source, both, cards, plots=False)

    vectors = script.read_electrons(source)
    with uproot.open(both) as tagged:
        score = tagged[tree][SCORE].array()
        if tree == "CollectionTree":  # the lists of an RNTuple count themselves
            counts = tagged[tree]["nAnalysisElectrons"].array()
            assert counts.tolist() == ak.num(vectors).tolist()
        pair_score = tagged[tree]["electron_pair_score"].array(library="np")
    assert ak.num(score).tolist() == ak.num(vectors).tolist()
    inputs, _ = script.electron_inputs(vectors)
    assert len(inputs) == electrons
    expected = network(models / "electron_id.onnx", inputs)
    np.testing.assert_allclose(ak.flatten(score), expected, rtol=1e-4)

    inputs, _ = script.pair_inputs(vectors)
    assert len(inputs) == pairs
    has_pair = ak.to_numpy(ak.num(vectors) >= 2)
    expected = network(models / "electron_pair.onnx", inputs)
    np.testing.assert_allclose(pair_score[has_pair], expected, rtol=1e-4)
    assert np.isnan(pair_score[~has_pair]).all()


def network(path: Path, inputs: np.ndarray) -> np.ndarray:
    return ort.InferenceSession(path).run(None, {"features": inputs})[0]


@pytest.mark.parametrize("file", [TREE, NTUPLE], ids=["TTree", "RNTuple"])
def test_masses_of_pairs_by_energies_of_the_network(
    shared: Callable, run: Callable, tmp_path: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("atlas_physlite/energies.py", shared(file), tmp_path / "tagged.root")
    judged, *lines = capsys.readouterr().out.splitlines()
    assert judged.startswith("film_atlas_reduced: ")
    pairs = [re.fullmatch(r"(\w+): (\d+) pairs, median mass ([\d.]+) GeV", one) for one in lines]
    before, after = (one.groups() for one in pairs)
    assert (before[0], after[0]) == ("calibrated", "network")
    assert int(before[1]) == int(after[1]) > 5
    assert 0.5 < float(after[2]) / float(before[2]) < 2
