"""How well an estimate agrees with the truth: bias, widths, core and tails, and their errors.

All follows from the counts of residuals (estimate minus truth, or pulls) in fine bins: those of
a collector, which add over samples, or of an array of values. Within a bin the values count as
evenly spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.special import ndtr

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.classification import LEVEL, Estimate, clopper_pearson
from rootml.validation.scales import RESIDUAL, Scale

CORE = 2.0
"""The Gaussian of the core is fitted within as many of its own widths on either side."""

MIN_CORE = 20
"""Entries within the core below which it is not fitted."""

REPLICAS = 1000
"""Bootstrap replicas behind the errors of quantiles."""

_SEED = 68
_ROUNDS = 200


@dataclass(frozen=True)
class Core:
    """The Gaussian of the core, fitted to the ``inside`` entries between ``low`` and ``high``."""

    mean: Estimate
    width: Estimate
    low: float
    high: float
    inside: float


@dataclass(frozen=True)
class Tail:
    """Shares of the entries beyond ``bound``: below its negative, above it, both together."""

    bound: float
    below: Estimate
    above: Estimate
    beyond: Estimate


@dataclass(frozen=True)
class Summary:
    """The figures of one distribution of residuals, in their unit.

    ``median``: the bias. ``width``: half of the central 68.27 % interval, the standard deviation
    where the residuals are Gaussian, and hardly moved by tails. ``rms``: root mean square about
    the ``mean``, which the farthest tails govern. ``core``: None where there is none to fit.
    """

    entries: int
    median: Estimate
    width: Estimate
    mean: Estimate
    rms: Estimate
    core: Core | None
    tails: tuple[Tail, ...]


@dataclass(frozen=True, eq=False)
class Residuals:
    """Counts of residuals in bins, one more edge than counts; at least one entry."""

    edges: Array
    counts: Array

    def __post_init__(self) -> None:
        if not self.counts.sum() > 0:
            raise DataError("no residuals: nothing to summarise")

    @classmethod
    def from_values(cls, values: Array) -> Self:
        """Count values in bins of 0.25 % of their size (see :data:`RESIDUAL`)."""
        if not np.isfinite(values).all():
            raise DataError("residuals that are not finite have no distribution")
        bins = np.digitize(RESIDUAL.forward(values), RESIDUAL.edges())
        return cls.from_bins(np.bincount(bins, minlength=RESIDUAL.bins + 2))

    @classmethod
    def from_bins(cls, counts: Array, scale: Scale = RESIDUAL) -> Self:
        """Take counts in the bins of a scale, with both overflows, which count as at its ends."""
        inner = counts[1:-1].copy()
        inner[[0, -1]] += counts[[0, -1]]
        return cls(scale.inverse(scale.edges()), inner)

    @property
    def entries(self) -> int:
        """How many residuals there are."""
        return int(self.counts.sum())

    def summary(self, bounds: tuple[float, ...] = ()) -> Summary:
        """All figures; ``bounds`` are those of the tails, in the residuals' unit."""
        median, width = self.quantiles()
        mean, rms = self._moments()
        tails = tuple(self.tail(bound) for bound in bounds)
        return Summary(self.entries, median, width, mean, rms, self.core(), tails)

    def quantiles(self) -> tuple[Estimate, Estimate]:
        """Median, and half of the central 68.27 % interval.

        Errors: smoothed bootstrap (B. Efron, R. J. Tibshirani, An Introduction to the
        Bootstrap, 1993, ch. 13). Of a sample drawn anew from this one only three quantiles are
        needed, whose ranks are distributed as Dirichlet's (H. A. David, H. N. Nagaraja, Order
        Statistics, 2003, sec. 2.5): the draw costs the same for any number of entries.
        """
        low = (1 - LEVEL) / 2
        shares = np.array([low, 0.5 - low, 0.5 - low, low])
        rng = np.random.default_rng(_SEED)
        drawn = rng.dirichlet(self.entries * shares, REPLICAS).cumsum(axis=1)[:, :3]
        left, middle, right = self.at(np.vstack((shares.cumsum()[:3], drawn))).T
        return _bootstrapped(middle), _bootstrapped((right - left) / 2)

    def at(self, shares: Array) -> Array:
        """The residuals below which are these shares of the entries."""
        ranks = np.stack((self._below[self._filled], self._below[self._filled + 1]), axis=1)
        values = np.stack((self.edges[self._filled], self.edges[self._filled + 1]), axis=1)
        return np.asarray(np.interp(shares * self.entries, ranks.ravel(), values.ravel()))

    def tail(self, bound: float) -> Tail:
        """Shares beyond a bound, which moves to the nearest edge of a bin (0.13 % at most)."""
        below = int(self._below[np.abs(self.edges + bound).argmin()])
        above = self.entries - int(self._below[np.abs(self.edges - bound).argmin()])
        return Tail(bound, *(self._share(passed) for passed in (below, above, below + above)))

    def core(self) -> Core | None:
        """The Gaussian that fits the entries within CORE of its own widths best.

        A maximum-likelihood fit of a Gaussian cut off at both ends: its mean and width are
        those that give the cut-off Gaussian the mean and variance of the entries, whence mean
        and width are repeated until the window that they span no longer moves. Errors: the
        inverse of the Fisher information, for the last window taken as given. None where fewer
        than MIN_CORE entries or no width that settles is found.
        """
        mean, width = (estimate.value for estimate in self.quantiles())
        for _ in range(_ROUNDS):
            weights = self._within(mean - CORE * width, mean + CORE * width)
            inside = float(weights.sum())
            if inside < MIN_CORE:
                return None
            z = (self._centres - mean) / width
            shift = float(weights @ z) / inside
            spread = math.sqrt(float(weights @ (z - shift) ** 2) / inside) / _CUT_OFF
            if not spread > 0:
                return None
            mean, width = mean + shift * width, spread * width
            if max(abs(shift), abs(spread - 1)) < 1e-3 / math.sqrt(inside):
                errors = width * np.sqrt(np.diag(np.linalg.inv(_information(z, weights))))
                ends = mean - CORE * width, mean + CORE * width
                return Core(_gauss(mean, errors[0]), _gauss(width, errors[1]), *ends, inside)
        return None

    def rebinned(self, edges: Array) -> Array:
        """The entries in other bins; what is beyond the first and last edge is left out."""
        return np.asarray(np.diff(np.interp(edges, self.edges, self._below)))

    @cached_property
    def _below(self) -> Array:
        """Entries below each edge."""
        return np.concatenate(([0], np.cumsum(self.counts)))

    @cached_property
    def _filled(self) -> Array:
        return np.flatnonzero(self.counts)

    @cached_property
    def _centres(self) -> Array:
        return np.asarray(self.edges[self._filled] + self.edges[self._filled + 1]) / 2

    def _within(self, low: float, high: float) -> Array:
        """Entries of each filled bin between two residuals."""
        start, stop = self.edges[self._filled], self.edges[self._filled + 1]
        inside = (np.minimum(stop, high) - np.maximum(start, low)) / (stop - start)
        return np.asarray(inside.clip(0, 1) * self.counts[self._filled])

    def _moments(self) -> tuple[Estimate, Estimate]:
        n, counts = self.entries, self.counts[self._filled]
        mean = float(counts @ self._centres) / n
        square = (self._centres - mean) ** 2
        variance = float(counts @ square) / n
        rms = math.sqrt(variance)
        spread = math.sqrt(float(counts @ (square - variance) ** 2) / n)
        error = spread / (2 * rms * math.sqrt(n)) if rms > 0 else 0.0
        return _gauss(mean, rms / math.sqrt(n)), _gauss(rms, error)

    def _share(self, passed: int) -> Estimate:
        low, high = clopper_pearson(passed, self.entries)
        return Estimate(passed / self.entries, float(low), float(high))


def _gauss(value: float, error: float) -> Estimate:
    return Estimate(float(value), float(value - error), float(value + error))


def _bootstrapped(values: Array) -> Estimate:
    """The first value, with the spread of the replicas that follow it about it."""
    return _gauss(float(values[0]), float(np.sqrt(np.mean((values[1:] - values[0]) ** 2))))


def _information(z: Array, weights: Array) -> Array:
    """Fisher information on mean and width of a Gaussian at (0, 1), seen in a window.

    The covariance of its sufficient statistics z and z^2 among the entries.
    """
    return np.asarray(weights.sum() * np.cov(z, z**2, aweights=weights, bias=True))


def _cut_off_width(ends: float) -> float:
    """Standard deviation of the unit Gaussian that is cut off at ``ends`` on both sides."""
    density = math.exp(-(ends**2) / 2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 2 * ends * density / (2 * float(ndtr(ends)) - 1))


_CUT_OFF = _cut_off_width(CORE)
