"""The network that tells neutrinoless double beta decay in SuperNEMO, by a truth of its own."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from rootml import tag_file
from rootml.card import ModelCard
from rootml.errors import TrainingError
from rootml.plugins import adapter_of
from rootml.registry import get_adapter
from rootml.training import Classification, train
from rootml_zoo.nets.supernemo_events import DecayNet


def test_what_is_not_there_is_overlooked():
    """Whatever lies behind the last hit and the last module, and in whatever order they stand."""
    network = DecayNet().eval()
    generator = torch.Generator().manual_seed(1)
    hits, modules = (torch.randn(2, n, w, generator=generator) for n, w in ((20, 9), (4, 7)))
    hits_there, modules_there = torch.arange(20) < 12, torch.arange(4) < 2
    masks = (hits_there.expand(2, -1), modules_there.expand(2, -1))
    first = network(hits, masks[0], modules, masks[1])
    assert first.shape == (2,)
    other = torch.where(hits_there[:, None], hits, 100.0)
    others = torch.where(modules_there[:, None], modules, 100.0)
    torch.testing.assert_close(network(other, masks[0], others, masks[1]), first)
    turned = network(hits.flip(1), masks[0].flip(1), modules.flip(1), masks[1].flip(1))
    torch.testing.assert_close(turned, first)


def test_classifiers_may_have_a_label_of_their_own():
    task = Classification(label="truth_class", classes=("2nubb", "0nubb"))
    adapter = get_adapter("supernemo")
    assert task.of(adapter).truth.classes == ("2nubb", "0nubb")
    assert [one.column for one in task.of(adapter).references] == ["calo_total"]
    assert Classification().of(adapter) is adapter
    with pytest.raises(TrainingError, match="has two classes"):
        Classification(label="truth_class", classes=("0nubb",))


def test_trained_and_validated_against_the_energy(tmp_path):
    """Card, tags and report are of the recipe's classes; the energy alone is shown beside."""
    some, folder = tmp_path / "some.root", tmp_path / "run"
    adapter = get_adapter("supernemo")
    adapter.write(some, 200, np.random.default_rng(1), events="both", least_energy=2.0)
    train("events_supernemo", [some], folder, epochs=1, batch_size=32)
    path = folder / "events_supernemo.card.yaml"
    card = ModelCard.read(path)
    assert card.label == ("truth_class", ("2nubb", "0nubb"))
    assert adapter_of(card).truth.label == "truth_class"
    assert "auc" in {metric.name for metric in card.metrics}
    tag_file(some, tmp_path / "tagged.root", str(path))
    said = json.loads((tmp_path / "tagged_validation" / "report.json").read_text())
    (report,) = said["reports"]
    assert report["sample"]["classes"] == ["2nubb", "0nubb"]
    assert set(report["figures"]["references"]) == {"calo_total"}
    assert "score_roc" in {plot["name"] for plot in report["plots"]}
    assert not [plot for plot in report["plots"] if plot["family"] == "residual"]
