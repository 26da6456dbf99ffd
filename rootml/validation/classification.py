"""How well a score separates two classes: ROC, efficiency, rejection, and their errors.

Everything follows from counts of signal and background in bins of increasing score. Bins may
be those of a histogram or the distinct values of a small sample, which makes all exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, expit, logit

from rootml.card import WorkingPoint
from rootml.errors import DataError
from rootml.spec import Array

LEVEL = math.erf(math.sqrt(0.5))
"""Probability content of all intervals: that of one standard deviation, 68.27 %."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A value and the ends of its 68.27 % interval. An infinite ``high``: a lower limit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Auc(Estimate):
    """Area under the ROC curve.

    ``error`` is its standard error; ``binning`` the most by which binning the scores can have
    changed the value (0 where the bins are the distinct scores).
    """

    error: float
    binning: float


@dataclass(frozen=True)
class Cut:
    """What ``score > threshold`` keeps of signal and background."""

    threshold: float
    signal_passed: int
    signal: int
    background_passed: int
    background: int

    @property
    def efficiency(self) -> Estimate:
        """Signal passing over signal."""
        low, high = clopper_pearson(self.signal_passed, self.signal)
        return Estimate(self.signal_passed / self.signal, float(low), float(high))

    @property
    def rejection(self) -> Estimate:
        """Background over background passing."""
        value, low, high = rejection(self.background_passed, self.background)
        return Estimate(float(value), float(low), float(high))

    def to_card(self, name: str, output: str, sample: str = "") -> WorkingPoint:
        """This cut as a model card records it."""
        kept, rejected = self.efficiency, self.rejection
        return WorkingPoint(
            name=name,
            output=output,
            threshold=self.threshold,
            efficiency=kept.value,
            efficiency_error=(kept.low, kept.high),
            rejection=rejected.value if math.isfinite(rejected.value) else None,
            rejection_error=(
                rejected.low,
                rejected.high if math.isfinite(rejected.high) else None,
            ),
            sample=sample,
        )


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


def rejection(
    passed: npt.ArrayLike, total: npt.ArrayLike, level: float = LEVEL
) -> tuple[Floats, Floats, Floats]:
    """Value, lower and upper end of total / passed, from the interval of passed / total.

    Where nothing passes, value and upper end are infinite and the lower end is the limit (at
    84.1 % confidence, as the central interval leaves half of the rest on that side). NaN where
    total is 0.
    """
    k, n = np.broadcast_arrays(np.asarray(passed, np.float64), np.asarray(total, np.float64))
    low, high = clopper_pearson(k, n, level)

    def inverted(fraction: Floats) -> Floats:
        result = np.full(fraction.shape, np.inf)
        np.divide(1.0, fraction, out=result, where=fraction > 0)
        return np.where(n > 0, result, np.nan)

    some = n > 0
    return inverted(k / np.where(some, n, 1.0)), inverted(high), inverted(low)


@dataclass(frozen=True, eq=False)
class Separation:
    """Counts of two classes in bins of increasing score.

    ``score > thresholds[i]`` selects the bins i and above. At least one event of each class.
    ``exact``: each bin holds one value only, so that nothing was lost by binning.
    """

    thresholds: Array
    signal: Array
    background: Array
    exact: bool = False

    def __post_init__(self) -> None:
        for name in ("signal", "background"):
            if not getattr(self, name).sum() > 0:
                raise DataError(f"no {name} events: nothing to separate")

    @classmethod
    def from_scores(cls, signal: Array, background: Array) -> Self:
        """Exact counts from unbinned scores: one bin for each distinct value."""
        scores = np.concatenate((signal, background))
        if not np.isfinite(scores).all():
            raise DataError("scores that are not finite cannot be ordered")
        values, index = np.unique(scores, return_inverse=True)
        split = len(signal)
        counts = [np.bincount(part, minlength=len(values)) for part in np.split(index, [split])]
        below = np.nextafter(values, np.array(-np.inf, values.dtype))
        return cls(below, counts[0], counts[1], exact=True)

    @cached_property
    def signal_passed(self) -> Array:
        """Signal events above each threshold."""
        return np.cumsum(self.signal[::-1])[::-1]

    @cached_property
    def background_passed(self) -> Array:
        """Background events above each threshold."""
        return np.cumsum(self.background[::-1])[::-1]

    def cut(self, index: int) -> Cut:
        """The cut at ``thresholds[index]``."""
        return Cut(
            float(self.thresholds[index]),
            int(self.signal_passed[index]),
            int(self.signal_passed[0]),
            int(self.background_passed[index]),
            int(self.background_passed[0]),
        )

    def at_efficiency(self, target: float) -> Cut:
        """The tightest cut on a bin's edge that keeps at least ``target`` of the signal."""
        if not 0 < target <= 1:
            raise ValueError(f"an efficiency is above 0 and at most 1, not {target}")
        return self.cut(int(_tightest(self.signal_passed, np.array([target]))[0]))

    def at_rejection(self, target: float) -> Cut:
        """The loosest cut on a bin's edge that keeps at most one in ``target`` of the background.

        Where none does, the tightest cut there is.
        """
        if not target >= 1:
            raise ValueError(f"a rejection is 1 or more, not {target}")
        return self.cut(self._loosest(1 / target))

    def efficiency_at_rejection(self, target: float) -> Estimate:
        """Signal efficiency of :meth:`at_rejection`.

        The interval holds the binomial errors of the signal, and of the background that fixes
        the cut, in quadrature.
        """
        cut = self.at_rejection(target)
        here = cut.efficiency
        ends = clopper_pearson(round(cut.background / target), cut.background)
        tight, loose = (self.cut(self._loosest(float(end))).efficiency.value for end in ends)
        down = math.hypot(here.value - here.low, here.value - tight)
        up = math.hypot(here.high - here.value, loose - here.value)
        return Estimate(here.value, max(here.value - down, 0), min(here.value + up, 1))

    def _loosest(self, share: float) -> int:
        """The first index at which at most this share of the background passes."""
        allowed = share * self.background_passed[0] * (1 + 1e-12)
        index = int(np.searchsorted(-self.background_passed, -allowed, side="left"))
        return min(index, len(self.thresholds) - 1)

    def curve(self, points: int = 200) -> Array:
        """Indices of cuts, evenly spread in efficiency and in log background efficiency."""
        efficiencies = np.linspace(1 / points, 1, points)
        background = np.geomspace(1 / self.background_passed[0], 1, points)
        return np.unique(
            np.concatenate(
                (
                    _tightest(self.signal_passed, efficiencies),
                    _tightest(self.background_passed, background),
                )
            )
        )

    def auc(self) -> Auc:
        """Probability that a signal event scores above a background event, ties as half.

        Error: E. R. DeLong et al., Biometrics 44 (1988) 837, with counts as weights. Interval:
        the error carried to log(A/(1-A)), which keeps it inside [0, 1] (M. S. Pepe, The
        Statistical Evaluation of Medical Tests, 2003, sec. 5.2). A separation without spread
        (A = 1, say) gives no error: its interval is that of min(signal, background)
        independent pairs, which is conservative.
        """
        s, b = self.signal.astype(np.float64), self.background.astype(np.float64)
        m, n = s.sum(), b.sum()
        above = (self.background_passed[0] - self.background_passed + b / 2) / n
        below = (self.signal_passed - s / 2) / m
        value = float(s @ above / m)
        variance = _variance(s, above, value) / m + _variance(b, below, value) / n
        low, high = _auc_interval(value, math.sqrt(variance), min(m, n))
        binning = 0.0 if self.exact else float(s @ b / (2 * m * n))
        return Auc(value, low, high, math.sqrt(variance), binning)


def _tightest(passed: Array, fractions: Array) -> npt.NDArray[np.int64]:
    """The last index at which at least each fraction of all still passes."""
    needed = np.ceil(fractions * passed[0] * (1 - 1e-12))
    return np.asarray(np.searchsorted(-passed, -needed, side="right") - 1)


def _variance(counts: Floats, values: Floats, mean: float) -> float:
    return float(counts @ (values - mean) ** 2 / max(counts.sum() - 1, 1.0))


def _auc_interval(value: float, error: float, pairs: float) -> tuple[float, float]:
    if error == 0 or not 0 < value < 1 or pairs < 2:
        low, high = clopper_pearson(value * pairs, pairs)
        return float(low), float(high)
    step = error / (value * (1 - value))
    return float(expit(logit(value) - step)), float(expit(logit(value) + step))
