"""What clusters are worth, beside scikit-learn's figures event by event."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.adapter import Adapter, View
from rootml.card import ModelCard, Network, Output, Training
from rootml.spec import Batch, TensorSpec
from rootml.validation import Collector
from rootml.validation.statistics.clusters import Clusters

LABELS = st.integers(-1, 3)
EVENTS = st.lists(st.lists(st.tuples(LABELS, LABELS), max_size=8), min_size=1, max_size=6)


def of(events):
    """Clusters of events, each a list of (true, found)."""
    hits = np.array([hit for event in events for hit in event], np.int64).reshape(-1, 2)
    return Clusters.of(hits[:, 0], hits[:, 1], np.array([len(event) for event in events]))


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_figures_are_those_of_each_event_alone(events):
    metrics = pytest.importorskip("sklearn.metrics")
    made = of(events)
    for number, event in enumerate(events):
        true, found = np.array(event, np.int64).reshape(-1, 2).T
        mine, put = true >= 0, found >= 0
        assert made.groups[number] == len(set(true[mine]))
        assert made.clusters[number] == len(set(found[put]))
        assert np.isnan(made.rejection[number]) == mine.all()
        if not mine.any():
            assert np.isnan([made.rand[number], made.efficiency[number]]).all()
            continue
        alone = np.where(put, found, 10 + np.arange(len(found)))
        rand = metrics.adjusted_rand_score(true[mine], alone[mine])
        assert made.rand[number] == pytest.approx(rand)
        both = mine & put
        table = metrics.cluster.contingency_matrix(true[both], found[both]) if both.any() else None
        main = 0 if table is None else table.max(axis=1).sum()
        assert made.efficiency[number] == pytest.approx(main / mine.sum())
        if table is not None:
            assert made.purity[number] == pytest.approx(table.max(axis=0).sum() / both.sum())


def test_figures_by_hand():
    """Of two tracks one lost a hit and the other took a noise hit; then an event of noise."""
    figures = of(
        [
            [(0, 0), (0, 0), (0, -1), (1, 1), (1, 1), (-1, 1)],
            [(-1, -1), (-1, 0)],
        ]
    ).figures()
    assert figures["right"].value == 0.5
    assert (figures["right_of_2"].value, figures["right_of_0"].value) == (1.0, 0.0)
    assert figures["purity"].value == 1.0
    assert figures["efficiency"].value == pytest.approx(4 / 5)
    assert figures["rejection"].value == pytest.approx(1 / 4)
    assert figures["right"].low < 0.5 < figures["right"].high


def test_events_of_nothing_but_noise_have_no_figures_of_tracks():
    assert set(of([[(-1, -1)]]).figures()) == {"right", "right_of_0", "rejection"}


def report(truth, found):
    """Of events, each a list of true groups and of clusters."""
    output = Output(name="track", role="cluster", dtype="int32", estimates="truth_track")
    view = View("x", ("x",), (TensorSpec("x", (1,)),), lambda events: None)
    card = ModelCard(
        name="net",
        version="1.0",
        adapter="toy",
        view="x",
        network=Network(file="net.onnx", sha256="0" * 64),
        outputs=(output,),
        training=Training(data="toy"),
    )
    adapter = Adapter("toy", "Toy tracker", (), {"x": view}, "none")
    collector = Collector(card, adapter, branches={"track": "net_track"})
    labels = np.concatenate(found)
    batch = Batch({}, np.ones(len(labels), np.bool_), np.array([len(one) for one in found]))
    collector.fill(ak.Array({"truth_track": truth}), batch, {"track": labels})
    return collector.report().figures["outputs"]["track"]["confusion"]


def test_events_that_fall_into_very_many_clusters_are_counted():
    """Of 2 groups, taken for 13 clusters: of none of the numbers that are told apart."""
    many = [0, 1] * 7, [*range(13), 0]
    made = report([many[0]], [many[1]])
    assert made["classes"] == ["0 groups", "1 group", "2 groups"]
    np.testing.assert_array_equal(made["counts"][2], [0, 0, 0, 1])
    with_others = report([[0, 0], many[0]], [[0, 0], many[1]])
    assert with_others["accuracy"]["value"] == 0.5
