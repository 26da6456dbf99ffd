"""Figures of several classes against counting by hand and repeated experiments."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rootml.errors import DataError
from rootml.validation.statistics.binomial import LEVEL
from rootml.validation.statistics.confusion import Confusion

ABC = ("a", "b", "c")


def labels(rng, n, wrong=0.1):
    truth = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    predicted = np.where(rng.random(n) < wrong, rng.integers(0, 4, n), truth)
    return truth, predicted


def test_figures_are_those_of_counting():
    truth, predicted = labels(np.random.default_rng(1), 4000)
    made = Confusion.from_labels(truth, predicted, ABC)
    for i in range(3):
        for j in range(4):
            here = np.sum((truth == i) & (predicted == j))
            assert made.counts.values[i, j] == here
            assert made.by_truth()[i, j] == here / np.sum(truth == i)
            assert made.by_prediction()[i, j] == here / np.sum(predicted == j)
        kept = np.sum((truth == i) & (predicted == i))
        interval = stats.binomtest(int(kept), int(np.sum(truth == i))).proportion_ci(LEVEL, "exact")
        assert made.efficiency().low[i] == pytest.approx(interval.low)
        assert made.efficiency().high[i] == pytest.approx(interval.high)
        assert made.purity().value[i] == kept / np.sum(predicted == i)
    assert made.accuracy().value == np.mean(truth == predicted)
    figures = made.figures()
    assert figures["macro"]["efficiency"]["value"] == pytest.approx(made.efficiency().value.mean())


def test_intervals_cover_the_macro_average():
    rng = np.random.default_rng(2)
    expected = 1 - 0.3 * 3 / 4
    inside = 0
    for _ in range(300):
        macro = Confusion.from_labels(*labels(rng, 500, 0.3), ABC).figures()["macro"]["efficiency"]
        inside += macro["low"] <= expected <= macro["high"]
    assert inside / 300 == pytest.approx(LEVEL, abs=0.1)


def test_weights():
    truth, predicted = labels(np.random.default_rng(3), 2000)
    plain = Confusion.from_labels(truth, predicted, ABC)
    tripled = Confusion.from_labels(truth, predicted, ABC, np.full(2000, 3.0))
    assert tripled.counts.values == pytest.approx(3 * plain.counts.values)
    assert np.array(tripled.efficiency()) == pytest.approx(np.array(plain.efficiency()))
    uneven = np.random.default_rng(4).choice([0.1, 3.0], 2000)
    wide, narrow = (
        Confusion.from_labels(truth, predicted, ABC, weights).accuracy()
        for weights in (uneven, np.ones(2000))
    )
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


def test_values_of_no_class_are_counted_apart():
    truth = np.array([0, 1, 2, 7, -1, np.nan, 0.5])
    predicted = np.array([0, np.nan, -1, 0, 0, 0, 0])
    made = Confusion.from_labels(truth, predicted, ABC)
    assert made.apart == 4
    assert made.counts.values.tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]]
    assert made.accuracy().value == pytest.approx(1 / 3)


def test_empty_classes_have_no_figure():
    made = Confusion.from_labels(np.array([0, 0, 1]), np.array([5, 5, 5]), ABC)
    assert math.isnan(made.efficiency().value[2])
    figures = made.figures()
    assert figures["macro"]["efficiency"]["value"] == 0
    assert math.isnan(figures["macro"]["purity"]["value"])
    assert np.isnan(made.by_prediction()[:, :3]).all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(-2, 5)), min_size=1, max_size=40))
def test_any_labels_have_figures(pairs):
    truth, predicted = np.array(pairs).T
    if not np.isin(truth, range(4)).any():
        with pytest.raises(DataError, match="known class"):
            Confusion.from_labels(truth, predicted, "wxyz")
        return
    made = Confusion.from_labels(truth, predicted, "wxyz")
    assert made.counts.values.sum() + made.apart == len(pairs)
    assert 0 <= made.accuracy().low <= made.accuracy().value <= made.accuracy().high <= 1


def test_bad_input_is_refused():
    with pytest.raises(DataError, match="one for each entry"):
        Confusion.from_labels(np.zeros(3), np.zeros(2), ABC)
    with pytest.raises(DataError, match="1 classes need"):
        Confusion.from_labels(np.zeros(3), np.zeros(3), ("a",))
