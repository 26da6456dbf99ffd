"""Agreement with the training domain against scipy's tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rootml.card import DomainAxis
from rootml.validation.domain import compare


def axis_of(counts):
    fractions = tuple(np.asarray(counts) / np.sum(counts))
    edges = tuple(float(i) for i in range(len(fractions) + 1))
    return DomainAxis(name="x", low=0, high=len(fractions), edges=edges, fractions=fractions)


def with_flow(counts):
    return np.concatenate(([0], counts, [0]))


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
    axis = axis_of(trained[1:-1]).model_copy(
        update={"fractions": (0.48, 0.48), "beyond": (0.01, 0.03)}
    )
    made = compare(found, axis, 1000)
    assert (made.ks, made.chi2, made.ndof) == (pytest.approx(0), pytest.approx(0), 3)


def test_a_single_entry_has_no_p_value():
    made = compare(with_flow([1, 0, 0]), axis_of([1, 2, 1]), 1000)
    assert (made.ndof, made.p_value) == (0, None)
