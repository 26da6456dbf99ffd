"""Two-sample tests and distances of binned samples against scipy and against toys."""

from __future__ import annotations

import numpy as np
import pytest
from hist import Hist, axis, storage
from scipy import stats

from rootml.errors import DataError
from rootml.validation.statistics.agreement import (
    Binned,
    Limits,
    compare,
    compare_hists,
    compare_values,
)

BINS = 12
SHAPE = stats.norm.pdf(np.linspace(-2, 2, BINS))
SHAPE /= SHAPE.sum()


def counts(values):
    return Binned.from_shares(np.asarray(values) / np.sum(values), int(np.sum(values)))


def weighted(n, steepness, rng):
    """A sample of SHAPE whose weights fall by exp(2 * steepness) from the first bin to the last."""
    drawn = SHAPE * np.exp(steepness * np.linspace(-1, 1, BINS))
    drawn /= drawn.sum()
    bins = rng.choice(BINS, n, p=drawn)
    weights = (SHAPE / drawn)[bins] * rng.gamma(4, 0.25, n)
    return Binned(np.bincount(bins, weights, BINS), np.bincount(bins, weights**2, BINS))


def test_chi2_of_counts_is_that_of_a_contingency_table():
    a, b = np.array([120, 340, 280, 90, 60]), np.array([40, 90, 100, 25, 30])
    made = compare(counts(a), counts(b))
    expected = stats.chi2_contingency(np.stack((a, b)), correction=False)
    assert made.chi2 == pytest.approx(expected.statistic)
    assert (made.ndof, made.p_value) == (expected.dof, pytest.approx(expected.pvalue))


def test_kolmogorov_distance_and_its_p_value():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 1, 400), rng.normal(0.15, 1, 600)
    edges = np.linspace(-6, 6, 3001)
    made = compare(*(counts(np.histogram(x, edges)[0]) for x in (a, b)))
    expected = stats.ks_2samp(a, b)
    assert made.ks == pytest.approx(expected.statistic, abs=0.004)
    assert made.ks_p_value == pytest.approx(expected.pvalue, rel=0.15)


def test_weights_of_one_size_change_nothing_but_the_scale():
    a, b = np.array([120, 340, 280, 90, 60]), np.array([40, 90, 100, 25, 30])
    plain = compare(counts(a), counts(b), np.arange(6))
    scaled = compare(Binned(3.0 * a, 9.0 * a), counts(b), np.arange(6))
    assert scaled.chi2 == pytest.approx(plain.chi2)
    assert scaled.wasserstein == pytest.approx(plain.wasserstein)
    assert scaled.effective == pytest.approx((890, 285))


@pytest.mark.parametrize("steepness", [0.0, 1.0])
def test_p_values_of_weighted_samples_are_uniform(steepness):
    rng = np.random.default_rng(5)
    made = [compare(weighted(2000, steepness, rng), weighted(3000, 0.0, rng)) for _ in range(400)]
    assert stats.kstest([one.p_value for one in made], "uniform").pvalue > 0.001
    assert np.mean([one.ks_p_value < 0.05 for one in made]) < 0.06


def test_thin_bins_with_large_weights_do_not_make_samples_differ():
    rng = np.random.default_rng(6)
    made = [compare(weighted(300, 2.0, rng), weighted(600, 0.0, rng)) for _ in range(300)]
    assert np.mean([one.p_value < 0.01 for one in made]) < 0.05  # by the sum of w^2: 0.4


def test_a_shift_is_seen_in_the_unit_of_the_spread():
    edges = np.linspace(-8, 8, 161)
    shares = np.diff(stats.norm.cdf(edges))
    shifted = np.diff(stats.norm.cdf(edges, loc=0.3))
    made = compare(Binned.from_shares(shifted, 10**6), Binned.from_shares(shares, None), edges)
    assert made.wasserstein == pytest.approx(0.3, rel=0.01)
    assert made.ks == pytest.approx(2 * stats.norm.cdf(0.15) - 1, rel=0.01)
    assert made.total_variation == pytest.approx(made.ks, rel=0.01)


def test_values_with_and_without_weights():
    rng = np.random.default_rng(8)
    a, b = rng.normal(0, 1, 3000), rng.normal(0.3, 1.5, 9000)
    apart = compare_values(a, b, bins=300)
    expected = stats.ks_2samp(a, b)
    assert apart.ks == pytest.approx(expected.statistic, abs=0.004)
    assert apart.p_value < 1e-6
    distance = stats.wasserstein_distance(a, b) / b.std()
    assert apart.wasserstein == pytest.approx(distance, rel=0.02)
    ratio = stats.norm.pdf(b) / stats.norm.pdf(b, 0.3, 1.5)
    assert compare_values(a, b, None, ratio).p_value > 0.01
    steps = compare_values(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    assert (steps.ks, steps.total_variation) == (0.25, 0.25)
    for odd in (np.array([np.nan, 1]), np.array([])):
        with pytest.raises(DataError):
            compare_values(odd, b)


def test_overflows_count_and_lie_at_the_outer_edges():
    a, b = Binned.from_shares(np.array([0, 5, 5, 90]) / 100, 100), counts([0, 50, 50, 0])
    made = compare(a, b, np.array([0.0, 1.0, 2.0]))
    assert made.ks == pytest.approx(0.9)
    assert made.wasserstein == pytest.approx(0.9 * 1 / np.sqrt(1 / 4 + 1 / 12))


def test_uhi_histograms_with_and_without_weights():
    rng = np.random.default_rng(7)
    bins = axis.Regular(20, -3, 3)
    plain = Hist(bins, storage=storage.Int64()).fill(rng.normal(0, 1, 3000))
    values = rng.normal(0, 1.5, 20_000)
    ratio = stats.norm.pdf(values) / stats.norm.pdf(values, scale=1.5)
    made = compare_hists(Hist(bins, storage=storage.Weight()).fill(values, weight=ratio), plain)
    assert made.p_value > 0.01
    assert made.effective[0] < 20_000
    assert made.effective[1] == 3000
    with pytest.raises(DataError, match="20 from -3 to 3 and 10 from -3 to 3"):
        compare_hists(plain, Hist(axis.Regular(10, -3, 3)).fill([0.0]))


@pytest.mark.parametrize("values", [[0, 0], [1, -1], [np.nan, 1], [-2, 1]])
def test_weights_that_are_no_distribution_are_refused(values):
    with pytest.raises(DataError, match="no distribution"):
        Binned(np.array(values, float), np.abs(np.array(values, float)))


def test_some_negative_weights_are_no_obstacle():
    made = compare(
        Binned(np.array([-3.0, 50, 60, 20]), np.array([9.0, 55, 64, 22])), counts([2, 50, 60, 20])
    )
    assert 0 < made.p_value < 1
    assert 0 < made.ks < 1


def test_drift_is_a_difference_that_is_significant_and_large():
    large, small = counts([5000, 5000]), counts([12, 8])
    reference = Binned.from_shares(np.array([0.52, 0.48]), None)
    far = Binned.from_shares(np.array([0.7, 0.3]), None)
    limits = Limits()
    assert not limits.drifted(compare(large, reference))  # significant
    assert not limits.drifted(compare(small, counts([400, 600])))  # large
    assert limits.drifted(compare(large, far))
    assert Limits(distance=0.01).drifted(compare(large, reference))
