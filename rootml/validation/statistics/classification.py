"""How well a score separates two classes: ROC, efficiency, rejection, and their errors.

Everything follows from counts of signal and background, or sums of their weights, in bins of
increasing score. Bins may be those of a histogram or the distinct values of a small sample,
which makes all exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt
from uhi.typing.plottable import PlottableHistogram

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.binomial import (
    Estimate,
    Floats,
    clopper_pearson,
    effective_counts,
    efficiency_interval,
    logit_interval,
    rejection,
)
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.cuts import Cut


@dataclass(frozen=True)
class Auc(Estimate):
    """Area under the ROC curve.

    ``error`` is its standard error; ``binning`` the most by which binning the scores can have
    changed the value (0 where the bins are the distinct scores).
    """

    error: float
    binning: float


@dataclass(frozen=True, eq=False)
class Curve:
    """Cuts along the ROC curve, with the ends of their 68.27 % intervals, as arrays (cuts,)."""

    threshold: Floats
    efficiency: Floats
    efficiency_low: Floats
    efficiency_high: Floats
    background_efficiency: Floats
    rejection: Floats
    rejection_low: Floats
    rejection_high: Floats


@dataclass(frozen=True, eq=False)
class Separation:
    """Counts of two classes, or sums of their weights, in bins of increasing score.

    ``score > thresholds[i]`` selects the bins i and above. Something of each class is needed.
    ``exact``: each bin holds one value only, so that nothing was lost by binning.
    """

    thresholds: Array
    signal: Counts
    background: Counts
    exact: bool = False

    def __post_init__(self) -> None:
        for name in ("signal", "background"):
            values: Array = getattr(self, name).values
            if not values.sum() > 0:
                what = f"no {name} events"
                if values.any():
                    what = f"the weights of the {name} add up to {values.sum():g}"
                raise DataError(f"{what}: nothing to separate")

    @classmethod
    def from_scores(
        cls,
        signal: Array,
        background: Array,
        signal_weights: Array | None = None,
        background_weights: Array | None = None,
    ) -> Self:
        """Exact counts from unbinned scores: one bin for each distinct value.

        ``signal``, ``background``: (n,) scores; weights: (n,), None: each event counts one.
        Raises DataError where scores or weights are not finite.
        """
        scores = np.concatenate((signal, background))
        if not np.isfinite(scores).all():
            raise DataError("scores that are not finite cannot be ordered")
        values, index = np.unique(scores, return_inverse=True)
        below = np.nextafter(values, np.array(-np.inf, values.dtype))
        s, b = np.split(index, [len(signal)])
        for weights, part in ((signal_weights, s), (background_weights, b)):
            if weights is not None and not (
                len(weights) == len(part) and np.isfinite(weights).all()
            ):
                raise DataError("each score needs one finite weight")
        return cls(
            below,
            Counts.filled(s, len(values), signal_weights),
            Counts.filled(b, len(values), background_weights),
            exact=True,
        )

    @classmethod
    def from_histograms(cls, signal: PlottableHistogram, background: PlottableHistogram) -> Self:
        """From two histograms of the score with the same bins, of any library that follows UHI.

        Cuts are at the bins' lower edges; overflows count. Raises DataError where bins differ
        or squared weights are missing.
        """
        edges, s = Counts.with_overflows(signal)
        others, b = Counts.with_overflows(background)
        if not np.array_equal(edges, others):
            raise DataError(
                f"histograms of different bins do not compare: {len(edges) - 1} bins from "
                f"{edges[0]:g} to {edges[-1]:g}, {len(others) - 1} from {others[0]:g} to "
                f"{others[-1]:g}"
            )
        return cls(np.nextafter(edges[:-1], -np.inf), s, b)

    @cached_property
    def signal_passed(self) -> Counts:
        """Signal above each threshold."""
        return self.signal.above()

    @cached_property
    def background_passed(self) -> Counts:
        """Background above each threshold."""
        return self.background.above()

    def cut(self, index: int) -> Cut:
        """The cut at ``thresholds[index]``."""
        s, b = self.signal_passed, self.background_passed
        return Cut.of(float(self.thresholds[index]), (s[index], s[0]), (b[index], b[0]))

    def at_efficiency(self, target: float) -> Cut:
        """The tightest cut on a bin's edge that keeps at least ``target`` of the signal."""
        if not 0 < target <= 1:
            raise ValueError(f"an efficiency is above 0 and at most 1, not {target}")
        return self.cut(int(_tightest(self.signal_passed.values, np.array([target]))[0]))

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
        index = self._loosest(1 / target)
        cut = self.at_rejection(target)
        here = cut.efficiency
        _, size = effective_counts(self.background_passed[index], self.background_passed[0])
        ends = clopper_pearson(round(float(size) / target), size)
        tight, loose = (self.cut(self._loosest(float(end))).efficiency.value for end in ends)
        down = math.hypot(here.value - here.low, here.value - tight)
        up = math.hypot(here.high - here.value, loose - here.value)
        return Estimate(here.value, max(here.value - down, 0), min(here.value + up, 1))

    def _loosest(self, share: float) -> int:
        """The first index at which at most this share of the background passes."""
        passed = np.minimum.accumulate(self.background_passed.values)
        allowed = share * passed[0] * (1 + 1e-12)
        index = int(np.searchsorted(-passed, -allowed, side="left"))
        return min(index, len(self.thresholds) - 1)

    def curve(self, points: int = 200) -> npt.NDArray[np.int64]:
        """Indices of cuts, evenly spread in efficiency and in log background efficiency."""
        efficiencies = np.linspace(1 / points, 1, points)
        background = np.geomspace(1 / self.background.entries, 1, points)
        signal, other = self.signal_passed.values, self.background_passed.values
        return np.unique(
            np.concatenate((_tightest(signal, efficiencies), _tightest(other, background)))
        )

    def roc(self, points: int = 200) -> Curve:
        """The cuts of :meth:`curve`, with efficiencies, rejections and their intervals."""
        chosen = self.curve(points)
        kept = efficiency_interval(self.signal_passed[chosen], self.signal_passed[0])
        passed, total = self.background_passed[chosen], self.background_passed[0]
        background = efficiency_interval(passed, total).value
        thresholds = self.thresholds[chosen]
        return Curve(thresholds, *kept, background, *rejection(passed, total))

    def auc(self) -> Auc:
        """Probability that a signal event scores above a background event, ties as half.

        Error: E. R. DeLong et al., Biometrics 44 (1988) 837, with counts as weights; events
        with weights enter with the squares of theirs (the linearised variance of a weighted
        U-statistic). Interval: the error carried to log(A/(1-A)), which keeps it inside [0, 1]
        (M. S. Pepe, The Statistical Evaluation of Medical Tests, 2003, sec. 5.2). A separation
        without spread (A = 1, say) gives no error: its interval is that of min(signal,
        background) independent pairs, which is conservative.
        """
        s, b = self.signal.values.astype(np.float64), self.background.values.astype(np.float64)
        m, n = s.sum(), b.sum()
        above = (n - self.background_passed.values + b / 2) / n
        below = (self.signal_passed.values - s / 2) / m
        value = float(s @ above / m)
        variance = _variance(self.signal, above, value) + _variance(self.background, below, value)
        error, value = math.sqrt(variance), min(max(value, 0.0), 1.0)
        low, high = logit_interval(value, error, min(self.signal.entries, self.background.entries))
        binning = 0.0 if self.exact else float(np.abs(s) @ np.abs(b) / (2 * m * n))
        return Auc(value, low, high, error, binning)


def _tightest(passed: Array, fractions: Array) -> npt.NDArray[np.int64]:
    """The last index at which at least each fraction of all still passes."""
    needed = fractions * passed[0] * (1 - 1e-12)
    most = np.maximum.accumulate(passed[::-1])[::-1]  # falls, also where weights are negative
    return np.asarray(np.searchsorted(-most, -needed, side="right") - 1)


def _variance(counts: Counts, values: Floats, mean: float) -> float:
    """Variance of the mean of values, each as often as counted."""
    squares = counts.squares.astype(np.float64)
    spread = float(squares @ (values - mean) ** 2)
    return spread / max(counts.entries - 1, 1.0) / float(squares.sum())
