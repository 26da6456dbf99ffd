"""The published boosters through rootml against xgboost by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import RegistryError
from rootml.registry import find_card, load
from rootml.testing.samples import build

xgb = pytest.importorskip("xgboost")

TREE = "nuselection/NeutrinoSelectionFilter"
BEST = {"nue_np_pi0_uboone": 996, "nue_np_nonpi0_uboone": 999, "nue_0p_uboone": 741}
each_model = pytest.mark.parametrize("name", BEST)


@pytest.fixture
def weights(shared, monkeypatch, own_places) -> Path:
    """The folder with the published files, in ROOTML_PATH."""
    folder = shared("microboone")
    monkeypatch.setenv("ROOTML_PATH", str(folder))
    return folder


@pytest.fixture(scope="module")
def simulated(adapter, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("uboone") / "sim.root"
    adapter.write(path, 2000, np.random.default_rng(9))
    return path


def published(weights, name, features):
    booster = xgb.Booster(model_file=str(weights / find_card(name).card.network.file))
    best = int(booster.attr("best_iteration"))
    assert best == BEST[name]
    return booster.predict(xgb.DMatrix(features), iteration_range=(0, best + 1))


@each_model
def test_scores_are_those_of_xgboost(adapter, events, weights, simulated, tmp_path, name):
    rootml.tag_file(simulated, tmp_path / "out.root", models=[name], plots=False)
    view = adapter.views[find_card(name).card.view]
    with uproot.open(tmp_path / "out.root") as file:
        score = file[TREE][f"{name}_score"].array(library="np")
    batch = build(adapter, view, adapter.simulate(2000, np.random.default_rng(9)))
    assert batch.judged.sum() > 300
    expected = published(weights, name, batch.tensors["features"])
    np.testing.assert_allclose(score[batch.judged], expected, rtol=0, atol=1e-6)
    assert np.isnan(score[~batch.judged]).all()
    assert np.isnan(batch.tensors["features"]).any()


def test_all_at_once_into_a_file_of_the_experiment(weights, ntuple, tmp_path):
    """Both copies of the branch that occurs twice stay as they are."""
    out = tmp_path / "out.root"
    rootml.tag_file(ntuple, out, models=[*BEST], plots=False)
    with uproot.open(ntuple) as before, uproot.open(out) as after:
        old, new = before[TREE].branches, after[TREE].branches
        assert [branch.name for branch in new[: len(old)]] == [branch.name for branch in old]
        assert {branch.name for branch in new[len(old) :]} == {f"{name}_score" for name in BEST}
        for first, second in zip(old, new, strict=False):
            one, two = first.array(library="np"), second.array(library="np")
            assert all(np.array_equal(x, y, equal_nan=True) for x, y in zip(one, two, strict=True))


@each_model
def test_signal_is_told_from_background(adapter, events, weights, name):
    """As boosters trained on the experiment's simulation should on a fair model of it."""
    model = load(name)
    batch = build(adapter, model.view, events)
    score = model(batch.tensors)["score"]
    label = np.isin(np.asarray(events["category"])[batch.judged], (10, 11))
    signal, background = np.median(score[label]), np.median(score[~label])
    assert signal > 0.6 > 0.3 > background


def test_without_the_weights_there_is_a_way_out(simulated, tmp_path, own_places):
    with pytest.raises(RegistryError) as caught:
        rootml.tag_file(simulated, tmp_path / "out.root")
    message = str(caught.value)
    assert "nue_np_pi0_uboone" in message
    assert "booster_pi0_0304_extnumi.json" in message
    assert "ROOTML_PATH" in message
    assert list(tmp_path.glob("*.root")) == []


def test_the_folder_is_all_that_is_needed(weights, simulated, tmp_path):
    rootml.tag_file(simulated, tmp_path / "out.root", plots=False)
    with uproot.open(tmp_path / "out.root") as file:
        assert "nue_np_pi0_uboone_score" in file[TREE]
