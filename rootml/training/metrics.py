"""A measured figure as a card records it."""

from __future__ import annotations

import math

from rootml.card import Metric
from rootml.validation.statistics.binomial import Estimate


def metric(name: str, estimate: Estimate, sample: str, how: str, unit: str = "") -> Metric:
    """A figure and its 68.27 % interval; where its value is infinite, its lower limit."""
    if math.isinf(estimate.value):
        return Metric(name=name, limit=_rounded(estimate.low), unit=unit, sample=sample, how=how)
    high = _rounded(estimate.high) if math.isfinite(estimate.high) else None
    return Metric(
        name=name,
        value=_rounded(estimate.value),
        interval=(_rounded(estimate.low), high),
        unit=unit,
        sample=sample,
        how=how,
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
