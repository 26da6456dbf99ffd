"""Rejections of several discriminants at the same signal efficiency, and their ratios.

All judge the same events, many of which pass several of them: a ratio is known better than the
rejections themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import binomtest

from rootml.spec import Array
from rootml.validation.statistics.binomial import LEVEL, LIMIT_LEVEL, Estimate
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.dependence import Slice, against


@dataclass(frozen=True)
class Ratio(Estimate):
    """One rejection over another of the same events.

    ``p_value``: how likely they differ at least so much if both reject alike, two-sided, from the
    events that pass one alone (exact form of Q. McNemar, Psychometrika 12 (1947) 153).
    """

    p_value: float


@dataclass(frozen=True)
class MatchedSlice(Slice):
    """One bin of a variable, the cut there, and the ratio of its rejection to the first one's."""

    ratio: Ratio | None


def rejection_ratio(scores: Array, others: Array, labels: Array, efficiency: float = 0.9) -> Ratio:
    """How many times more ``scores`` reject than ``others`` do, both at this signal efficiency.

    ``scores``, ``others`` and ``labels`` (true: signal) are (n,), of the same events. The interval
    takes both cuts as given, although a finite number of signal events set them. Raises DataError
    where either class is missing or a score is not finite.
    """
    signal = np.asarray(labels, np.bool_)
    passed = []
    for one in (scores, others):
        whole = Separation.from_scores(one[signal], one[~signal])
        passed.append(one[~signal] > whole.at_efficiency(efficiency).threshold)
    return paired_ratio(*passed)


def rejection_in_bins(
    scores: Mapping[str, Array],
    labels: Array,
    values: Array,
    edges: Sequence[float] | Array,
    efficiency: float = 0.9,
) -> dict[str, list[MatchedSlice]]:
    """What each discriminant rejects in bins of a variable, its cut set anew in each bin.

    ``scores``: by name, (n,); ``labels`` (true: signal) and ``values`` of the variable: (n,), of
    the same events. In every bin between ``edges`` each cut keeps the share ``efficiency`` of the
    bin's own signal; none is set where there is too little (as of :func:`against`). Ratios are to
    the first of the discriminants, with its events.
    """
    edges, signal = np.asarray(edges, np.float64), np.asarray(labels, np.bool_)
    place = np.searchsorted(edges, values, side="right") - 1
    made: dict[str, list[MatchedSlice]] = {}
    first: list[Array | None] = []
    for name, one in scores.items():
        slices = against(values, one, labels, edges, efficiency=efficiency)
        passed = [
            None if s.cut is None else one[~signal & (place == i)] > s.cut.threshold
            for i, s in enumerate(slices)
        ]
        first = first or passed
        made[name] = [
            MatchedSlice(**vars(s), ratio=None if p is None or f is None else paired_ratio(p, f))
            for s, p, f in zip(slices, passed, first, strict=True)
        ]
    return made


def paired_ratio(passed: Array, other: Array) -> Ratio:
    """The rejection of a cut over that of another one: ``passed`` tells of the same events, (n,).

    Interval: D. G. Bonett, R. M. Price, Statistics in Medicine 25 (2006) 3039, as recommended by
    M. W. Fagerland et al., Statistics in Medicine 33 (2014) 2850. Where nothing passes the cut,
    infinite, with a lower limit at 95 % confidence; NaN where nothing passes either of them.
    """
    both = int(np.count_nonzero(passed & other))
    own, others = int(np.count_nonzero(passed)), int(np.count_nonzero(other))
    alone = own - both, others - both
    if not own + others:
        return Ratio(math.nan, math.nan, math.nan, 1.0)
    p_value = float(binomtest(alone[0], sum(alone)).pvalue) if sum(alone) else 1.0
    limited = own == 0 or others == 0
    low, high = bonett_price(others, own, both, 2 * LIMIT_LEVEL - 1 if limited else LEVEL)
    return Ratio(others / own if own else math.inf, low, high, p_value)


def bonett_price(k: int, m: int, both: int, level: float = LEVEL) -> tuple[float, float]:
    """Ends of the interval of k / m, events passing two cuts of which ``both`` pass the two."""
    either = k + m - both

    def wilson(count: int) -> tuple[float, float]:
        middle = 2 * count + z**2
        half = z * math.sqrt(z**2 + 4 * count * (1 - count / either))
        return (middle - half) / (2 * (either + z**2)), (middle + half) / (2 * (either + z**2))

    def part(count: int) -> float:
        return math.sqrt((1 - (count + 1) / (either + 2)) / (count + 1))

    joint = math.sqrt((k + m - 2 * both + 2) / ((k + 1) * (m + 1)))
    z: Any = joint / (part(k) + part(m)) * float(ndtri((1 + level) / 2))
    (low, high), (other_low, other_high) = wilson(k), wilson(m)
    return low / other_high if k else 0.0, high / other_low if m else math.inf
