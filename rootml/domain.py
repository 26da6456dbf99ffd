"""How far inputs lie from those that a network was trained on.

A card holds, of each summary of its view, the histogram of the training and the two quantiles that
bound its domain. The probability, in the training, of a value as far out is read off the histogram;
where the histogram has nothing it falls exponentially, as fast as between the last percent and the
last permille of the training (the simplest of the tails of J. Pickands, Ann. Stat. 3 (1975) 119):
what is farther away is farther away however far it is. Of the two sides of all summaries the least
probability counts, times their number (C. E. Bonferroni): of events like those of the training no
more than one in 10^d has a distance of d or above, whatever the summaries have to do with each
other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rootml.adapter import Summary, View
from rootml.card import DomainAxis, ModelCard
from rootml.errors import RegistryError
from rootml.spec import Array

Floats = npt.NDArray[np.float64]

QUANTILES: Final = (0.001, 0.999)
"""An input beyond these quantiles of the training is called outside its domain."""
DECADES: Final = -math.log10(QUANTILES[0])
"""Distance at the bounds, on one side."""
_PERCENT: Final = 0.01
"""From this quantile to the bound it is one decade."""
_SHORTEST: Final = 0.1
"""Least length of a decade beyond the bounds, in bins: a spike at the end has no tail."""
_SLACK: Final = 1e-5
"""Of the width of the domain: bounds are rounded on a card."""


class Distance:
    """The distance of rows of a view's tensors to the training domain of a card.

    RegistryError where the card has none.
    """

    def __init__(self, card: ModelCard, view: View):
        summaries = {summary.name: summary for summary in view.summaries}
        self._axes = [(summaries[axis.name], _Tails.of(axis)) for axis in card.domain]
        if not self._axes:
            raise RegistryError(
                f"model {card.name!r}: its card records no training domain to measure a distance "
                f"from; `rootml models domain {card.name} FILES -o FOLDER` records that of files "
                "like those of the training"
            )

    def __call__(self, tensors: Mapping[str, Array]) -> Floats:
        """Distances (n,), 0 and above: d is as unusual as one in 10^d of the training at most.

        A summary that is not known, NaN, counts as usual.
        """
        farthest = np.max([self._decades(*axis, tensors) for axis in self._axes], axis=0)
        distance: Floats = np.maximum(farthest - math.log10(2 * len(self._axes)), 0)
        return distance

    @staticmethod
    def _decades(summary: Summary, tails: _Tails, tensors: Mapping[str, Array]) -> Floats:
        values = np.asarray(summary.compute(tensors), np.float64)
        decades: Floats = np.where(np.isnan(values), 0, tails(np.nan_to_num(values)))
        return decades


@dataclass(frozen=True, eq=False)
class _Tail:
    """Minus the decimal logarithm of the probability to be as far up, or farther.

    ``seen``: that of each bin and all above it, overflows at both ends; infinite where the training
    has nothing. ``decade``: length over which the probability falls by 10 above ``bound``.
    """

    last: float
    bound: float
    decade: float
    seen: Floats

    @classmethod
    def of(cls, edges: Floats, shares: Floats, bound: float) -> _Tail:
        percent = np.interp(1 - _PERCENT, np.cumsum(shares)[:-1], edges)
        above = np.cumsum(shares[::-1])[::-1]
        width = (edges[-1] - edges[0]) / (len(edges) - 1)
        return cls(
            float(edges[-1]),
            bound,
            max(float(bound - percent), _SHORTEST * width),
            -np.log10(above, where=above > 0, out=np.full(len(above), -np.inf)),
        )

    def __call__(self, values: Floats, place: npt.NDArray[np.int64]) -> Floats:
        """Decades at ``values`` (n,), which lie in the bins ``place`` (n,)."""
        seen = self.seen[place]
        beyond = DECADES + (np.minimum(values, self.last) - self.bound) / self.decade
        beyond = np.minimum(beyond, np.maximum(seen, DECADES))
        beyond += np.maximum(values - self.last, 0) / self.decade
        return np.where(values > self.bound, beyond, np.minimum(seen, DECADES))


@dataclass(frozen=True, eq=False)
class _Tails:
    """Both tails of a summary; in logarithms of it, on a logarithmic axis."""

    log: bool
    edges: Floats
    below: _Tail
    above: _Tail

    @classmethod
    def of(cls, axis: DomainAxis) -> _Tails:
        log = axis.log and min(axis.edges[0], axis.low) > 0
        scale = np.log if log else np.asarray
        edges, low, high = (scale(x).astype(np.float64) for x in (axis.edges, axis.low, axis.high))
        shares = np.array([axis.beyond[0], *axis.fractions, axis.beyond[1]])
        shares /= shares.sum()
        slack = _SLACK * (edges[-1] - edges[0])
        return cls(
            log,
            edges,
            _Tail.of(-edges[::-1], shares[::-1], float(slack - low)),
            _Tail.of(edges, shares, float(slack + high)),
        )

    def __call__(self, values: Floats) -> Floats:
        """Decades at ``values`` (n,) on the side where there are more."""
        if self.log:
            values = np.log(np.maximum(values, np.finfo(np.float64).tiny))
        place = np.searchsorted(self.edges, values, side="right")
        place = np.where(values == self.edges[-1], len(self.edges) - 1, place)
        return np.maximum(self.below(-values, len(self.edges) - place), self.above(values, place))
