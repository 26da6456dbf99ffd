"""Intervals of efficiencies and rejections, of counts and of sums of weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, expit, logit

from rootml.validation.statistics.counts import Counted, Counts

LEVEL = math.erf(math.sqrt(0.5))
"""Probability content of all intervals: that of one standard deviation, 68.27 %."""

LIMIT_LEVEL = 0.95
"""Confidence of one-sided limits, where there is no value to have an interval."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 68.27 % interval; with an infinite ``high``, a limit of 95 %."""

    value: float
    low: float
    high: float


class Estimates(NamedTuple):
    """Values and the ends of their intervals, as arrays of one shape."""

    value: Floats
    low: Floats
    high: Floats

    def one(self) -> Estimate:
        """The only estimate of scalars."""
        return Estimate(*(float(part) for part in self))


def clopper_pearson(
    passed: npt.ArrayLike, total: npt.ArrayLike, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Ends of the central interval for a binomial probability; [0, 1] where total is 0.

    C. Clopper, E. S. Pearson, Biometrika 26 (1934) 404, by quantiles of the beta distribution.
    """
    k, n = np.broadcast_arrays(np.asarray(passed, np.float64), np.asarray(total, np.float64))
    tail = (1 - level) / 2
    some, not_all = k > 0, k < n
    low = betaincinv(np.where(some, k, 1.0), n - k + 1, tail)
    high = betaincinv(k + 1, np.where(not_all, n - k, 1.0), 1 - tail)
    return np.where(some, low, 0.0), np.where(not_all, high, 1.0)


def efficiency_interval(passed: Counted, total: Counted, level: float = LEVEL) -> Estimates:
    """Passed over total with its Clopper-Pearson interval, of counts or of sums of weights.

    ``passed`` is a part of ``total``; both are numbers of events, histograms, or
    :class:`Counts`. Weighted ones get the interval at their :func:`effective_counts`. Where
    the total is not positive: NaN, and the interval [0, 1]. A value that negative weights
    bring out of [0, 1] moves to its end; :func:`unphysical` tells which ones did.
    """
    value = _ratio(passed, total)
    low, high = clopper_pearson(*effective_counts(passed, total), level)
    return Estimates(value, low, high)


def rejection(passed: Counted, total: Counted, level: float = LEVEL) -> Estimates:
    """Total over passed, from the interval of passed over total (:func:`efficiency_interval`).

    Where nothing passes, value and upper end are infinite and the lower end is the limit at
    LIMIT_LEVEL, from the one-sided interval of the same construction. NaN where total is not
    positive.
    """
    value, low, high = efficiency_interval(passed, total, level)
    _, limit = clopper_pearson(*effective_counts(passed, total), 2 * LIMIT_LEVEL - 1)
    high = np.where(value == 0, limit, high)

    def inverted(fraction: Floats) -> Floats:
        result = np.full(fraction.shape, np.inf)
        np.divide(1.0, fraction, out=result, where=fraction > 0)
        return np.where(np.isnan(value), np.nan, result)

    return Estimates(inverted(value), inverted(high), inverted(low))


def effective_counts(passed: Counted, total: Counted) -> tuple[Floats, Floats]:
    """Passed and total of the binomial experiment with the same efficiency and variance.

    Of counts: themselves. The efficiency e of weighted events has the variance
    ((1-e)^2 S_passed + e^2 S_failed) / W^2, with S the sums of squared weights and W the sum
    of all weights (as TH1::Divide of ROOT with option "B"); n = e(1-e) / variance then is what
    a binomial needs (E. L. Korn, B. I. Graubard, Survey Methodology 24 (1998) 193). Where e is
    0 or 1, n is that of all events, W^2 / S (L. Kish, Survey Sampling, 1965): what those that
    could pass would weigh is not known.
    """
    part, whole = Counts.of(passed), Counts.of(total)
    if not (part.weighted or whole.weighted):
        k, n = np.broadcast_arrays(part.values.astype(np.float64), whole.values.astype(np.float64))
        return k, n
    efficiency = np.nan_to_num(_ratio(part, whole))
    failed = np.maximum(whole.squares - part.squares, 0.0)
    spread = (1 - efficiency) ** 2 * part.squares + efficiency**2 * failed
    binomial = efficiency * (1 - efficiency)
    weight = np.maximum(whole.values, 0.0) ** 2
    size = np.zeros(efficiency.shape)
    np.divide(weight, whole.squares, out=size, where=whole.squares > 0)
    np.divide(binomial * weight, spread, out=size, where=(binomial > 0) & (spread > 0))
    return efficiency * size, size


def logit_interval(value: float, error: float, entries: float) -> tuple[float, float]:
    """Ends of the interval of a probability with a standard error, never beyond 0 and 1.

    The error is carried to log(p/(1-p)) (M. S. Pepe, The Statistical Evaluation of Medical
    Tests, 2003, sec. 5.2). Without an error, at 0 or at 1: Clopper-Pearson of ``entries``.
    """
    if error == 0 or not 0 < value < 1 or entries < 2:
        low, high = clopper_pearson(value * entries, entries)
        return float(low), float(high)
    step = error / (value * (1 - value))
    return float(expit(logit(value) - step)), float(expit(logit(value) + step))


def unphysical(passed: Counted, total: Counted) -> npt.NDArray[np.bool_]:
    """Where negative weights bring passed over total out of [0, 1], or the total below 0."""
    part, whole = Counts.of(passed).values, Counts.of(total).values
    return np.asarray((part < 0) | (part > whole))


def _ratio(passed: Counted, total: Counted) -> Floats:
    """Passed over total, at least 0 and at most 1; NaN where total is not positive."""
    part, whole = np.broadcast_arrays(Counts.of(passed).values, Counts.of(total).values)
    value = np.full(part.shape, np.nan)
    np.divide(part, whole, out=value, where=whole > 0)
    return value.clip(0, 1)
