"""Figures of weighted residuals, of histograms, and of one estimate over another."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hist import Hist, axis, storage

from rootml.errors import DataError
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.statistics.paired import Paired, improvement
from rootml.validation.statistics.regression import Residuals


def error(estimate):
    return (estimate.high - estimate.low) / 2


def test_equal_weights_change_nothing():
    values = np.random.default_rng(1).standard_t(3, 3000)
    plain = asdict(Residuals.from_values(values).summary((1.0,)))
    heavy = asdict(Residuals.from_values(values, np.full(3000, 7.0)).summary((1.0,)))
    assert heavy.pop("entries") == pytest.approx(7 * plain.pop("entries"))
    for nested in (plain, heavy):
        core, (tail,) = nested.pop("core"), nested.pop("tails")
        nested |= {f"core {key}": figure for key, figure in core.items()}
        nested |= {f"tail {key}": figure for key, figure in tail.items()}
    assert heavy.pop("core inside") == pytest.approx(7 * plain.pop("core inside"))
    for name, figure in plain.items():
        assert heavy[name] == pytest.approx(figure, rel=1e-9), name


def test_errors_of_weighted_entries_are_those_of_repeated_experiments():
    """Weights that depend on the value and of which a tenth is negative."""
    rng = np.random.default_rng(2)
    truth = {"median": 0.0, "width": 1.0, "mean": 0.0, "rms": 1.0, "eiqr75": 1.0, "eiqr95": 1.0}
    made = []
    for _ in range(250):
        values = rng.normal(0, 1, 1200)
        heavy = np.where(rng.random(1200) < 0.25, 4.0, 0.0)
        weights = np.where(values > 0.5, heavy, 1.0) * rng.choice([1.25, -1.25], 1200, p=[0.9, 0.1])
        made.append(Residuals.from_values(values, weights).summary())
    for name, value in truth.items():
        found = [getattr(one, name) for one in made]
        pulls = [(one.value - value) / error(one) for one in found]
        assert np.mean(pulls) == pytest.approx(0, abs=0.3), name
        assert np.std(pulls) == pytest.approx(1, abs=0.2), name
    cores = [one.core.width for one in made if one.core]
    pulls = [(one.value - 1) / error(one) for one in cores]
    assert np.std(pulls) == pytest.approx(1, abs=0.25)


def test_interquantile_ranges_are_those_of_the_values():
    values = np.random.default_rng(3).standard_t(2, 20_000)
    made = Residuals.from_values(values).summary()
    p5, p25, p75, p95 = np.percentile(values, [5, 25, 75, 95])
    assert made.eiqr75.value == pytest.approx((p75 - p25) / 1.349, rel=2e-3)
    assert made.eiqr95.value == pytest.approx((p95 - p5) / 3.290, rel=2e-3)
    gauss = Residuals.from_values(np.random.default_rng(4).normal(0, 2, 50_000)).summary()
    assert gauss.eiqr75.value == pytest.approx(2, abs=4 * error(gauss.eiqr75))
    assert gauss.eiqr95.value == pytest.approx(2, abs=4 * error(gauss.eiqr95))


def test_any_histogram_has_figures():
    values = np.random.default_rng(5).normal(0.3, 1, 5000)
    whole = Hist(axis.Regular(400, -6, 6), storage=storage.Int64()).fill(values)
    without = Hist(axis.Regular(400, -6, 6, flow=False), storage=storage.Weight())
    without.fill(values, weight=2.0)
    one, two = (Residuals.from_hist(hist).summary((1.0,)) for hist in (whole, without))
    assert one.median.value == pytest.approx(np.median(values), abs=0.01)
    assert two.entries == pytest.approx(10_000)
    assert two.effective == pytest.approx(5000)
    assert error(two.width) == pytest.approx(error(one.width), rel=0.02)
    assert two.tails[0].beyond.value == pytest.approx(one.tails[0].beyond.value)
    with pytest.raises(DataError, match="one axis"):
        Residuals.from_hist(Hist(axis.Regular(2, 0, 1), axis.Regular(2, 0, 1)))


def test_weights_that_cancel_are_refused():
    values = np.array([0.1, 0.2])
    with pytest.raises(DataError, match="add up to nothing"):
        Residuals.from_values(values, np.array([1.0, -1.0]))
    with pytest.raises(DataError, match="3 weights for 2"):
        Residuals.from_values(values, np.ones(3))
    with pytest.raises(DataError, match="not finite"):
        Residuals.from_values(values, np.array([1.0, np.nan]))


def test_negative_weights_keep_quantiles_in_order():
    rng = np.random.default_rng(6)
    values, weights = rng.normal(0, 1, 300), rng.choice([1.0, -0.8], 300, p=[0.6, 0.4])
    made = Residuals.from_values(values, weights)
    assert (np.diff(made.at(np.linspace(0, 1, 50))) >= 0).all()
    summary = made.summary((1.0,))
    assert summary.width.value > 0
    assert 0 <= summary.tails[0].beyond.low <= summary.tails[0].beyond.high <= 1
    lumps = np.repeat([0.0, 1.0, 2.0], [10, 5, 10])
    made = Residuals.from_values(lumps, np.where(lumps == 1, -1.0, 1.0))
    assert made.at(np.array([0.1, 0.4, 0.6, 0.9])) == pytest.approx([0, 0, 2, 2], abs=0.01)


def test_errors_of_improvements_are_those_of_repeated_experiments():
    """Of correlated estimates: a common part, and one that each has alone."""
    rng = np.random.default_rng(7)
    found, errors, independent = [], [], []
    for _ in range(200):
        common = rng.normal(0, 1, 1000)
        before, after = common + rng.normal(0, 0.7, 1000), common + rng.normal(0, 0.3, 1000)
        widths = [Residuals.from_values(values).eiqr()[0] for values in (before, after)]
        made = improvement(*widths, Paired.from_values(before, after).correlation())
        found.append(made.value)
        errors.append(error(made))
        independent.append(error(improvement(*widths)))
    assert np.mean(found) == pytest.approx(1 - np.hypot(1, 0.3) / np.hypot(1, 0.7), abs=0.005)
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.2)
    assert np.mean(independent) > 1.2 * np.std(found)
    with pytest.raises(DataError, match="cannot be improved"):
        improvement(Estimate(0.0, 0.0, 0.0), widths[0])
