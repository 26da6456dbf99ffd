"""Whether two binned samples, weighted or not, are of one distribution, and how far apart they are.

Large samples make small and harmless differences significant, small samples hide large ones: a
test comes with a distance, and :class:`Limits` asks for both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc, kolmogorov

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.counts import Counts

MIN_EXPECTED = 5.0
"""Neighbouring bins are joined until each expects as many entries (W. G. Cochran, 1952)."""

MIN_EFFECTIVE = 10.0
"""With weights: as many effective entries."""


@dataclass(frozen=True)
class Agreement:
    """How well two samples agree; a p-value is None where there is nothing to test.

    ``ks``: largest distance of the cumulative distributions at the bins' edges, from 0 to 1 where
    no weight is negative. ``chi2`` and ``ndof`` are of shapes alone; ``p_value`` follows from
    them. ``total_variation``: half the sum of the differences of the bins' shares.
    ``wasserstein``: mean distance by which one sample has to be moved to become the other, in
    standard deviations of the second; None where the bins have no places. ``effective``: entries
    without weights that tell as much as each sample.
    """

    ks: float
    ks_p_value: float
    chi2: float
    ndof: int
    p_value: float | None
    total_variation: float
    wasserstein: float | None
    effective: tuple[float, float]


@dataclass(frozen=True)
class Limits:
    """A difference is drift where it is significant and large.

    ``p_value``: that of the chi2 (of the Kolmogorov distance, where a single bin is left) is
    smaller. ``distance``: the Kolmogorov distance is larger. With many inputs some differ
    significantly by chance; by chance alone none is far away.
    """

    p_value: float = 1e-3
    distance: float = 0.1

    def drifted(self, found: Agreement) -> bool:
        """Whether the samples differ by more than these limits allow."""
        p_value = found.ks_p_value if found.p_value is None else found.p_value
        return found.ks > self.distance and p_value < self.p_value


USUAL_LIMITS = Limits()


@dataclass(frozen=True, eq=False)
class Binned:
    """A sample in bins: sums of weights, and of squared weights, with both overflows if any.

    ``exact``: shares that are known without error.
    """

    values: npt.NDArray[np.float64]
    variances: npt.NDArray[np.float64]
    exact: bool = False

    def __post_init__(self) -> None:
        total = self.values.sum()
        if not (0 < total < math.inf and 0 < self.variances.sum() < math.inf):
            raise DataError(f"weights that add up to {total:g} are no distribution to compare")

    @classmethod
    def from_hist(cls, hist: Any) -> Self:
        """The sample of a UHI histogram of one axis; counts where it keeps no variances."""
        values = _with_flow(hist.values)
        variances = values if hist.variances() is None else _with_flow(hist.variances)
        return cls(values, variances)

    @classmethod
    def from_shares(cls, shares: Array, size: int | None) -> Self:
        """Shares of a sample of ``size`` entries; None: they count as exact."""
        counts = np.asarray(shares, np.float64) * (size or 1)
        return cls(counts, counts, exact=size is None)

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """Share of each bin; together 1."""
        shares: npt.NDArray[np.float64] = self.values / self.values.sum()
        return shares

    @property
    def effective(self) -> float:
        """Entries without weights that tell as much: (sum of w)^2 / (sum of w^2)."""
        return math.inf if self.exact else float(self.values.sum() ** 2 / self.variances.sum())

    @property
    def weighted(self) -> bool:
        """Whether entries count other than one."""
        return not self.exact and not np.array_equal(self.values, self.variances)


def compare_hists(a: Any, b: Any) -> Agreement:
    """Compare two UHI histograms of one axis and the same bins.

    Distances are in the unit of the axis. DataError where the bins differ, or weights do not add
    up to something positive.
    """
    edges, others = (np.asarray(hist.axes[0].edges, np.float64) for hist in (a, b))
    if not np.array_equal(edges, others):
        raise DataError(f"histograms in different bins do not compare: {_said(edges, others)}")
    return compare(Binned.from_hist(a), Binned.from_hist(b), edges)


def compare_values(
    a: Array,
    b: Array,
    a_weights: Array | None = None,
    b_weights: Array | None = None,
    *,
    bins: int = 50,
) -> Agreement:
    """Compare two samples of values (n,), with weights (n,) or None, in bins as evenly filled.

    Distances are in the unit of the values. DataError where a value or weight is not finite, or
    weights do not add up to something positive.
    """
    every = [np.asarray(x, np.float64) for x in (a, b, a_weights, b_weights) if x is not None]
    if not all(np.isfinite(x).all() for x in every):
        raise DataError("values or weights that are not finite do not compare")
    if not all(len(x) for x in every):
        raise DataError("of a sample without entries nothing is to be compared")
    edges = np.unique(np.quantile(np.concatenate(every[:2]), np.linspace(0, 1, bins + 1)))
    edges = np.append(edges, np.nextafter(edges[-1], np.inf))
    samples = []
    for values, weights in ((every[0], a_weights), (every[1], b_weights)):
        counts = Counts.filled(np.digitize(values, edges) - 1, len(edges) - 1, weights)
        samples.append(Binned(counts.values.astype(float), counts.squares.astype(float)))
    return compare(samples[0], samples[1], edges)


def compare(a: Binned, b: Binned, edges: Array | None = None) -> Agreement:
    """Compare two samples in the same bins.

    ``edges``: of the bins without overflows, in the unit in which distance is meant (logarithms
    of them, on a logarithmic axis).

    Kolmogorov: binned, hence conservative, at effective counts, with the p-value of M. A.
    Stephens, J. R. Stat. Soc. B 32 (1970) 115. chi2: of two histograms of unlike normalisation
    (N. D. Gagunashvili, physics/0605123, eq. 2), which is Pearson's where one side is exact. With
    weights the variance of a bin's share is the expected share times the bin's mean weight (sum of
    w^2 over sum of w) over the sum of all weights (N. D. Gagunashvili, NIM A 596 (2008) 439); it
    fluctuates less than the sum of w^2 of the bin, which makes the test err in thin bins.
    """
    if a.exact and b.exact:
        raise ValueError("of two exact distributions nothing is to be tested")
    if len(a.values) != len(b.values):
        raise DataError(f"{len(a.values)} bins do not compare with {len(b.values)}")
    difference = a.shares - b.shares
    steps = np.cumsum(difference)
    ks = float(np.abs(steps).max())
    root = math.sqrt(1 / (1 / a.effective + 1 / b.effective))
    chi2, ndof = _chi2(a, b)
    return Agreement(
        ks=ks,
        ks_p_value=float(kolmogorov((root + 0.12 + 0.11 / root) * ks)),
        chi2=chi2,
        ndof=ndof,
        p_value=float(gammaincc(ndof / 2, chi2 / 2)) if ndof else None,
        total_variation=float(np.abs(difference).sum() / 2),
        wasserstein=None if edges is None else _wasserstein(steps, b, edges),
        effective=(a.effective, b.effective),
    )


def _chi2(a: Binned, b: Binned) -> tuple[float, int]:
    least = MIN_EFFECTIVE if a.weighted or b.weighted else MIN_EXPECTED
    unit_a, unit_b = (_variance_of_a_share(side, np.arange(len(side.values))) for side in (a, b))
    joint = (a.shares * unit_b + b.shares * unit_a) / (unit_a + unit_b)
    groups = _groups(joint * min(a.effective, b.effective), least)
    unit = sum(_variance_of_a_share(side, groups) for side in (a, b))
    joint, difference = (np.add.reduceat(x, groups) for x in (joint, a.shares - b.shares))
    return float((difference**2 / (joint * unit)).sum()), len(groups) - 1


def _variance_of_a_share(side: Binned, groups: Array) -> Array:
    """Variance of a group's share, over the share: mean weight over the sum of all weights."""
    if side.exact:
        return np.zeros(len(groups))
    values, variances = (np.add.reduceat(x, groups) for x in (side.values, side.variances))
    everywhere = np.full(len(groups), side.variances.sum() / side.values.sum())
    weight = np.divide(variances, values, out=everywhere, where=(variances > 0) & (values > 0))
    share: Array = weight / side.values.sum()
    return share


def _groups(expected: Array, least: float) -> npt.NDArray[np.int64]:
    """First bins of groups of neighbours that expect ``least`` entries each."""
    after = np.cumsum(expected[::-1])[::-1]
    starts, held = [0], 0.0
    for i, value in enumerate(expected):
        if held >= least and after[i] >= least:
            starts.append(i)
            held = 0.0
        held += value
    return np.array(starts)


def _wasserstein(steps: Array, b: Binned, edges: Array) -> float | None:
    """Area between the cumulative distributions; overflows count at the outer edges."""
    edges = np.asarray(edges, np.float64)
    flow = len(steps) - len(edges) + 1  # 2 with both overflows, 0 without
    places, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    shares, at_edges = b.shares, np.concatenate(([0.0], steps))
    if flow:
        places = np.concatenate((edges[:1], places, edges[-1:]))
        at_edges = steps[:-1]
    within = np.concatenate(([0.0], widths, [0.0])) if flow else widths
    variance = shares @ places**2 - (shares @ places) ** 2 + shares @ within**2 / 12
    if not 0 < variance < math.inf:
        return None
    between = np.abs(at_edges)
    return float(((between[1:] + between[:-1]) / 2) @ widths / math.sqrt(variance))


def _with_flow(read: Any) -> npt.NDArray[np.float64]:
    """Contents with overflows, of an axis that has them; UHI asks for none."""
    try:
        return np.asarray(read(flow=True), np.float64)
    except TypeError:
        return np.asarray(read(), np.float64)


def _said(a: Array, b: Array) -> str:
    return " and ".join(f"{len(edges) - 1} from {edges[0]:g} to {edges[-1]:g}" for edges in (a, b))
