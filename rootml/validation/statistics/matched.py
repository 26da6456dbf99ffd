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
from scipy.special import betainc, ndtri

from rootml.spec import Array
from rootml.validation.statistics.binomial import LEVEL, LIMIT_LEVEL, Estimate
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.dependence import Slice, against

_ROUNDING = 1e-9
"""Share of a sum of weights that may be left of nothing."""


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

    As of :func:`ratio_of_counts`.
    """
    parts = (passed, other, passed & other)
    return ratio_of_counts(*(Counts.of(np.count_nonzero(part)) for part in parts))


def ratio_of_counts(passed: Counts, other: Counts, both: Counts) -> Ratio:
    """The rejection of a cut over that of another one, from what passes each and both of them.

    Numbers of events, or sums of weights, one each. Interval: D. G. Bonett, R. M. Price,
    Statistics in Medicine 25 (2006) 3039, as recommended by M. W. Fagerland et al., Statistics in
    Medicine 33 (2014) 2850; of weights at the counts that give log(ratio) its variance. Where
    nothing passes the cut, infinite, with a lower limit at 95 % confidence; NaN where nothing
    passes either of them, or negative weights leave less than nothing.
    """
    m, k = float(passed.values), float(other.values)
    (own, own_squares), (others, others_squares) = (
        _without(part, both) for part in (passed, other)
    )
    b, squares = min(m - own, k - others), own_squares + others_squares
    p_value = _mcnemar(own, others, squares)
    if not (m + k > 0 and min(b, own, others) >= 0):
        return Ratio(math.nan, math.nan, math.nan, p_value)
    size = 1.0
    if passed.weighted:
        parts = float(passed.squares), float(other.squares), float(both.squares)
        size = _effective((m, k, own + others), parts)
    limited = m == 0 or k == 0
    level = 2 * LIMIT_LEVEL - 1 if limited else LEVEL
    low, high = bonett_price(size * k, size * m, size * b, level)
    return Ratio(k / m if m else math.inf, low, high, p_value)


def _without(part: Counts, both: Counts) -> tuple[float, float]:
    """Value and square of a part less those of both; nothing, where rounding alone is left."""
    squares = float(part.squares - both.squares)
    if squares <= _ROUNDING * float(part.squares):
        return 0.0, 0.0
    return float(part.values - both.values), squares


def _effective(sums: tuple[float, float, float], squares: tuple[float, float, float]) -> float:
    """Events for each unit of weight that know log(ratio) as well.

    ``sums``: of the weights that pass each cut, and one alone; ``squares``: that pass each, and
    both.
    """
    (m, k, apart), (mm, kk, bb) = sums, squares
    variance = mm / m**2 + kk / k**2 - 2 * bb / (k * m) if k and m else 0.0
    if variance > 0 and apart > 0:
        return apart / (k * m) / variance
    return (k + m + apart) / 2 / (kk + mm - bb)


def _mcnemar(own: float, others: float, squares: float) -> float:
    """Two-sided p-value of McNemar's exact test, of weights at their effective number.

    ``own``, ``others``: what passes one cut alone; ``squares``: of both together.
    """
    total = own + others
    if not (total > 0 and squares > 0):
        return 1.0
    few, many = sorted(max(one, 0.0) * total / squares for one in (own, others))
    return min(1.0, 2 * float(betainc(many, few + 1, 0.5)))


def bonett_price(k: float, m: float, both: float, level: float = LEVEL) -> tuple[float, float]:
    """Ends of the interval of k / m, events passing two cuts of which ``both`` pass the two."""
    either = k + m - both

    def wilson(count: float) -> tuple[float, float]:
        middle = 2 * count + z**2
        half = z * math.sqrt(z**2 + 4 * count * (1 - count / either))
        return (middle - half) / (2 * (either + z**2)), (middle + half) / (2 * (either + z**2))

    def part(count: float) -> float:
        return math.sqrt((1 - (count + 1) / (either + 2)) / (count + 1))

    joint = math.sqrt((k + m - 2 * both + 2) / ((k + 1) * (m + 1)))
    z: Any = joint / (part(k) + part(m)) * float(ndtri((1 + level) / 2))
    (low, high), (other_low, other_high) = wilson(k), wilson(m)
    return low / other_high if k else 0.0, high / other_low if m else math.inf
