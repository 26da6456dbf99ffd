"""Whether a score is the probability it claims to be: reliability and calibration error."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from scipy.special import erf, gammaincc

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate, Estimates, Floats, efficiency_interval
from rootml.validation.statistics.counts import Counted, Counts

BINS = 10
"""Bins of a reliability diagram."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often what was scored so is signal, in bins of the score; arrays are (bins,).

    ``score``: mean score of the bin. ``observed``: share of signal there, with its interval.
    ``weight``: share of all events. ``ece``: the expected calibration error, the mean distance
    of score and observed share (M. P. Naeini et al., AAAI 2015). ``floor``: what that mean
    would be for perfect probabilities and as many events; an ``ece`` near it says no more than
    that the sample is small. ``ece_error`` and ``ece_bias``: the standard deviation of the mean,
    and how much larger than without statistical fluctuations it is expected, both as of Gaussian
    errors of the observed shares (A. Kumar, P. Liang, T. Ma, NeurIPS 2019, who resample; here in
    closed form). ``chi2`` and ``ndof``: of the observed shares about the scores
    (D. W. Hosmer, S. Lemeshow, Commun. Stat. A 9 (1980) 1043; no parameter was fitted here).
    ``left_out``: bins whose weights do not add up to more than 0.
    """

    low: Floats
    high: Floats
    score: Floats
    observed: Estimates
    weight: Floats
    ece: float
    floor: float
    ece_error: float
    ece_bias: float
    chi2: float
    ndof: int
    p_value: float
    left_out: int

    @classmethod
    def from_scores(
        cls,
        scores: Array,
        labels: Array,
        weights: Array | None = None,
        *,
        bins: int = BINS,
        equal: Literal["width", "count"] = "width",
    ) -> Self:
        """From unbinned scores, (n,) in [0, 1], labels, (n,) true for signal, and weights."""
        signal = np.asarray(labels, np.bool_)
        rows, n = np.arange(len(signal)), len(signal)
        parts = (
            Counts.filled(rows[of], n, None if weights is None else weights[of])
            for of in (signal, ~signal)
        )
        return cls.from_bins(scores, *parts, bins=bins, equal=equal)

    @classmethod
    def from_bins(
        cls,
        scores: Array,
        signal: Counted,
        background: Counted,
        *,
        bins: int = BINS,
        equal: Literal["width", "count"] = "width",
    ) -> Self:
        """From counts in fine bins that stand for the scores (n,), such as bins of log(p/(1-p)).

        ``equal``: bins of the diagram hold equal ranges of the score, or equal weights.
        Raises DataError for scores that are no probabilities, and where nothing was counted.
        """
        if not ((scores >= 0) & (scores <= 1)).all():
            raise DataError("a probability is needed, a score within [0, 1]")
        s = Counts.of(signal)
        total = s + Counts.of(background)
        if not total.values.sum() > 0:
            raise DataError("nothing was scored")
        group = _groups(scores, np.abs(total.values), bins, equal)

        def joined(values: Array) -> Floats:
            return np.asarray(np.bincount(group, values, minlength=bins), np.float64)

        merged, passed = total.each(joined), s.each(joined)
        ends = _ends(scores, total.values, group, bins)
        good = merged.values > 0
        mean = joined(total.values * scores)[good] / merged.values[good]
        left_out = int(np.count_nonzero((joined(np.abs(total.values)) > 0) & ~good))
        low, high = ends[:, good]
        return cls._summary(low, high, mean.clip(low, high), passed[good], merged[good], left_out)

    @classmethod
    def _summary(
        cls, low: Floats, high: Floats, mean: Floats, passed: Counts, total: Counts, left_out: int
    ) -> Self:
        observed = efficiency_interval(passed, total)
        weight = total.values / total.values.sum()
        variance = mean * (1 - mean) * total.squares / total.values**2
        distance = np.abs(observed.value - mean)
        certain = variance == 0
        share = observed.value
        found = share * (1 - share) * total.squares / total.values**2
        mean_of, variance_of = _folded(share - mean, np.sqrt(np.maximum(variance, found)))
        chi2 = float((distance[~certain] ** 2 / variance[~certain]).sum())
        chi2 = math.inf if (distance[certain] > 0).any() else chi2
        ndof = len(mean)
        return cls(
            low,
            high,
            mean,
            observed,
            weight,
            ece=float(weight @ distance),
            floor=float(weight @ np.sqrt(2 / math.pi * variance)),
            ece_error=float(np.sqrt(weight**2 @ variance_of)),
            ece_bias=float(weight @ (mean_of - distance)),
            chi2=chi2,
            ndof=ndof,
            p_value=float(gammaincc(ndof / 2, chi2 / 2)),
            left_out=left_out,
        )

    def error(self) -> Estimate:
        """The expected calibration error as it is, and its 68.27 % interval."""
        return _not_below_0(self.ece, self.ece_error)

    def debiased(self) -> Estimate:
        """The same less its bias, which vanishes in large samples."""
        return _not_below_0(self.ece - self.ece_bias, self.ece_error)

    def figures(self) -> dict[str, Any]:
        """Every figure, as the report holds it."""
        return asdict(self) | {"observed": self.observed._asdict()}


def _folded(mean: Floats, width: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of the distance from 0 of Gaussian numbers.

    F. C. Leone, L. S. Nelson, R. B. Nottingham, Technometrics 3 (1961) 543.
    """
    pull = np.divide(mean, width, out=np.zeros_like(mean), where=width > 0)
    folded = width * math.sqrt(2 / math.pi) * np.exp(-(pull**2) / 2)
    folded += mean * erf(pull / math.sqrt(2))
    folded = np.where(width > 0, folded, np.abs(mean))
    return folded, np.maximum(mean**2 + width**2 - folded**2, 0.0)


def _not_below_0(value: float, error: float) -> Estimate:
    return Estimate(max(value, 0.0), max(value - error, 0.0), max(value + error, 0.0))


def _groups(scores: Array, weights: Array, bins: int, equal: Literal["width", "count"]) -> Array:
    """The bin of the diagram that each score belongs to."""
    if equal == "width":
        return np.minimum((scores * bins).astype(np.int64), bins - 1)
    order = np.argsort(scores, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    group = np.empty(len(scores), np.int64)
    group[order] = np.minimum(middle / weights.sum() * bins, bins - 1)
    return group


def _ends(scores: Array, counts: Array, group: Array, bins: int) -> Floats:
    """Lowest and highest score that was met in each bin."""
    ends = np.stack((np.full(bins, np.inf), np.full(bins, -np.inf)))
    met = counts != 0
    np.minimum.at(ends[0], group[met], scores[met])
    np.maximum.at(ends[1], group[met], scores[met])
    return ends
