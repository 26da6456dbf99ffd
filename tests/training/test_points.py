"""Working points: fixed on one part, measured on another, flat where they follow a column."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import chi2

from rootml.card import Metric, ModelCard
from rootml.errors import RootmlWarning
from rootml.training.account import account
from rootml.training.figures import classification
from rootml.training.points import MIN_SIGNAL, Judged, tightest, working_points
from rootml.working_point import WorkingPoint

CLASSES = ("proton", "electron")


def judged(part, seed, events=20000, energies=True, separation=4.0):
    """A score that separates the better, the higher the energy."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(events) % 2).astype(np.int8)
    energy = 10 ** rng.uniform(2, 3, events)
    centre = np.where(labels == 1, separation + 3 * (np.log10(energy) - 2.5), 0)
    scores = expit(rng.normal(centre, 1)).astype(np.float32)
    return Judged(part, scores, labels, energy if energies else None)


@pytest.fixture(scope="module")
def points():
    made = working_points(
        judged("validation", 1),
        judged("test", 2),
        output="score",
        against="energy",
        classes=CLASSES,
    )
    return {point.name: point for point in made}


def test_every_cut_is_there(points):
    assert list(points) == ["pass90", "pass95", "rej100", "flat90", "flat95"]
    assert points["rej100"].rejection == pytest.approx(100, rel=0.3)
    for point in points.values():
        assert point.sample == "test split, 10000 electron and 10000 proton events"
        assert point.fixed_on.startswith("validation split")


def test_thresholds_come_from_the_one_and_figures_from_the_other(points):
    fixed, test = judged("validation", 1), judged("test", 2)
    point = points["pass90"]
    assert np.mean(fixed.signal > np.float32(point.threshold)) == pytest.approx(0.9, abs=1e-4)
    assert point.efficiency == np.mean(test.signal > np.float32(point.threshold))
    assert point.efficiency != 0.9
    assert point.efficiency_error[0] < 0.9 < point.efficiency_error[1] + 0.003
    rejected = len(test.background) / np.sum(test.background > np.float32(point.threshold))
    assert point.rejection == pytest.approx(rejected)
    assert point.rejection_error[0] < rejected < point.rejection_error[1]


def spread(point, of):
    """Chi-square of the efficiencies in twenty bins about the mean, and its degrees of freedom."""
    values, passed = of.values[of.labels == 1], point.passes(of.scores, of.values)[of.labels == 1]
    place = np.digitize(values, np.quantile(values, np.linspace(0, 1, 21))[1:-1])
    total = np.bincount(place)
    kept = np.bincount(place, passed) / total
    mean = passed.mean()
    return np.sum((kept - mean) ** 2 * total / (mean * (1 - mean))), 19


def test_efficiency_is_flat_where_the_threshold_follows(points):
    fresh = judged("test", 3, events=40000)
    for name, efficiency in (("flat90", 0.9), ("flat95", 0.95)):
        found, freedom = spread(points[name], fresh)
        kept = points[name].passes(fresh.scores, fresh.values)[fresh.labels == 1].mean()
        assert kept == pytest.approx(efficiency, abs=0.01)
        assert found < 3 * freedom
    found, freedom = spread(points["pass90"], fresh)
    assert chi2.sf(found, freedom) < 1e-9


def test_thresholds_are_those_of_the_neighbourhood(points):
    fixed, point = judged("validation", 1), points["flat90"]
    assert (point.against, point.unit, len(point.thresholds)) == ("energy", "GeV", 8)
    values, signal = fixed.values[fixed.labels == 1], fixed.signal
    octile = np.argsort(np.argsort(values)) * 8 // len(values)
    for i, (at, threshold) in enumerate(zip(point.at, point.thresholds, strict=True)):
        assert at == pytest.approx(np.median(values[octile == i]), rel=1e-5)
        kept = np.mean(signal[octile == i] > np.float32(threshold))
        assert kept == pytest.approx(0.9, abs=1e-3)


def test_values_that_hardly_differ():
    """Runs or times, say: medians of bins are alike in six digits."""
    parts = [judged(part, seed) for part, seed in (("validation", 1), ("test", 2))]
    for part in parts:
        part.values[:] = 1e6 + part.values / 1000
    made = working_points(*parts, output="score", against="time", classes=CLASSES)
    assert made[-1].name == "flat95"
    assert made[-1].efficiency == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("lacking", ["column", "events", "values"])
def test_without_enough_there_is_one_threshold_alone(lacking):
    events = 7 * MIN_SIGNAL if lacking == "events" else 4000
    parts = [
        judged(part, seed, events, lacking != "column")
        for part, seed in (("validation", 1), ("test", 2))
    ]
    if lacking == "values":
        for part in parts:
            part.values[:] = np.nan
    made = working_points(*parts, output="score", against="energy", classes=CLASSES)
    assert [point.name for point in made] == ["pass90", "pass95", "rej100"]


def test_scores_that_are_saturated_are_said():
    """The logit of half of the signal is beyond what float32 holds next to 1."""
    parts = [judged("validation", 1, 4000, False, 17.5), judged("test", 2, 4000, False, 17.5)]
    assert np.mean(parts[0].signal == 1) > 0.5
    with pytest.warns(RootmlWarning, match=r"saturated: 9\d\.\d% of the signal"):
        working_points(*parts, output="score", against="", classes=CLASSES)


def test_where_nothing_passes_figures_are_limits(tmp_path):
    parts = [
        judged(part, seed, 2000, False, 12.0) for part, seed in (("test", 1), ("validation", 2))
    ]
    measured = classification(*parts, output="score", against="", classes=CLASSES, how="by hand")
    (metric,) = [one for one in measured.metrics if one.name == "rejection_eff90"]
    assert (metric.value, metric.interval) == (None, None)
    assert metric.limit == pytest.approx(1 / (1 - 0.05 ** (1 / 1000)), rel=1e-5)
    point = measured.points[0]
    assert point.rejection is None
    assert point.rejection_limit == pytest.approx(metric.limit, rel=1e-5)
    card = ModelCard.from_yaml(CARD).model_copy(
        update={"metrics": measured.metrics, "working_points": measured.points}
    )
    assert ModelCard.from_yaml(card.to_yaml()) == card
    (tmp_path / "toy.card.yaml").write_text(card.to_yaml())
    text = account(tmp_path / "toy.card.yaml")
    assert "rejection_eff90    > 334.308  95 % confidence" in text
    assert "rejection > 334.308" in text


CARD = f"""
name: toy
version: "1.0"
adapter: ams
view: image
network: {{file: toy.onnx, sha256: {"a" * 64}}}
outputs: [{{name: score, role: score}}]
training: {{data: none, events: {{train: 1}}}}
"""


def test_a_metric_has_a_value_or_a_limit():
    for given in ({}, {"value": 1.0, "limit": 2.0}):
        with pytest.raises(ValueError, match="a value, or a limit"):
            Metric(name="auc", **given)


def test_the_tightest_threshold_keeps_at_least_its_share():
    scores = np.array([0.1, 0.5, 0.5, 0.9], np.float32)
    for share, kept in ((0.25, 1), (0.5, 3), (0.75, 3), (0.9, 4), (1.0, 4)):
        assert np.sum(scores > np.float32(tightest(scores, share))) == kept


def test_thresholds_between_whole_scores():
    point = WorkingPoint(
        name="cut", output="score", against="energy", at=(0.0, 1.0), thresholds=(-0.5, -0.5)
    )
    assert point.passes(np.array([-1, 0]), np.zeros(2)).tolist() == [False, True]
