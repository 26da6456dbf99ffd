"""Precision against recall: how pure what passes is, in a sample of this composition."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.binomial import (
    Estimate,
    Estimates,
    Floats,
    efficiency_interval,
    logit_interval,
)
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counts


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision (purity) and recall (signal efficiency) of cuts, as arrays (cuts,).

    ``average``: the average precision, with its standard ``error``. ``signal_share``: share of
    signal in the sample, the precision without any cut: another share gives another precision.
    """

    threshold: Floats
    recall: Estimates
    precision: Estimates
    average: Estimate
    error: float
    signal_share: float


def precision_recall(
    separation: Separation, signal_share: float | None = None, points: int = 200
) -> PrecisionRecall:
    """Precision and recall along the cuts of :meth:`Separation.curve`.

    ``signal_share``: weigh the background so that the signal has this share of the sample, say
    the one expected in data; None: the sample as it is. Average precision: sum over bins of
    the recall won times the precision there, as scikit-learn defines it, without
    interpolation. Its error takes the numbers of signal and background as given (linearised,
    squared influence of each event), its interval is symmetric in log(A/(1-A)).
    """
    made = separation if signal_share is None else _composed(separation, signal_share)
    chosen = made.curve(points)
    s, b = made.signal_passed, made.background_passed
    average, error = _average(made)
    entries = min(made.signal.entries, made.background.entries)
    total = float(s.values[0] + b.values[0])
    return PrecisionRecall(
        made.thresholds[chosen],
        efficiency_interval(s[chosen], s[0]),
        efficiency_interval(s[chosen], (s + b)[chosen]),
        Estimate(average, *logit_interval(average, error, entries)),
        error,
        float(s.values[0]) / total,
    )


def _composed(separation: Separation, share: float) -> Separation:
    """The same separation with the background weighted to leave the signal this share."""
    if not 0 < share < 1:
        raise DataError(f"a share of signal is above 0 and below 1, not {share}")
    signal = float(separation.signal.values.sum())
    factor = signal * (1 - share) / share / float(separation.background.values.sum())
    b = separation.background
    weighted = Counts(factor * b.values, factor**2 * b.squares)
    return Separation(separation.thresholds, separation.signal, weighted, separation.exact)


def _average(made: Separation) -> tuple[float, float]:
    """Average precision and its standard error."""
    signal, s, b = made.signal.values, made.signal_passed.values, made.background_passed.values
    precision = np.nan_to_num(efficiency_interval(made.signal_passed, _sum(made)).value)
    average = float(signal @ precision) / float(s[0])
    passed = (s + b).astype(np.float64)
    square = np.divide(1.0, passed**2, out=np.zeros(len(passed)), where=passed > 0)
    with_signal = precision + np.cumsum(signal * b * square)
    with_background = -np.cumsum(signal * s * square)
    variance = _spread(made.signal, with_signal) + _spread(made.background, with_background)
    return min(max(average, 0.0), 1.0), math.sqrt(variance) / float(s[0])


def _sum(made: Separation) -> Counts:
    return made.signal_passed + made.background_passed


def _spread(counts: Counts, influence: Array) -> float:
    """Variance of the sum of influences, for a given number of events."""
    centred = influence - float(counts.values @ influence) / float(counts.values.sum())
    return float(counts.squares @ centred**2)
