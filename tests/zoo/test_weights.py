from __future__ import annotations

import hashlib

import numpy as np
import pytest

from rootml.card import ModelCard
from rootml.registry import find_card, get_adapter, get_recipe, load
from rootml.validation.classification import Separation

SHIPPED = {"cnn_ams": 106_317, "cvt_ams": 4_895_873}


@pytest.fixture(scope="module")
def fresh():
    """Simulated events that no training has seen: (image tensors, labels)."""
    adapter = get_adapter("ams")
    events = adapter.simulate(4000, np.random.default_rng(20260101))
    columns = {"image": events["edep_cell"]}
    image = np.asarray(columns["image"], np.float32).reshape(-1, 1, 18, 72)
    return {"image": image}, np.asarray(events["truth_label"])


@pytest.mark.parametrize("name", SHIPPED)
def test_card_says_what_was_trained_on_what(name):
    located = find_card(name)
    card = located.card
    assert hashlib.sha256(located.network.read_bytes()).hexdigest() == card.network.sha256
    assert (
        card.parameters
        == SHIPPED[name]
        == sum(p.numel() for p in get_recipe(name).build().parameters())
    )
    assert "not on AMS data" in card.training.notes
    assert card.training.command.startswith(f"rootml train {name} ams_train.root")
    assert set(card.training.events) == {"train", "validation", "test"}
    assert {metric.name for metric in card.metrics} >= {"auc", "accuracy", "rejection_eff90"}
    assert all(metric.how and metric.sample for metric in card.metrics)
    assert ModelCard.from_yaml(card.to_yaml()) == card


def separation(name, fresh, events):
    tensors, labels = fresh
    scores = load(name)({key: tensor[:events] for key, tensor in tensors.items()})["score"]
    labels = labels[:events]
    return Separation.from_scores(scores[labels == 1], scores[labels == 0])


def test_cnn_separates_fresh_events_as_its_card_says(fresh):
    card = find_card("cnn_ams").card
    claimed = {metric.name: metric for metric in card.metrics}
    found = separation("cnn_ams", fresh, 4000)
    assert claimed["auc"].value >= 0.99
    assert found.auc().value >= 0.99
    point = card.working_points[0]
    tensors, labels = fresh
    scores = load("cnn_ams")(tensors)["score"]
    kept = np.mean(scores[labels == 1] > point.threshold)
    assert kept == pytest.approx(point.efficiency, abs=0.03)


def test_cvt_separates_fresh_events(fresh):
    claimed = {metric.name: metric.value for metric in find_card("cvt_ams").card.metrics}
    auc = separation("cvt_ams", fresh, 400).auc()
    assert abs(auc.value - claimed["auc"]) < 5 * max(auc.error, 0.002)
