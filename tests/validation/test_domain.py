"""Agreement with the training domain against scipy's tests, and which inputs drift."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hist import Hist, axis, storage
from scipy import stats

from rootml.card import DomainAxis
from rootml.spec import TensorSpec
from rootml.validation import Collector, Study
from rootml.validation.comparing.mismatch import with_simulation
from rootml.validation.figures.domain import compare_with_training
from rootml.validation.statistics.agreement import Limits
from rootml.validation.study import Sample
from rootml.validation.text import to_markdown


def axis_of(counts, **changes):
    fractions = tuple(np.asarray(counts) / np.sum(counts))
    edges = tuple(float(i) for i in range(len(fractions) + 1))
    return DomainAxis(
        **{"name": "x", "low": 0, "high": len(fractions), "edges": edges, "fractions": fractions}
        | changes
    )


def with_flow(counts):
    return np.concatenate(([0], counts, [0]))


def compare(counts, trained, size):
    """Counts with both overflows, as the histogram of a collector, against the training."""
    hist = Hist(axis.Variable(trained.edges), storage=storage.Int64())
    hist.view(flow=True)[...] = counts
    return compare_with_training(hist, trained, size)


def test_chi2_is_that_of_a_contingency_table():
    trained, found = np.array([120, 340, 280, 90, 60]), np.array([40, 90, 100, 25, 30])
    made = compare(with_flow(found), axis_of(trained), int(trained.sum()))
    expected = stats.chi2_contingency(np.stack((trained, found)), correction=False)
    assert made.chi2 == pytest.approx(expected.statistic)
    assert made.ndof == expected.dof
    assert made.p_value == pytest.approx(expected.pvalue)


def test_without_the_size_of_the_training_it_is_pearsons():
    fractions, found = np.array([0.2, 0.5, 0.3]), np.array([25, 41, 34])
    made = compare(with_flow(found), axis_of(fractions), None)
    expected = stats.chisquare(found, 100 * fractions)
    assert made.chi2 == pytest.approx(expected.statistic)
    assert made.p_value == pytest.approx(expected.pvalue)


def test_ks_is_the_largest_distance_at_the_edges():
    made = compare(with_flow([10, 0, 0, 10]), axis_of([1, 1, 1, 1]), None)
    assert made.ks == pytest.approx(0.25)


def test_p_values_are_uniform_where_both_are_of_one_distribution():
    rng = np.random.default_rng(4)
    shape = stats.norm.pdf(np.linspace(-4, 4, 40))
    values = []
    for _ in range(300):
        trained, found = (rng.multinomial(n, shape / shape.sum()) for n in (5000, 1500))
        values.append(compare(with_flow(found), axis_of(trained), 5000).p_value)
    assert stats.kstest(values, "uniform").pvalue > 0.001


def test_entries_beyond_the_axis_count():
    inside = compare(np.array([0, 50, 50, 0]), axis_of([1, 1]), 1000)
    beyond = compare(np.array([0, 50, 50, 400]), axis_of([1, 1]), 1000)
    assert inside.ks == pytest.approx(0)
    assert beyond.ks == pytest.approx(0.8)
    assert beyond.chi2 > 100


def test_what_the_training_has_beyond_the_axis_is_expected_there():
    trained, found = np.array([10, 480, 480, 30]), np.array([20, 960, 960, 60])
    made = compare(found, axis_of(trained[1:-1], fractions=(0.48, 0.48), beyond=(0.01, 0.03)), 1000)
    assert (made.ks, made.chi2, made.ndof) == (pytest.approx(0), pytest.approx(0), 3)


def test_a_single_entry_has_no_p_value():
    made = compare(with_flow([1, 0, 0]), axis_of([1, 2, 1]), 1000)
    assert (made.ndof, made.p_value) == (0, None)


def test_distances_on_a_logarithmic_axis_are_of_logarithms():
    edges = tuple(np.geomspace(1, 100, 41))
    shares = np.diff(stats.norm.cdf(np.log(edges), 2.3, 0.5))
    found = np.diff(stats.norm.cdf(np.log(edges), 2.8, 0.5))
    trained = axis_of(shares, log=True, edges=edges, low=1, high=100)
    made = compare(np.round(1e6 * with_flow(found)), trained, None)
    assert made.wasserstein == pytest.approx(1.0, rel=0.02)


def shifted(sample, n, factor, seed=3):
    """A sample whose deposits are larger than those of the training."""
    made = sample(n, np.random.default_rng(seed))
    made.batch.tensors["image"][...] *= factor
    return made


def test_an_input_drifts_where_the_difference_is_significant_and_large(collect, sample):
    def checks(n, factor):
        report = collect(shifted(sample, n, factor)).report()
        made = {check.name: check for check in report.checks if check.name.startswith("drift")}
        return made, report.figures["domain"]["axes"]["total_energy"]

    usual, axis_ = checks(2000, 1.0)
    assert list(usual) == ["drift"]
    assert usual["drift"].passed
    assert usual["drift"].message.startswith("none of 2 inputs drifts")
    assert not axis_["drifts"]
    far, axis_ = checks(2000, 2.0)
    assert list(far) == ["drift_total_energy"]
    assert not far["drift_total_energy"].passed
    assert axis_["drifts"]
    assert axis_["wasserstein"] == pytest.approx(math.log(2) / 0.7, rel=0.2)
    few, axis_ = checks(12, 1.3)
    assert list(few) == ["drift"]
    assert axis_["ks"] > 0.1


def test_columns_without_a_training_domain_are_named(adapter, make_card):
    spec = TensorSpec("image", (3,), columns=("total_energy", "hit_cells", "depth"))
    view = dataclasses.replace(adapter.views["image"], tensors=(spec,), summaries=())
    mine = dataclasses.replace(adapter, views={"image": view})
    report = Collector(make_card(), mine, branches={"score": "s"}).report()
    assert report.not_drawn["domain_columns"].endswith("no training domain of depth")


def test_inputs_stand_in_the_report_to_read(collect, sample):
    lines = to_markdown(Study.of(collect(shifted(sample, 500, 2.0)).report())).splitlines()
    assert "### Inputs beside those of the training" in lines
    rows = {line.split(" | ")[0]: line for line in lines if line.startswith("| ")}
    assert rows["| total_energy"].endswith("| **drifts** |")
    assert rows["| hit_cells"].endswith("|  |")


def test_limits_can_be_set(adapter, make_card, sample):
    part = shifted(sample, 2000, 1.1)
    failed = []
    for limits in (Limits(), Limits(distance=0.01)):
        collector = Collector(make_card(), adapter, branches={"score": "s"}, limits=limits)
        collector.fill(part.events, part.batch, part.outputs)
        failed.append([c.name for c in collector.report().checks if not c.passed])
    assert failed == [[], ["drift_total_energy"]]


def test_inputs_count_with_their_weights(adapter, make_card, sample):
    """Weights that undo what was drawn give the training's distribution again."""
    part = sample(8000, np.random.default_rng(5))
    energy = np.asarray(part.events["energy"])
    drawn = np.random.default_rng(6).random(8000) < np.where(energy > 800, 0.1, 1.0)
    kept = drawn[part.batch.judged]
    batch = type(part.batch)({"image": part.batch.tensors["image"][kept]}, part.batch.judged[drawn])
    weights = np.where(energy > 800, 10.0, 1.0)[drawn]
    made = []
    for given in (None, weights):
        collector = Collector(
            make_card(), adapter, branches={"score": "s"}, weighted=given is not None
        )
        score = {"score": part.outputs["score"][drawn]}
        collector.fill(part.events[drawn], batch, score, weights=given)
        made.append(collector.report().figures["domain"]["axes"]["total_energy"])
    assert made[0]["drifts"]
    assert not made[1]["drifts"]
    assert made[1]["p_value"] > 0.01
    assert made[1]["effective"][0] < 0.5 * len(kept)


def test_weights_that_cancel_are_said(adapter, make_card, sample):
    part = sample(1000, np.random.default_rng(8), unjudged=0.0)
    collector = Collector(make_card(), adapter, branches={"score": "s"}, weighted=True)
    collector.fill(part.events, part.batch, part.outputs, weights=np.tile([1.0, -1.0], 500))
    report = collector.report()
    assert "no distribution to compare" in report.not_drawn["domain_total_energy"]
    assert report.figures["domain"]["axes"]["total_energy"] is None


def test_inputs_of_data_are_compared_with_all_simulation(collect, sample):
    """Two simulated samples of different energies are the data only together, with their scales."""

    def report(name, role, part):
        return collect(part).report(Sample(name, name.upper(), role))

    def of(part, rows):
        batch = type(part.batch)({"image": part.batch.tensors["image"][rows]})
        return type(part)(part.events[rows], batch, {"score": part.outputs["score"][rows]})

    data, made = (sample(6000, np.random.default_rng(seed), unjudged=0.0) for seed in (1, 2))
    energy = np.asarray(made.events["energy"])
    low, high = np.flatnonzero(energy < 600), np.flatnonzero(energy > 600)[::2]
    samples = [("low", "simulation", of(made, low)), ("high", "simulation", of(made, high))]
    reports = [report(*one) for one in (*samples, ("run1", "data", data))]
    notes, figures = [], []
    for scale in (1.0, 2.0):
        parts = (Sample("low", "LOW"), Sample("high", "HIGH", scale=scale), Sample("run1", "RUN1"))
        study = with_simulation(Study("data", parts, tuple(reports)))
        notes.append(study.notes)
        figures.append(study.reports[2].figures["inputs_against_simulation"]["total_energy"])
        assert "inputs_against_simulation" not in study.reports[0].figures
    assert [one["drifts"] for one in figures] == [True, False]
    assert figures[1]["p_value"] > 0.001
    effective = (len(low) + 2 * len(high)) ** 2 / (len(low) + 4 * len(high))
    assert figures[1]["effective"] == pytest.approx((6000, effective))
    assert [(note.level, note.about) for note in notes[0]] == [("warning", "RUN1")]
    assert "total_energy of net_toy differs from the simulation" in notes[0][0].text
    assert notes[1] == ()
