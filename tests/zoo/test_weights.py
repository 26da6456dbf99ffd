from __future__ import annotations

import hashlib

import awkward as ak
import numpy as np
import pytest

from rootml.card import ModelCard
from rootml.registry import find_card, get_adapter, get_recipe, load
from rootml.validation.statistics.classification import Separation

SHIPPED = {
    "mlp_ams": 192_001,
    "cnn_ams": 106_317,
    "resnet10_ams": 4_900_033,
    "cvt_ams": 4_895_873,
    "phys_cvt_ams": 4_896_641,
}
TRACK = {
    "track_x": "Trk_Ecal_Inci_X",
    "track_y": "Trk_Ecal_Inci_Y",
    "track_z": "Trk_Ecal_Inci_Z",
    "track_zenith": "Trk_Ecal_Inci_Zenith",
    "track_azimuth": "Trk_Ecal_Inci_Azimutal",
}


@pytest.fixture(scope="module")
def fresh():
    """Simulated events with a track that no training has seen: (tensors of the views, labels)."""
    adapter = get_adapter("ams")
    events = adapter.simulate(4000, np.random.default_rng(20260101))
    image = ak.from_numpy(np.asarray(events["edep_cell"]).reshape(-1, 18, 72))
    tracks = {column: ak.flatten(events[branch], axis=None) for column, branch in TRACK.items()}
    columns = ak.zip({"image": image} | tracks, depth_limit=1)
    inside = adapter.views["trajectory"].build(columns).judged
    assert np.mean(inside) > 0.95
    views = ("image", "shower", "trajectory")
    batches = [adapter.views[name].build(columns[inside]) for name in views]
    tensors = {name: tensor for batch in batches for name, tensor in batch.tensors.items()}
    labels = np.asarray(events["truth_label"])[inside]
    assert {len(tensor) for tensor in tensors.values()} == {len(labels)}
    return tensors, labels


@pytest.mark.parametrize("name", SHIPPED)
def test_card_says_what_was_trained_on_what(name):
    located = find_card(name)
    card = located.card
    file = located.path.with_name(card.network.file)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == card.network.sha256
    network = get_recipe(name).learner.build(get_adapter("ams").views[card.view])
    assert card.parameters == SHIPPED[name] == sum(p.numel() for p in network.parameters())
    assert "not on AMS data" in card.training.notes
    assert card.training.command.startswith(f"rootml train {name} ams_")
    assert set(card.training.events) == {"train", "validation", "test"}
    assert {metric.name for metric in card.metrics} >= {"auc", "accuracy", "rejection_eff90"}
    assert all(metric.how and metric.sample for metric in card.metrics)
    assert ModelCard.from_yaml(card.to_yaml()) == card


def scores_of(name, fresh, events):
    model = load(name)
    tensors = {spec.name: fresh[0][spec.name][:events] for spec in model.view.tensors}
    return model(tensors)["score"]


def separation(name, fresh, events):
    scores, labels = scores_of(name, fresh, events), fresh[1][:events]
    return Separation.from_scores(scores[labels == 1], scores[labels == 0])


def test_the_committee_is_made_of_the_shipped_networks():
    card = find_card("committee_ams").card
    assert card.name == get_adapter("ams").default_model
    assert len(card.training.members) == 4
    for member in card.training.members:
        of = find_card(member.name).card
        assert (of.version, of.network.sha256) == (member.version, member.sha256)
    assert card.training.command.startswith("rootml combine ams_")
    assert "not on AMS data" in card.training.notes


@pytest.mark.parametrize("name", ["mlp_ams", "cnn_ams", "histgb_ams", "committee_ams"])
def test_networks_separate_fresh_events_as_their_cards_say(name, fresh):
    card = find_card(name).card
    claimed = {metric.name: metric for metric in card.metrics}
    found = separation(name, fresh, None)
    assert claimed["auc"].value >= 0.999
    assert found.auc().value >= 0.999
    point = card.working_points[0]
    kept = np.mean(scores_of(name, fresh, None)[fresh[1] == 1] > point.threshold)
    assert kept == pytest.approx(point.efficiency, abs=0.03)


@pytest.mark.parametrize("name", ["cvt_ams", "phys_cvt_ams"])
def test_transformers_separate_fresh_events(name, fresh):
    claimed = {metric.name: metric.value for metric in find_card(name).card.metrics}
    auc = separation(name, fresh, 400).auc()
    assert abs(auc.value - claimed["auc"]) < 5 * max(auc.error, 0.002)


@pytest.fixture(scope="module")
def decays():
    """Simulated decays to taus that no training has seen: (tensors, labels)."""
    adapter = get_adapter("htautau")
    events = adapter.simulate(8000, np.random.default_rng(20260101))
    batch = adapter.views["declared"].build(events)
    judged = slice(None) if batch.judged is None else batch.judged
    return batch.tensors, np.asarray(events["Label"])[judged]


@pytest.mark.parametrize("learner", ["logistic", "svm", "histgb", "xgboost"])
def test_baselines_separate_fresh_decays_as_their_cards_say(learner, decays):
    name = f"{learner}_htautau"
    card = find_card(name).card
    assert card.training.command == f"rootml train {name} htautau_train.root"
    assert card.training.recipe == get_recipe(name).name
    tensors, labels = decays
    scores = load(name)(tensors)["score"]
    found = Separation.from_scores(scores[labels == 1], scores[labels == 0]).auc()
    claimed = {metric.name: metric.value for metric in card.metrics}["auc"]
    assert abs(found.value - claimed) < 4 * found.error
