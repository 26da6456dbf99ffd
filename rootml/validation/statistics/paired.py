"""What one estimate improves on another of the same events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.statistics.regression import Residuals
from rootml.validation.statistics.scales import JOINT, Scale


def improvement(before: Estimate, after: Estimate, correlation: float = 0.0) -> Estimate:
    """``1 - after / before`` of two widths: reIQR of interquantile ranges; positive is better.

    ``correlation`` of the two: 0 overstates the error where the same events are hard for both
    (see :class:`Paired`). A width of 0 before cannot be improved: DataError.
    """
    if not before.value > 0:
        raise DataError(f"a width of {before.value:g} cannot be improved")
    ratio = after.value / before.value
    a, b = ((one.high - one.low) / 2 / before.value for one in (after, before))
    error = math.sqrt(max(a**2 + (ratio * b) ** 2 - 2 * correlation * a * ratio * b, 0.0))
    return Estimate(1 - ratio, 1 - ratio - error, 1 - ratio + error)


@dataclass(frozen=True, eq=False)
class Paired:
    """Counts (before, after) of two residuals of the same events, in the bins of one scale.

    Both overflows are there; counts may be sums of weights.
    """

    counts: Array
    scale: Scale = JOINT

    @classmethod
    def from_values(cls, before: Array, after: Array, weights: Array | None = None) -> Self:
        """Count pairs of finite residuals."""
        edges = np.concatenate(([-np.inf], JOINT.edges(), [np.inf]))
        made, _, _ = np.histogram2d(
            JOINT.forward(before), JOINT.forward(after), (edges, edges), weights=weights
        )
        return cls(made)

    def correlation(self) -> float:
        """Correlation of the interquartile ranges of the two.

        That of lying within them. For an interquartile range is estimated too large as far as
        too few entries lie within the true one, by the same factor on either side where the
        density is the same at both quartiles (influence function of quantiles: P. J. Huber,
        Robust Statistics, 1981, sec. 3.3).
        """
        inside = [self._inside(self.counts.sum(axis=axis)) for axis in (1, 0)]
        both = float(inside[0] @ self.counts @ inside[1] / self.counts.sum())
        return float(np.clip((both - 0.25) / 0.25, -1.0, 1.0))

    def _inside(self, counts: Array) -> Array:
        """Share of each bin that lies between the quartiles."""
        q25, q75 = self.scale.forward(
            Residuals.from_bins(counts, self.scale, np.abs(counts)).at(np.array([0.25, 0.75]))
        )
        edges = self.scale.edges()
        step = edges[1] - edges[0]
        within = (np.minimum(edges[1:], q75) - np.maximum(edges[:-1], q25)).clip(0) / step
        return np.pad(within, 1, mode="edge")
