"""Rejections at the same efficiency, and their ratios on the same events."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest, norm

from rootml.errors import DataError
from rootml.validation import (
    against,
    paired_ratio,
    rejection,
    rejection_in_bins,
    rejection_ratio,
)
from rootml.validation.comparing.comparison import ratio
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.matched import bonett_price, ratio_of_counts

EDGES = [1.0, 10.0, 100.0]


def cuts(both, own, others, total=1000):
    """Two cuts: what both pass, each alone, none."""
    passed = np.zeros((2, total), bool)
    passed[:, :both] = True
    passed[0, both : both + own] = True
    passed[1, both + own : both + own + others] = True
    return passed


def two_networks(rng, events=8000):
    """Two scores of the same events that share most of their noise, labels, energies."""
    labels = np.arange(events) % 2 == 1
    energy = 10 ** rng.uniform(0, 2, events)
    shared, own, other = rng.normal(size=(3, events))
    better = expit(shared + 0.3 * own + np.where(labels, 3, 0) * (0.5 + np.log10(energy) / 3))
    worse = expit(shared + 0.3 * other + np.where(labels, 2, 0))
    return better, worse, labels, energy


def test_ratio_is_that_of_what_passes():
    made = paired_ratio(*cuts(both=10, own=5, others=30))
    assert made.value == pytest.approx(40 / 15)
    assert made.low < made.value < made.high
    assert made.p_value == pytest.approx(binomtest(5, 35).pvalue)


def test_interval_is_that_of_the_literature():
    """The paired counts 59, 6, 16, 80 of chapter 8 of M. W. Fagerland, S. Lydersen, P. Laake,
    Statistical Analysis of Contingency Tables, CRC, 2017; 95 %."""
    assert bonett_price(65, 75, 59, 0.95) == pytest.approx((0.7579, 0.9910), abs=5e-5)


def test_common_events_make_the_ratio_better_known():
    one, other = cuts(both=60, own=5, others=40)
    made = paired_ratio(one, other)
    apart = ratio(rejection(65, 1000).one(), rejection(100, 1000).one())
    assert made.value == pytest.approx(apart.value)
    assert made.high - made.low < 0.6 * (apart.high - apart.low)


def test_interval_covers_the_truth():
    """True ratio 4; ten events pass the tighter cut; 1000 toys: 4 standard deviations are 6 %."""
    rng = np.random.default_rng(5)
    shares = [0.006, 0.004, 0.034, 0.956]
    found = []
    for both, own, others, _ in rng.multinomial(1000, shares, 1000):
        low, high = bonett_price(both + others, both + own, both)
        found.append(low <= 4 <= high)
    assert np.mean(found) == pytest.approx(0.6827, abs=0.06)


@pytest.mark.parametrize("weighted", [False, True])
def test_correlated_networks_are_compared_better_than_independent_ones(weighted):
    """Scores of 2000 background events with the correlation 0.95: 500 toys, so that 4 standard
    deviations are 8 %. Errors as of independent samples cover too much and are too wide."""
    rng = np.random.default_rng(6)
    at = np.array([2.0, 1.7])
    truth = norm.sf(at[1]) / norm.sf(at[0])
    made = {"paired": [], "apart": []}
    for _ in range(500):
        shared, *own = rng.normal(size=(3, 2000))
        passed = np.sqrt(0.95) * shared + np.sqrt(0.05) * np.array(own) > at[:, None]
        weights = rng.gamma(1.5, 1, 2000) if weighted else None
        sums = [
            Counts.filled(part.astype(int), 2, weights) for part in (*passed, passed[0] & passed[1])
        ]
        made["paired"].append(ratio_of_counts(*(one[1] for one in sums)))
        found = [rejection(one[1], one.sum()).one() for one in sums[:2]]
        made["apart"].append(ratio(*found))
    covered = {name: np.mean([r.low < truth < r.high for r in of]) for name, of in made.items()}
    width = {name: np.mean([np.log(r.high / r.low) for r in of]) for name, of in made.items()}
    assert covered["paired"] == pytest.approx(0.6827, abs=0.08)
    assert covered["apart"] > 0.85
    assert width["paired"] < 0.65 * width["apart"]


def test_weights_that_are_alike_change_nothing():
    one, other = cuts(both=60, own=5, others=40)
    plain = paired_ratio(one, other)
    parts = [np.sum(part) for part in (one, other, one & other)]
    heavy = ratio_of_counts(*(Counts(0.25 * n, 0.0625 * n) for n in parts))
    assert vars(heavy) == pytest.approx(vars(plain))
    negative = ratio_of_counts(Counts(2.0, 3.0), Counts(-1.0, 4.0), Counts(-1.0, 2.0))
    assert math.isnan(negative.value)


def test_rounding_makes_no_difference_of_a_network_and_itself():
    same, sums = Counts(np.float64(0.3), np.float64(0.05)), Counts(0.1 + 0.2, 0.05 * (1 + 1e-15))
    made = ratio_of_counts(same, sums, sums)
    assert (made.value, made.p_value) == (pytest.approx(1), 1)
    assert made.low < 1 < made.high


def test_nothing_that_passes_gives_limits():
    none = paired_ratio(*cuts(both=0, own=0, others=30))
    assert math.isinf(none.value)
    assert math.isinf(none.high)
    assert none.low == pytest.approx(bonett_price(30, 0, 0, 0.9)[0])
    assert 5 < none.low < 30
    mirrored = paired_ratio(*cuts(both=0, own=30, others=0))
    assert (mirrored.value, mirrored.low) == (0, 0)
    assert mirrored.high == pytest.approx(1 / none.low)
    nothing = paired_ratio(*cuts(both=0, own=0, others=0))
    assert math.isnan(nothing.value)
    assert nothing.p_value == 1


def test_a_network_is_as_good_as_itself():
    better, _, labels, _ = two_networks(np.random.default_rng(1))
    made = rejection_ratio(better, better, labels)
    assert (made.value, made.p_value) == (1, 1)


def test_ratio_at_matched_efficiency():
    better, worse, labels, _ = two_networks(np.random.default_rng(1))
    made = rejection_ratio(better, worse, labels, 0.8)
    passed = [
        np.sum(one[~labels] > np.quantile(one[labels], 0.2, method="lower"))
        for one in (better, worse)
    ]
    assert made.value == pytest.approx(passed[1] / passed[0], rel=0.02)
    assert made.low > 1
    assert made.p_value < 1e-3
    with pytest.raises(DataError, match="no signal"):
        rejection_ratio(better, worse, np.zeros(len(labels), bool))


def test_each_network_has_the_same_efficiency_in_each_bin():
    better, worse, labels, energy = two_networks(np.random.default_rng(2))
    made = rejection_in_bins({"old": worse, "new": better}, labels, energy, EDGES, 0.9)
    assert list(made) == ["old", "new"]
    for name, scores in (("old", worse), ("new", better)):
        plain = against(energy, scores, labels, np.array(EDGES), efficiency=0.9)
        assert [one.cut for one in made[name]] == [one.cut for one in plain]
        for one in made[name]:
            assert one.cut.efficiency.value == pytest.approx(0.9, abs=0.001)
    assert [one.ratio.value for one in made["old"]] == [1, 1]
    for new, old in zip(made["new"], made["old"], strict=True):
        ratio = new.cut.rejection.value / old.cut.rejection.value
        assert new.ratio.value == pytest.approx(ratio)


def test_bins_without_a_cut_have_no_ratio():
    better, worse, labels, energy = two_networks(np.random.default_rng(2), 200)
    made = rejection_in_bins({"a": better, "b": worse}, labels, energy, [1, 100, 1000])
    assert [one.ratio is None for one in made["b"]] == [False, True]
    assert made["b"][1].cut is None
