"""The collector counts each event once, whatever the chunks, and adds exactly."""

from __future__ import annotations

import pickle
from itertools import pairwise

import awkward as ak
import numpy as np
import pytest
from hist import Hist, storage
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.card import Output
from rootml.spec import Batch
from rootml.validation import Collector, Variable
from rootml.validation.counting.images import HALF_WINDOW, MOST_CHANNELS, centred, pictures
from rootml.validation.counting.units import bins_of
from rootml.validation.statistics.classification import Separation


@pytest.fixture(scope="module")
def events(sample):
    return sample(600, np.random.default_rng(1), unjudged=0.1)


@pytest.fixture(scope="module")
def empty(adapter, make_card):
    card = make_card()
    return lambda: Collector(card, adapter, branches={"score": "net_toy_score"})


def filled(empty, *parts):
    collector = empty()
    for part in parts:
        collector.fill(part.events, part.batch, part.outputs)
    return collector


def assert_same(a: Collector, b: Collector):
    mine, theirs = a.tally, b.tally
    assert mine.counts == theirs.counts
    assert mine.hists.keys() == theirs.hists.keys()
    for name, hist in mine.hists.items():
        assert np.array_equal(in_order(hist), in_order(theirs.hists[name])), name
    assert mine.sums.keys() == theirs.sums.keys()
    for name, total in mine.sums.items():
        assert np.allclose(total, theirs.sums[name], rtol=1e-12), name


def in_order(hist):
    """Counts with the energy bins, which appear as they are met, in order."""
    if "energy" not in hist.axes.name:
        return hist.view(flow=True)
    return hist.view(flow=True)[np.argsort(list(hist.axes["energy"]))]


def test_a_report_does_not_depend_on_the_chunks(empty, events):
    parts = [events.chunk(a, b) for a, b in pairwise([0, 100, 101, 420, 600])]
    assert filled(empty, *parts).report().to_dict() == filled(empty, events).report().to_dict()


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, 600), max_size=5))
def test_chunks_make_no_difference(empty, events, cuts):
    parts = [events.chunk(a, b) for a, b in pairwise([0, *sorted(cuts), 600])]
    whole = filled(empty, events)
    assert_same(filled(empty, *parts), whole)
    assert_same(sum((filled(empty, part) for part in parts[1:]), filled(empty, parts[0])), whole)


@settings(max_examples=5, deadline=None)
@given(cuts=st.tuples(st.integers(0, 600), st.integers(0, 600)))
def test_addition_is_associative_and_has_a_zero(empty, events, cuts):
    a, b, c = (filled(empty, events.chunk(i, j)) for i, j in pairwise([0, *sorted(cuts), 600]))
    assert_same((a + b) + c, a + (b + c))
    assert_same(a + b, b + a)
    assert_same(a + empty(), a)


def test_addition_leaves_its_parts_alone(empty, events):
    a, b = filled(empty, events), filled(empty, events)
    before = a.report().to_dict()
    total = a + b
    total.fill(events.events, events.batch, events.outputs)
    assert a.report().to_dict() == before


def test_collectors_of_different_networks_do_not_add(collect, make_card, events):
    other = make_card(network=make_card().network.model_copy(update={"sha256": "1" * 64}))
    with pytest.raises(ValueError, match="different network"):
        collect(events) + collect(events, card=other)


def test_figures_are_those_of_the_scores(empty, events):
    report = filled(empty, events).report()
    label, judged = np.asarray(events.events["truth_label"]), events.batch.judged
    score = events.outputs["score"]
    exact = Separation.from_scores(score[judged & (label == 1)], score[judged & (label == 0)])
    made = report.figures["outputs"]["score"]
    assert abs(made["auc"]["value"] - exact.auc().value) <= made["auc"]["binning"]
    counts = report.figures["events"]
    assert counts["judged"] == judged.sum()
    assert counts["not_judged"] == (~judged).sum()
    assert counts["classes"]["electron"]["units"] == label.sum()


def test_reference_where_lower_is_signal(empty, events):
    report = filled(empty, events).report()
    label, judged = np.asarray(events.events["truth_label"]), events.batch.judged
    values = np.asarray(events.events["likelihood"])
    made = report.figures["references"]["likelihood"]
    exact = Separation.from_scores(-values[judged & (label == 1)], -values[judged & (label == 0)])
    assert made["auc"]["value"] == pytest.approx(exact.auc().value, abs=1e-3)
    point = made["working_points"][3]
    assert (
        np.count_nonzero(values[judged & (label == 1)] < point["threshold"])
        == (point["signal_passed"])
    )


def test_the_cards_working_points_are_counted_exactly(empty, events):
    report = filled(empty, events).report()
    label, score = np.asarray(events.events["truth_label"]), events.outputs["score"]
    (point,) = report.figures["outputs"]["score"]["card_working_points"]
    assert point["signal_passed"] == np.count_nonzero(score[label == 1] > 0.5)
    assert point["background_passed"] == np.count_nonzero(score[label == 0] > 0.5)


def test_rejection_against_energy_takes_each_bins_own_threshold(empty, sample):
    events = sample(4000, np.random.default_rng(3))
    made = filled(empty, events).report().figures["outputs"]["score"]["against"]["energy"]
    rows = made["flat_efficiency"]["rows"]
    label, energy = (np.asarray(events.events[name]) for name in ("truth_label", "energy"))
    score = events.outputs["score"]
    row = rows[3]
    inside = (energy >= row["low"]) & (energy < row["high"]) & events.batch.judged
    assert row["signal"] == np.count_nonzero(inside & (label == 1))
    kept = score > np.float32(row["cut"]["threshold"])
    assert np.count_nonzero(inside & kept & (label == 1)) == row["cut"]["signal_passed"]
    assert np.count_nonzero(inside & kept & (label == 0)) == row["cut"]["background_passed"]
    assert sum(row["signal"] + row["background"] for row in rows) == events.batch.rows


def test_probabilities_of_exactly_zero_and_one(empty, sample):
    events = sample(200, np.random.default_rng(1), unjudged=0)
    label = np.asarray(events.events["truth_label"])
    report = filled(
        empty, type(events)(events.events, events.batch, {"score": label.astype(np.float32)})
    ).report()
    made = report.figures["outputs"]["score"]
    assert made["auc"]["value"] == 1
    assert made["invalid"] == 0
    assert made["working_points"][0]["rejection"]["high"] == np.inf


def test_invalid_scores_fail_a_check(empty, sample):
    events = sample(50, np.random.default_rng(1), unjudged=0)
    score = events.outputs["score"].copy()
    score[:3] = np.nan, 1.5, -0.1
    report = filled(empty, type(events)(events.events, events.batch, {"score": score})).report()
    assert report.figures["outputs"]["score"]["invalid"] == 3
    (check,) = [check for check in report.checks if check.name == "score_valid"]
    assert not check.passed
    assert check.message.startswith("3 values of score")


def test_labels_that_are_none_nan_or_unknown_count_apart(empty, sample):
    events = sample(6, np.random.default_rng(1), unjudged=0)
    record = ak.with_field(events.events, ak.Array([0, 1, None, np.nan, -1, 7]), "truth_label")
    report = filled(empty, type(events)(record, events.batch, events.outputs)).report()
    found = {name: row["units"] for name, row in report.figures["events"]["classes"].items()}
    assert found == {"proton": 1, "electron": 1, "unlabelled": 4}


def test_objects_take_the_labels_of_their_events(adapter, make_card):
    card = make_card(
        outputs=(Output(name="score", role="score", per="Shower"),), working_points=(), domain=()
    )
    collector = Collector(card, adapter, branches={"score": "net_toy_score"})
    events = ak.Array({"truth_label": [1, 0, 1], "energy": [[300.0, 400.0], [], [500.0]]})
    judged = np.array([True, False, True])
    batch = Batch({"image": np.ones((2, 1, 6, 8), np.float32)}, judged, np.array([2, 0, 1]))
    collector.fill(events, batch, {"score": np.array([0.9, np.nan, 0.8], np.float32)})
    counts = collector.report().figures["events"]
    assert (counts["events"], counts["units"], counts["judged"]) == (3, 3, 2)
    assert counts["classes"]["electron"] == {"units": 3, "judged": 2}


def test_a_column_of_the_wrong_length_is_refused(empty, events):
    with pytest.raises(ValueError, match="truth_label"):
        empty().fill(events.events[:-1], events.batch, events.outputs)


def test_memory_does_not_grow_with_the_sample(empty, events):
    once = filled(empty, events)
    size = len(pickle.dumps(once.tally))
    for _ in range(5):
        once.fill(events.events, events.batch, events.outputs)
    assert len(pickle.dumps(once.tally)) < 1.01 * size


def test_energies_far_from_sense_stay_bounded(empty, sample):
    events = sample(400, np.random.default_rng(1), unjudged=0)
    energy = np.geomspace(1e-300, 1e300, 400)
    energy[:4] = 0, -5, np.nan, np.inf
    record = ak.with_field(events.events, energy, "energy")
    collector = filled(empty, type(events)(record, events.batch, events.outputs))
    assert collector.tally.hists["score/energy"].axes["energy"].size < 250
    assert collector.report().figures["events"]["judged"] == 400


def test_centring_moves_each_line_to_its_largest_element():
    rows = np.zeros((2, 1, 2, 40), np.float32)
    rows[0, 0, 0, 5], rows[0, 0, 0, 7] = 3, 1
    rows[0, 0, 1, 39] = 2
    made = centred(rows)
    assert made.shape == (2, 1, 2, 2 * HALF_WINDOW + 1)
    assert (made[0, 0, :, HALF_WINDOW] == (3, 2)).all()
    assert made[0, 0, 0, HALF_WINDOW + 2] == 1
    assert made.sum() == 6


def test_many_channels_are_shown_as_their_sum():
    """Places along a third axis, as bins of height, seen from its end."""
    rng = np.random.default_rng(2)
    volume = rng.random((3, MOST_CHANNELS + 1, 4, 5))
    assert np.array_equal(pictures(volume), volume.sum(axis=1))
    for rows in (volume[:, :MOST_CHANNELS], volume[:, 0]):
        assert np.array_equal(pictures(rows), rows)


def test_average_images_are_means_of_their_class(empty, events):
    report = filled(empty, events).report()
    label = np.asarray(events.events["truth_label"])[events.batch.judged]
    images = events.batch.tensors["image"]
    for i, name in enumerate(("proton", "electron")):
        expected = images[label == i].mean(axis=0)[0]
        assert np.allclose(report.hists[f"image_image_{name}"].values(), expected, rtol=1e-5)


def test_score_against_energy_projects_on_both(empty, events):
    hists = filled(empty, events).report().hists
    both, score = hists["score_vs_energy_electron"], hists["score_electron"]
    chosen = events.batch.judged & (np.asarray(events.events["truth_label"]) == 1)
    energy = np.asarray(events.events["energy"])[chosen]
    found = both.view(flow=True).sum(axis=1)
    assert np.array_equal(found[1:-1], np.histogram(energy, both.axes[0].edges)[0])
    wide = score.values().reshape(-1, 10).sum(axis=1)
    assert np.array_equal(both.values().sum(axis=0), wide)


def test_an_energy_that_was_asked_for_in_fixed_bins_has_their_edges(adapter, make_card, events):
    asked = (Variable("energy", unit="TeV"),)
    collector = Collector(make_card(), adapter, branches={"score": "s"}, variables=asked)
    collector.fill(events.events, events.batch, events.outputs)
    made = collector.report().hists["score_vs_energy_electron"]
    chosen = events.batch.judged & (np.asarray(events.events["truth_label"]) == 1)
    energy = np.asarray(events.events["energy"])[chosen]
    found = made.view(flow=True).sum(axis=1)
    assert np.array_equal(found[1:-1], np.histogram(energy, made.axes[0].edges)[0])
    assert found.sum() == np.count_nonzero(chosen)
    assert made.axes[0].label == "energy [TeV]"


def test_fixed_bins_of_a_variable_are_joined_evenly():
    values = np.random.default_rng(1).uniform(-50, 100, 3000)
    variable = Variable("x")
    hist = Hist(variable.axis(), storage=storage.Int64())
    hist.fill(variable.places(values)[1])
    bins = bins_of(hist, variable)
    edges = np.array([bins[0].low, *(one.high for one in bins)])
    assert all(a.high == b.low for a, b in pairwise(bins))
    assert edges[0] <= values.min()
    assert edges[-1] > values.max()
    counts = np.array([int(one.counts.values) for one in bins])
    assert np.array_equal(counts, np.histogram(values, edges)[0])
    assert 8 <= len(bins) <= 12
    assert counts.max() < 2 * 3000 / 12  # the fixed bins are a tenth of the value wide
    assert 250 / 2 < counts[0] < 1.5 * 250
