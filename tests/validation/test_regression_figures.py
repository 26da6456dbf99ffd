"""Figures of a regression beside the residuals alone: weights, variables, response, fits."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import awkward as ak
import numpy as np
import pytest

from rootml.adapter import Against
from rootml.validation import Collector, improvement
from rootml.validation.comparing.series import alone
from rootml.validation.counting.units import Variable
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.statistics.regression import Residuals
from rootml.validation.statistics.rounding import interval, measured
from rootml.validation.store import write_root
from rootml.validation.style import DEFAULT

EDGES = (-3.0, -1.0, 0.0, 3.0)
PHI = Variable("phi", "azimuth", "rad", EDGES)


@pytest.fixture
def collect(tracks):
    """Collects tracks with an azimuth, and weights on request."""

    def collect(sample, *, weights=None):
        card = tracks.collect(sample.chunk(0, 1)).setting.card
        collector = Collector(
            card,
            tracks.adapter,
            branches={"momentum": "net_momentum", "error": "net_error"},
            variables=(PHI,),
            weighted=weights is not None,
        )
        n = len(sample.events)
        phi = np.random.default_rng(3).uniform(-3, 3, n)
        given = {"phi": phi}
        collector.fill(
            sample.events, sample.batch, sample.outputs, weights=weights, variables=given
        )
        return collector, phi

    return collect


def section(report):
    return report.figures["outputs"]["momentum"]


def test_against_any_variable(tracks, collect):
    sample = tracks.sample(6000)
    collector, phi = collect(sample)
    against = section(collector.report())["against"]["phi"]
    assert (against["title"], against["unit"]) == ("azimuth", "rad")
    truth = np.asarray(sample.events["truth_momentum"])
    residual = sample.outputs["momentum"] - truth
    rows = against["residual"]
    assert [(row["low"], row["high"]) for row in rows] == list(pairwise(EDGES))
    for row in rows:
        inside = (phi >= row["low"]) & (phi < row["high"]) & sample.batch.judged
        made = row["estimators"]["residual_momentum"]
        p25, p50, p75 = np.percentile(residual[inside], [25, 50, 75])
        assert made["entries"] == inside.sum()
        assert made["median"]["value"] == pytest.approx(p50, abs=0.005)
        assert made["eiqr75"]["value"] == pytest.approx((p75 - p25) / 1.349, rel=0.03)
        assert row["estimators"]["residual_momentum_track_fit"]["width"]["value"] > 0.14


def test_weights_reach_every_figure(tracks, collect):
    sample = tracks.sample(5000)
    weights = np.random.default_rng(4).choice([0.2, 2.0, -0.3], 5000, p=[0.5, 0.45, 0.05])
    report = collect(sample, weights=weights)[0].report()
    made = section(report)
    judged = sample.batch.judged
    residual = (sample.outputs["momentum"] - np.asarray(sample.events["truth_momentum"]))[judged]
    expected = Residuals.from_values(residual, weights[judged]).summary((0.7,))
    before, after = made["residual"]["estimators"]
    for name in ("median", "width", "mean", "eiqr75", "eiqr95"):
        assert after[name]["value"] == pytest.approx(getattr(expected, name).value, rel=1e-6)
        assert after[name]["low"] == pytest.approx(getattr(expected, name).low, rel=1e-6)
    assert after["effective"] == pytest.approx(expected.effective)
    assert before["entries"] == pytest.approx(weights[judged].sum())
    rows = made["residual"]["against_truth"]
    total = sum(row["estimators"]["residual_momentum"]["entries"] for row in rows)
    assert total == pytest.approx(weights[judged].sum())
    hist = report.hists["residual_momentum"]
    assert hist.variances().sum() > hist.values().sum()


def test_weights_that_add_up_to_nothing_are_said(tracks, collect):
    sample = tracks.sample(400)
    report = collect(sample, weights=np.full(400, -1.0))[0].report()
    assert report.not_drawn["momentum_residual"].startswith("the weights of the residuals add up")


def test_estimates_far_from_any_truth_are_drawn_or_explained(tracks, collect):
    sample = tracks.sample(400)
    sample.outputs["momentum"] *= 1e20
    report = collect(sample)[0].report()
    assert report.not_drawn["momentum_truth_2d"] == "the estimates lie beyond all true values"
    sample.outputs["momentum"][:] = np.nan
    reason = collect(sample)[0].report().not_drawn["momentum_residual"]
    assert reason == "no judged event has a true value (truth_momentum) and an estimate"


@pytest.mark.parametrize("family", ["residual", "residual_tails"])
def test_residuals_far_from_zero_are_drawn(tracks, collect, family):
    sample = tracks.sample(400)
    sample.outputs["momentum"] += 100
    report = collect(sample)[0].report()
    with drawing(DEFAULT):
        ax = FAMILIES[family](alone(report), "momentum", DEFAULT).axes[0]
    network = ax.patches[-1].get_data()
    inside = network.edges[:-1] < ax.get_xlim()[1]
    assert network.values[inside].sum() > 0.95 * sample.batch.judged.sum()


def test_parts_add(tracks, collect):
    sample = tracks.sample(800)
    collector, phi = collect(sample)
    parts = []
    for a, b in ((0, 300), (300, 301), (301, 800)):
        part = sample.chunk(a, b)
        one = Collector(
            collector.setting.card,
            tracks.adapter,
            branches={"momentum": "net_momentum", "error": "net_error"},
            variables=(PHI,),
        )
        one.fill(part.events, part.batch, part.outputs, variables={"phi": phi[a:b]})
        parts.append(one)
    first, *others = parts
    whole, summed = collector.report(), sum(others, first).report()
    assert summed.to_dict() == whole.to_dict()


def test_response_is_the_estimate_over_the_truth(tracks, collect):
    sample = tracks.sample(5000)
    made = section(collect(sample)[0].report())["residual"]
    truth = np.asarray(sample.events["truth_momentum"])
    response = (sample.outputs["momentum"] / truth)[sample.batch.judged]
    (after,) = [r for r in made["response"]["estimators"] if r["name"] == "residual_momentum"]
    assert after["median"]["value"] == pytest.approx(np.median(response), abs=2e-5)
    assert after["mean"]["value"] == pytest.approx(response.mean(), abs=2e-5)
    energy = section(tracks.collect(sample, role="energy").report())["residual"]
    assert energy["response"]["estimators"][1]["median"] == pytest.approx(after["median"])
    pairs = zip(made["response"]["against_truth"], energy["response"]["against_truth"], strict=True)
    for one, other in pairs:
        a, b = (row["estimators"]["residual_momentum"]["median"] for row in (one, other))
        assert a["value"] == pytest.approx(b["value"], abs=1e-4)
    moved = type(sample)(sample.events, sample.batch, sample.outputs)
    moved.events["truth_momentum"] = truth - 100
    report = collect(moved)[0].report()
    assert "not all true values are positive" in report.not_drawn["momentum_response"]


def test_improvement_on_the_file(tracks, collect):
    (made,) = section(collect(tracks.sample(20_000))[0].report())["residual"]["improvement"]
    assert made["title"] == "Track fit"
    before, after = 0.15, 0.12  # of the cores; tails add a little to each
    assert made["eiqr75"]["value"] == pytest.approx(1 - after / before, abs=0.05)
    error = (made["eiqr75"]["high"] - made["eiqr75"]["low"]) / 2
    assert 0.001 < error < 0.005


def test_improvement_on_the_file_in_bins(tracks, collect):
    sample = tracks.sample(20_000)
    collector, phi = collect(sample)
    found = section(collector.report())
    truth, before = (np.asarray(sample.events[name]) for name in ("truth_momentum", "track_fit"))
    rows = {"phi": (phi, found["against"]["phi"]["residual"])}
    rows["truth"] = truth, found["residual"]["against_truth"]
    for values, bins in rows.values():
        for row in bins:
            inside = (values >= row["low"]) & (values < row["high"]) & sample.batch.judged
            old, new = (
                np.subtract(*np.percentile((one - truth)[inside], [75, 25]))
                for one in (before, sample.outputs["momentum"])
            )
            made = row["reiqr75"]["residual_momentum_track_fit"]
            assert made["value"] == pytest.approx(1 - new / old, abs=0.03)
            apart = improvement(*(Estimate(**one["eiqr75"]) for one in row["estimators"].values()))
            error = made["high"] - made["value"]
            assert 0.2 < error / (apart.high - apart.value) < 0.7  # the same tracks: they correlate


def test_without_an_estimate_of_the_file_nothing_is_compared(tracks, collect):
    sample = tracks.sample(3000)
    bare = type(sample)(sample.events[["truth_momentum"]], sample.batch, sample.outputs)
    report = collect(bare)[0].report()
    expected = "the file has no estimate of truth_momentum to compare with"
    assert report.not_drawn["momentum_eiqr75"] == expected
    assert report.not_drawn["momentum_eiqr75_vs_phi"] == expected
    assert "momentum_resolution" not in report.not_drawn


def test_figures_are_shown_against_what_the_adapter_names(tracks):
    sample = tracks.sample(3000)
    phi = np.random.default_rng(3).uniform(-3, 3, 3000)
    events = ak.with_field(sample.events, phi, "phi")
    before = tracks.collect(type(sample)(events, sample.batch, sample.outputs)).setting
    declared = replace(before.adapter, against=(Against("phi", "azimuth", "rad", EDGES),))

    def against(*asked):
        collector = Collector(before.card, declared, branches=before.branches, variables=asked)
        assert "phi" in collector.columns
        collector.fill(events, sample.batch, sample.outputs)
        return section(collector.report())["against"]["phi"]

    made = against()
    assert (made["title"], made["unit"]) == ("azimuth", "rad")
    assert [(row["low"], row["high"]) for row in made["residual"]] == list(pairwise(EDGES))
    asked = against(replace(PHI, title="mine", edges=(-3.0, 3.0)))
    assert asked["title"] == "mine"
    assert len(asked["residual"]) == 1


def test_truth_and_estimate_in_two_dimensions(tracks, collect, tmp_path):
    sample = tracks.sample(4000)
    report = collect(sample)[0].report()
    hist = report.hists["truth_2d_momentum"]
    judged = sample.batch.judged
    truth = np.asarray(sample.events["truth_momentum"])[judged]
    said = sample.outputs["momentum"][judged]
    edges = hist.axes[0].edges
    expected, _, _ = np.histogram2d(truth, said, (edges, edges))
    assert hist.values().sum() == pytest.approx(expected.sum(), rel=0.01)
    assert np.abs(hist.values() - expected).sum() < 0.05 * expected.sum()
    profile = section(report)["residual"]["profile"]
    assert all(row["p16"] < row["median"] < row["p84"] for row in profile)
    rows = section(report)["residual"]["against_truth"]
    for row, point in zip(rows, profile, strict=True):
        inside = (truth >= row["low"]) & (truth < row["high"])
        assert point["truth"] == pytest.approx(truth[inside].mean(), rel=1e-3)
        assert point["median"] == pytest.approx(np.median(said[inside]), rel=3e-3)
    write_root(report.hists, tmp_path / "histograms.root")


def test_a_shape_is_fitted_to_the_residuals(tracks, collect):
    report = collect(tracks.sample(10_000))[0].report()
    fit = section(report)["residual"]["peak"]
    assert fit["model"] == "double_crystal_ball"
    assert fit["parameters"]["width"]["value"] == pytest.approx(0.12, abs=0.01)
    assert sum(fit["expected"]) == pytest.approx(report.hists["peak_momentum"].sum(), rel=1e-3)
    few = collect(tracks.sample(60))[0].report()
    assert few.not_drawn["momentum_peak"].startswith("fewer than 100 residuals")


@pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(DEFAULT)],
    savefig_kwargs={"dpi": 60, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)
@pytest.mark.parametrize("figure", ["resolution", "eiqr"])
def test_plots_against_a_variable(tracks, collect, figure):
    report = collect(tracks.sample(6000))[0].report()
    with drawing(DEFAULT):
        subject = "momentum:phi"
        return FAMILIES[f"{figure}_against"](alone(report), subject, DEFAULT)


def test_numbers_are_written_with_a_minus_sign():
    assert measured({"value": -1.23, "low": -1.33, "high": -1.13}) == "\N{MINUS SIGN}1.23 ± 0.10"
    assert interval({"value": -1, "low": -2, "high": 3}) == "\N{MINUS SIGN}1 [\N{MINUS SIGN}2, 3]"
