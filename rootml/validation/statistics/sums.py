"""Ratios of what is counted in events."""

from __future__ import annotations

import numpy as np

from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate


def ratio_of_sums(part: Array, whole: Array) -> Estimate:
    """Of the sums of two counts (n,) of events, with the error of how both vary between events.

    Counts of an event hang together, so that binomial errors would be too small: W. G. Cochran,
    Sampling Techniques (1977), eq. 6.4. NaN where there is nothing.
    """
    total = float(np.sum(whole))
    if not total:
        return Estimate(np.nan, np.nan, np.nan)
    value = float(np.sum(part)) / total
    error = float(np.sqrt(np.sum((part - value * whole) ** 2))) / total
    return Estimate(value, value - error, value + error)
