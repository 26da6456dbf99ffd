"""Figures of merit against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit

from rootml.errors import DataError
from rootml.validation.statistics.binomial import LEVEL, LIMIT_LEVEL, clopper_pearson, rejection
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.scales import ASINH, LOGIT

scores = st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40)


def binned(scale, signal, background):
    counts = []
    for values in (signal, background):
        inner = scale.forward(np.asarray(values))
        index = np.searchsorted(scale.edges(), inner, side="right")
        counts.append(np.bincount(index, minlength=scale.bins + 2))
    return Separation(scale.thresholds(), *map(Counts.of, counts))


def gaussian_scores(rng, n, separation=4.0):
    signal = expit(separation / 2 + 1.5 * rng.standard_normal(n))
    background = expit(-separation / 2 + 1.5 * rng.standard_normal(n))
    return signal.astype(np.float32), background.astype(np.float32)


def test_level_is_one_standard_deviation():
    assert math.isclose(LEVEL, stats.norm.cdf(1) - stats.norm.cdf(-1))


@pytest.mark.parametrize(("k", "n"), [(0, 1), (0, 50), (3, 7), (50, 50), (999, 1000), (1, 10**6)])
def test_clopper_pearson_is_scipys_exact_interval(k, n):
    expected = stats.binomtest(k, n).proportion_ci(LEVEL, method="exact")
    assert np.allclose(clopper_pearson(k, n), expected, rtol=1e-7, atol=1e-15)


def test_clopper_pearson_of_nothing_knows_nothing():
    assert clopper_pearson(0, 0) == (0.0, 1.0)


def test_clopper_pearson_covers_at_least_its_level():
    passed = np.arange(41)
    low, high = clopper_pearson(passed, 40)
    for p in (0.02, 0.1, 0.37, 0.5, 0.93):
        covered = (low <= p) & (p <= high)
        assert stats.binom.pmf(passed, 40, p)[covered].sum() >= LEVEL


def test_rejection_inverts_efficiency():
    value, low, high = rejection([4, 1, 100], 100)
    eff_low, eff_high = clopper_pearson([4, 1, 100], 100)
    assert np.allclose(value, [25, 100, 1])
    assert np.allclose((low, high), (1 / eff_high, 1 / eff_low))


def test_rejection_where_nothing_passes_is_a_lower_limit():
    value, low, high = rejection([0, 0], [100, 0])
    assert np.isposinf(value[0])
    assert np.isposinf(high[0])
    # P(0 of 100 | 1/low) is what the limit's confidence leaves.
    assert (1 - 1 / low[0]) ** 100 == pytest.approx(1 - LIMIT_LEVEL)
    assert np.isnan([value[1], low[1], high[1]]).all()


@settings(max_examples=60, deadline=None)
@given(scores, scores)
def test_auc_is_the_mann_whitney_statistic(signal, background):
    area = Separation.from_scores(np.float32(signal), np.float32(background)).auc()
    pairs = len(signal) * len(background)
    u = stats.mannwhitneyu(signal, background, method="asymptotic").statistic
    assert area.value == pytest.approx(u / pairs, abs=1e-12)
    assert area.binning == 0
    assert 0 <= area.low <= area.value + 1e-12
    assert area.value - 1e-12 <= area.high <= 1


def test_auc_error_is_delongs():
    """Structural components written out pair by pair (DeLong 1988, eqs. 4-6)."""
    rng = np.random.default_rng(3)
    signal, background = rng.integers(2, 9, 60) / 10, rng.integers(0, 7, 45) / 10
    kernel = (signal[:, None] > background) + 0.5 * (signal[:, None] == background)
    variance = kernel.mean(axis=1).var(ddof=1) / 60 + kernel.mean(axis=0).var(ddof=1) / 45
    area = Separation.from_scores(signal, background).auc()
    assert area.value == pytest.approx(kernel.mean())
    assert area.error == pytest.approx(math.sqrt(variance))


def test_auc_interval_covers_the_true_value():
    """For two normals of unit width, AUC = Phi(d / sqrt 2)."""
    rng = np.random.default_rng(11)
    truth = stats.norm.cdf(1.5 / math.sqrt(2))
    areas = [
        Separation.from_scores(rng.normal(1.5, 1, 200), rng.normal(0, 1, 200)).auc()
        for _ in range(400)
    ]
    covered = np.mean([area.low <= truth <= area.high for area in areas])
    assert covered == pytest.approx(LEVEL, abs=4 * math.sqrt(LEVEL * (1 - LEVEL) / 400))


def test_perfect_separation_has_a_finite_interval():
    area = Separation.from_scores(np.ones(10), np.zeros(30)).auc()
    assert (area.value, area.error, area.high) == (1, 0, 1)
    assert area.low == pytest.approx(((1 - LEVEL) / 2) ** 0.1)


def test_binned_figures_are_those_of_the_scores():
    signal, background = gaussian_scores(np.random.default_rng(5), 20_000)
    exact = Separation.from_scores(signal, background)
    coarse = binned(LOGIT, signal, background)
    assert abs(coarse.auc().value - exact.auc().value) <= coarse.auc().binning < 5e-4
    for target in (0.5, 0.9, 0.99):
        near, best = coarse.at_efficiency(target), exact.at_efficiency(target)
        assert 0 <= near.signal_passed - best.signal_passed < 100
        assert near.rejection.value == pytest.approx(best.rejection.value, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(scores, scores, st.floats(0.01, 1))
def test_a_cut_selects_what_it_says(signal, background, target):
    """``score > threshold`` in float32 gives the cut's own counts, bin edges or not."""
    signal, background = np.float32(signal), np.float32(background)
    for made in (Separation.from_scores(signal, background), binned(LOGIT, signal, background)):
        cut = made.at_efficiency(target)
        threshold = np.float32(cut.threshold)
        assert np.count_nonzero(signal > threshold) == cut.signal_passed
        assert np.count_nonzero(background > threshold) == cut.background_passed
        assert cut.signal_passed >= target * len(signal) * (1 - 1e-9)


def test_the_cut_is_the_tightest_that_keeps_the_target():
    rng = np.random.default_rng(2)
    signal, background = rng.permutation(1000) / 1000.0, rng.permutation(500) / 2000.0
    cut = Separation.from_scores(signal, background).at_efficiency(0.9)
    assert (cut.signal_passed, cut.background_passed) == (900, 500 - 200)


def test_values_of_any_range_keep_their_order():
    values = np.array([-1e9, -300.0, -1.0, -0.001, 0.0, 0.002, 0.999, 1.003, 5e4, 1e9])
    made = binned(ASINH, values, values)
    assert np.count_nonzero(made.signal.values) == len(values) - 1  # 5e4 and 1e9: overflow
    assert made.auc().value == pytest.approx(0.5)


def test_the_curve_reaches_both_ends():
    made = Separation.from_scores(*gaussian_scores(np.random.default_rng(1), 5000))
    chosen = made.curve()
    assert made.signal_passed.values[chosen[0]] == 5000
    assert made.background_passed.values[chosen[-1]] <= 1
    assert len(chosen) <= 400


def test_a_cut_becomes_figures_of_a_card():
    made = Separation.from_scores(np.ones(10), np.zeros(30)).at_efficiency(0.9).figures()
    assert made["efficiency"] == 1
    assert (made["rejection"], made["rejection_error"]) == (None, None)
    assert made["rejection_limit"] == rejection(0, 30).low
    made = Separation.from_scores(np.ones(10), np.arange(30) / 20).at_efficiency(0.9).figures()
    assert made["rejection"] == pytest.approx(3, abs=0.1)
    assert made["rejection_limit"] is None


@pytest.mark.parametrize(("signal", "background"), [([], [0.5]), ([0.5], [])])
def test_one_class_alone_cannot_be_separated(signal, background):
    with pytest.raises(DataError, match="nothing to separate"):
        Separation.from_scores(np.array(signal), np.array(background))


def test_scores_without_order_are_refused():
    with pytest.raises(DataError, match="not finite"):
        Separation.from_scores(np.array([0.5, np.nan]), np.array([0.1]))


def test_efficiency_at_fixed_rejection_is_found_by_hand():
    signal, background = np.arange(100) / 100, np.arange(1000) / 2000
    made = Separation.from_scores(signal, background)
    cut = made.at_rejection(100)
    assert cut.background_passed == 10
    assert cut.signal_passed == np.count_nonzero(signal > np.sort(background)[-11]) == 50
    tighter = made.at_rejection(1000)
    assert (tighter.background_passed, tighter.signal_passed) == (1, 51 - 1)
    assert made.at_rejection(1e6).background_passed <= 1
    assert made.at_rejection(1).signal_passed == 100


def test_interval_at_fixed_rejection_covers_the_truth():
    """True efficiency: above the 99 % quantile of the background, unit Gaussians 2 apart."""
    truth = stats.norm.sf(stats.norm.isf(0.01) - 2)
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        made = Separation.from_scores(rng.normal(2, 1, 2000), rng.normal(0, 1, 2000))
        estimate = made.efficiency_at_rejection(100)
        covered += estimate.low <= truth <= estimate.high
    assert 0.6 < covered / 200 < 0.85


def test_rejections_below_one_are_refused():
    with pytest.raises(ValueError, match="1 or more"):
        Separation.from_scores(np.ones(3), np.zeros(3)).at_rejection(0.5)
