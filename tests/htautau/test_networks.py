"""The shipped networks on events that none of them was trained on."""

from __future__ import annotations

import numpy as np
import pytest

from rootml.registry import load
from rootml.testing.samples import build, decode, decoder_of
from rootml.validation import Collector


@pytest.fixture(scope="module")
def figures(adapter):
    """``figures(name)``: the card of a network, and what it does on fresh events."""
    events = adapter.simulate(6000, np.random.default_rng(20_260))
    label = decode(decoder_of(adapter, events), events, adapter.truth.label)

    def figures(name):
        if name.startswith("xgboost"):
            pytest.importorskip("xgboost")
        model = load(name)
        batch = build(adapter, model.view, events)
        collector = Collector(model.card, adapter, branches={"score": f"{name}_score"})
        collector.fill(label, batch, model(batch.tensors))
        return model.card, collector.report().to_dict()["figures"]

    return figures


@pytest.mark.parametrize(
    "name", ["logistic_htautau", "svm_htautau", "histgb_htautau", "xgboost_htautau"]
)
def test_figures_are_those_of_the_card(figures, name):
    card, found = figures(name)
    auc = next(metric.value for metric in card.metrics if metric.name == "auc")
    measured = found["outputs"]["score"]["auc"]
    assert measured["value"] == pytest.approx(auc, abs=4 * measured["error"])
    assert found["domain"]["fraction"]["value"] < 0.05


def test_trees_are_better_than_a_line(figures):
    line, trees = (
        figures(f"{name}_htautau")[1]["outputs"]["score"]["auc"] for name in ("logistic", "histgb")
    )
    assert trees["value"] - trees["error"] > line["value"] + line["error"]
