"""How well an estimate agrees with the truth: bias, widths, core and tails, and their errors.

All follows from the counts of residuals (estimate minus truth, or pulls) in fine bins: those of
a collector, which add over samples, of an array of values, or of any histogram. Within a bin the
values count as evenly spread. Entries may have weights; errors are then those of the sums of
squared weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.special import ndtr
from uhi.typing.plottable import PlottableHistogram

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.binomial import LEVEL, Estimate, efficiency_interval
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.scales import RESIDUAL, Scale
from rootml.validation.statistics.summary import Core, Summary, Tail

CORE = 2.0
"""The Gaussian of the core is fitted within as many of its own widths on either side."""

MIN_CORE = 20
"""Entries within the core below which it is not fitted."""

REPLICAS = 1000
"""Bootstrap replicas behind the errors of quantiles."""

IQR75, IQR95 = 1.349, 3.290
"""Distance of the 25 % and 75 %, and of the 5 % and 95 % quantiles of a unit Gaussian."""

_SEED = 68
_ROUNDS = 200


@dataclass(frozen=True, eq=False)
class Residuals:
    """Counts of residuals in bins, one more edge than counts; at least one entry.

    ``squares``: of weighted entries the sums of squared weights; None where each counts one.
    """

    edges: Array
    counts: Array
    squares: Array | None = None

    def __post_init__(self) -> None:
        if not self.counts.any():
            raise DataError("no residuals: nothing to summarise")
        if not self.counts.sum() > 0:
            raise DataError("the weights of the residuals add up to nothing above zero")

    @classmethod
    def from_values(cls, values: Array, weights: Array | None = None) -> Self:
        """Count values in bins of 0.25 % of their size (see :data:`RESIDUAL`)."""
        if not np.isfinite(values).all():
            raise DataError("residuals that are not finite have no distribution")
        bins, size = np.digitize(RESIDUAL.forward(values), RESIDUAL.edges()), RESIDUAL.bins + 2
        if weights is not None and np.shape(weights) != np.shape(values):
            raise DataError(f"{np.size(weights)} weights for {np.size(values)} residuals")
        if weights is not None and not np.isfinite(weights).all():
            raise DataError("weights that are not finite have no sum")
        made = Counts.filled(bins, size, weights)
        return cls.from_bins(made.values, squares=None if weights is None else made.squares)

    @classmethod
    def from_bins(
        cls, counts: Array, scale: Scale = RESIDUAL, squares: Array | None = None
    ) -> Self:
        """Take counts in the bins of a scale, with both overflows, which count as at its ends."""
        edges = scale.inverse(scale.edges())
        return cls(edges, _folded(counts), None if squares is None else _folded(squares))

    @classmethod
    def from_hist(cls, hist: PlottableHistogram) -> Self:
        """Take a UHI histogram of residuals; its overflows count as at its ends."""
        edges, made = Counts.with_overflows(hist)
        lacking = (~np.isinf(edges[[0, -1]])).astype(int)
        counts, squares = (_folded(np.pad(part, lacking)) for part in (made.values, made.squares))
        entries = np.array_equal(counts, squares)
        return cls(edges[np.isfinite(edges)], counts, None if entries else squares)

    @property
    def entries(self) -> float:
        """How many residuals there are, or their sum of weights."""
        total = self.counts.sum()
        return int(total) if self.squares is None else float(total)

    @property
    def effective(self) -> float:
        """Sum of weights squared over the sum of squared weights; the entries, without weights."""
        return self.entries if self.squares is None else self.entries**2 / self.squares.sum()

    def summary(self, bounds: tuple[float, ...] = ()) -> Summary:
        """All figures; ``bounds`` are those of the tails, in the residuals' unit."""
        median, width = self.quantiles()
        mean, rms = self._moments()
        tails = tuple(self.tail(bound) for bound in bounds)
        core, effective = self.core(), self.effective
        return Summary(self.entries, median, width, mean, rms, core, tails, *self.eiqr(), effective)

    def quantiles(self) -> tuple[Estimate, Estimate]:
        """Median, and half of the central 68.27 % interval, with bootstrap errors."""
        low = (1 - LEVEL) / 2
        left, middle, right = self._replicas(np.array([low, 0.5, 1 - low])).T
        return _bootstrapped(middle), _bootstrapped((right - left) / 2)

    def eiqr(self) -> tuple[Estimate, Estimate]:
        """Effective interquantile ranges eIQR75 and eIQR95, with bootstrap errors."""
        p5, p25, p75, p95 = self._replicas(np.array([0.05, 0.25, 0.75, 0.95])).T
        return _bootstrapped((p75 - p25) / IQR75), _bootstrapped((p95 - p5) / IQR95)

    def _replicas(self, shares: Array) -> Array:
        """Quantiles of the entries (first row) and of REPLICAS samples drawn anew from them.

        Smoothed bootstrap (B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993,
        ch. 13). Of a sample drawn anew only these quantiles are needed, whose ranks are
        distributed as Dirichlet's (H. A. David, H. N. Nagaraja, Order Statistics, 2003,
        sec. 2.5), which are shares of gamma variates: the draw costs the same for any number of
        entries. Weighted entries between two quantiles are drawn as one gamma variate with the
        mean and variance of their sum.
        """
        parts = np.diff(shares, prepend=0.0, append=1.0)
        size = self.entries * parts
        if self.squares is not None:
            size = size**2 / self._between(self.squares, self.at(shares))
        drawn = np.random.default_rng(_SEED).standard_gamma(size, (REPLICAS, len(parts)))
        drawn *= self.entries * parts / size
        ranks = drawn.cumsum(axis=1)[:, :-1] / drawn.sum(axis=1, keepdims=True)
        return self.at(np.vstack((shares, ranks)))

    def _between(self, squares: Array, points: Array) -> Array:
        """Sums of ``squares`` below the first, between, and above the last of some points."""
        below = np.pad(np.cumsum(squares), (1, 0))
        inner = np.interp(points, self.edges, below)
        return np.diff(inner, prepend=0.0, append=below[-1])

    def at(self, shares: Array) -> Array:
        """The residuals below which are these shares of the entries."""
        ranks = np.stack((self._below[self._filled], self._below[self._filled + 1]), axis=1)
        values = np.stack((self.edges[self._filled], self.edges[self._filled + 1]), axis=1)
        return np.asarray(np.interp(shares * self.entries, ranks.ravel(), values.ravel()))

    def tail(self, bound: float) -> Tail:
        """Shares beyond a bound, which moves to the nearest edge of a bin (0.13 % at most)."""
        low, high = np.abs(self.edges + bound).argmin(), np.abs(self.edges - bound).argmin()
        below, above = slice(None, low), slice(high, None)
        return Tail(bound, *(self._share(parts) for parts in ((below,), (above,), (below, above))))

    def core(self) -> Core | None:
        """The Gaussian that fits the entries within CORE of its own widths best.

        A maximum-likelihood fit of a Gaussian cut off at both ends: its mean and width are
        those that give the cut-off Gaussian the mean and variance of the entries, whence mean
        and width are repeated until the window that they span no longer moves. Errors: the
        inverse of the Fisher information, for the last window taken as given. None where fewer
        than MIN_CORE (effective) entries or no width that settles is found.
        """
        mean, width = (estimate.value for estimate in self.quantiles())
        for _ in range(_ROUNDS):
            inside = self._within(mean - CORE * width, mean + CORE * width)
            weights, squares = inside * self._kept[self._filled], inside * self._spread
            if not weights.sum() ** 2 >= MIN_CORE * squares.sum() > 0:
                return None
            z = (self._centres - mean) / width
            shift = float(weights @ z) / weights.sum()
            spread = math.sqrt(float(weights @ (z - shift) ** 2) / weights.sum()) / _CUT_OFF
            if not spread > 0:
                return None
            mean, width = mean + shift * width, spread * width
            error = math.sqrt(squares.sum()) / weights.sum()
            if max(abs(shift), abs(spread - 1)) < 1e-3 * error:
                errors = width * _errors(z, weights, squares)
                ends = mean - CORE * width, mean + CORE * width
                core = _gauss(mean, errors[0]), _gauss(width, errors[1])
                return Core(*core, *ends, float(weights.sum()))
        return None

    def rebinned(self, edges: Array) -> Counts:
        """The entries in other bins; what is beyond the first and last edge is left out."""

        def moved(below: Array) -> Array:
            return np.asarray(np.diff(np.interp(edges, self.edges, below)))

        counts = moved(np.pad(np.cumsum(self.counts), (1, 0)))
        if self.squares is None:
            return Counts(counts, counts)
        return Counts(counts, moved(np.pad(np.cumsum(self.squares), (1, 0))))

    @cached_property
    def _below(self) -> Array:
        """Entries below each edge.

        Where negative weights make them fall, they follow the rising curve midway between the
        largest of all before and the smallest of all after.
        """
        below = np.pad(np.cumsum(self.counts), (1, 0))
        if self.squares is None:
            return below
        before = np.maximum.accumulate(below)
        after = np.minimum.accumulate(below[::-1])[::-1]
        return np.asarray((before.clip(0, below[-1]) + after.clip(0, below[-1])) / 2)

    @cached_property
    def _kept(self) -> Array:
        """Entries of each bin, none negative."""
        return np.diff(self._below)

    @cached_property
    def _filled(self) -> Array:
        return np.flatnonzero(self._kept)

    @cached_property
    def _spread(self) -> Array:
        """Sum of squared weights of each filled bin."""
        return (self._kept if self.squares is None else self.squares)[self._filled]

    @cached_property
    def _centres(self) -> Array:
        return np.asarray(self.edges[self._filled] + self.edges[self._filled + 1]) / 2

    def _within(self, low: float, high: float) -> Array:
        """Share of each filled bin between two residuals."""
        start, stop = self.edges[self._filled], self.edges[self._filled + 1]
        inside = (np.minimum(stop, high) - np.maximum(start, low)) / (stop - start)
        return np.asarray(inside.clip(0, 1))

    def _moments(self) -> tuple[Estimate, Estimate]:
        n, counts = self.entries, self._kept[self._filled]
        mean = float(counts @ self._centres) / n
        square = (self._centres - mean) ** 2
        variance = float(counts @ square) / n
        rms = math.sqrt(variance)
        error = math.sqrt(float(self._spread @ square)) / n
        spread = math.sqrt(float(self._spread @ (square - variance) ** 2)) / n
        return _gauss(mean, error), _gauss(rms, spread / (2 * rms) if rms > 0 else 0.0)

    def _share(self, parts: Sequence[slice]) -> Estimate:
        """Share of the entries in some bins."""
        sums = self.counts, self.counts if self.squares is None else self.squares
        passed = Counts(*(sum(part[bins].sum() for bins in parts) for part in sums))
        return efficiency_interval(passed, Counts(*(part.sum() for part in sums))).one()


def _folded(bins: Array) -> Array:
    """Bins without overflows, whose contents join the outermost ones."""
    inner = bins[1:-1].copy()
    inner[[0, -1]] += bins[[0, -1]]
    return inner


def _gauss(value: float, error: float) -> Estimate:
    return Estimate(float(value), float(value - error), float(value + error))


def _bootstrapped(values: Array) -> Estimate:
    """The first value, with the spread of the replicas that follow it about it."""
    return _gauss(float(values[0]), float(np.sqrt(np.mean((values[1:] - values[0]) ** 2))))


def _errors(z: Array, weights: Array, squares: Array) -> Array:
    """Errors of mean and width of a Gaussian at (0, 1), seen in a window.

    The inverse of the Fisher information, which is the covariance of the sufficient statistics z
    and z^2 among the entries. With weights the spread of their sums stands on either side of it
    (J. S. Cramer, Econometric Applications of Maximum Likelihood Methods, 1986, sec. 2.7;
    C. Langenbruch, Eur. Phys. J. C 82 (2022) 393).
    """
    statistics = np.stack((z, z**2))
    centred = statistics - (statistics @ weights / weights.sum())[:, None]
    inverse = np.linalg.inv(centred * weights @ centred.T)
    return np.sqrt(np.diag(inverse @ (centred * squares @ centred.T) @ inverse))


def _cut_off_width(ends: float) -> float:
    """Standard deviation of the unit Gaussian that is cut off at ``ends`` on both sides."""
    density = math.exp(-(ends**2) / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * ends * density / (2 * float(ndtr(ends)) - 1))


_CUT_OFF = _cut_off_width(CORE)
