"""The domain on a card: where the training inputs lie."""

from __future__ import annotations

import numpy as np
import pytest

from rootml.adapter import Summary, View
from rootml.errors import DataError
from rootml.spec import TensorSpec
from rootml.training.domain import describe


def domain(values, log=False, allow_nan=False):
    spec = TensorSpec("x", (), allow_nan=allow_nan)
    view = View("v", (), (spec,), None, (Summary("x", lambda t: t["x"], log=log),))
    return describe(view, {"x": values}, np.arange(len(values)))


@pytest.mark.parametrize("log", [False, True])
def test_a_few_far_values_do_not_empty_the_bins(log):
    values = np.random.default_rng(1).normal(100, 10, 50_000)
    values[:5] = 1e6
    (axis,) = domain(values, log)
    assert 60 < axis.low < 75 < 125 < axis.high < 140
    assert axis.edges[0] < axis.low < axis.high < axis.edges[-1] < 200
    assert axis.beyond == (pytest.approx(0, abs=1e-4), pytest.approx(1e-4, rel=0.2))
    assert sum(axis.fractions) + sum(axis.beyond) == pytest.approx(1, abs=1e-5)
    assert np.count_nonzero(axis.fractions) > 40


def test_narrow_inputs_are_held_whole():
    (axis,) = domain(np.linspace(0, 1, 1001))
    assert (axis.edges[0], axis.edges[-1], axis.beyond) == (0, 1, (0, 0))


def test_a_constant_has_a_domain():
    (axis,) = domain(np.full(100, 3.0))
    assert axis.edges[0] < axis.low == axis.high == 3 < axis.edges[-1]
    assert sum(axis.fractions) == 1


def test_missing_values_are_left_out_where_they_are_meant():
    values = np.where(np.arange(1000) % 2, np.nan, 5.0 + np.arange(1000))
    (axis,) = domain(values, allow_nan=True)
    assert sum(axis.fractions) == pytest.approx(1, abs=1e-4)
    assert domain(np.full(10, np.nan), allow_nan=True) == ()
    with pytest.raises(DataError, match="summary 'x' of the training inputs is not a finite"):
        domain(values)
