"""Counts of events and sums of their weights, from arrays or from histograms of any library."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from uhi.typing.plottable import PlottableHistogram

from rootml.errors import DataError
from rootml.spec import Array


@dataclass(frozen=True, eq=False)
class Counts:
    """Sums of weights and sums of squared weights, bin by bin.

    Where every weight is 1 both are the same array, of whole numbers.
    """

    values: Array
    squares: Array

    @classmethod
    def of(cls, source: Counted, flow: bool = False) -> Counts:
        """From numbers of events, or from a histogram's bins, with its overflows on request.

        Raises DataError for a histogram of weights that kept no squares.
        """
        if isinstance(source, Counts):
            return source
        if not isinstance(source, PlottableHistogram):
            values = np.asarray(source)
            return cls(values, values)
        values, variances = source.values(), source.variances()
        if flow:
            whole: Any = source  # overflows are not in the protocol: not every library has them
            with suppress(TypeError):
                values, variances = whole.values(flow=True), whole.variances(flow=True)
        if variances is None:
            raise DataError(
                f"a {type(source).__name__} of weights without their squares gives no errors: "
                "fill one that keeps them (storage Weight, or Sumw2 in ROOT)"
            )
        return cls(values, values if np.array_equal(values, variances) else variances)

    @classmethod
    def filled(cls, index: Array, bins: int, weights: Array | None = None) -> Self:
        """Of events in the bins ``index``, each with its weight."""
        if weights is None:
            values = np.bincount(index, minlength=bins)
            return cls(values, values)
        values = np.bincount(index, weights, minlength=bins)
        return cls(values, np.bincount(index, weights**2, minlength=bins))

    @classmethod
    def with_overflows(cls, hist: PlottableHistogram) -> tuple[Array, Counts]:
        """Edges and counts of a histogram of one axis; infinite edges where it has overflows.

        Raises DataError for more axes, and as :meth:`of`.
        """
        if len(hist.axes) != 1:
            raise DataError(f"a histogram of one axis is needed, this one has {len(hist.axes)}")
        axis: Any = hist.axes[0]
        edges = np.array([axis[0][0], *(axis[i][1] for i in range(len(axis)))], np.float64)
        counts = cls.of(hist, flow=True)
        beyond = len(counts.values) - (len(edges) - 1)
        below = beyond == 2 or (beyond == 1 and axis.traits.underflow)
        low, high = [-np.inf] * below, [np.inf] * (beyond - below)
        return np.concatenate((low, edges, high)), counts

    @property
    def weighted(self) -> bool:
        """Whether events have weights other than 1."""
        return self.squares is not self.values

    @property
    def entries(self) -> float:
        """Number of equal weights of the same relative error as all (L. Kish, 1965)."""
        total = float(self.values.sum())
        return total**2 / float(self.squares.sum()) if self.weighted else total

    def __getitem__(self, index: Any) -> Counts:
        return self.each(lambda part: part[index])

    def __add__(self, other: Counts) -> Counts:
        return self.each(np.add, other)

    @staticmethod
    def stack(parts: Sequence[Counts]) -> Counts:
        """Counts of one shape along a new first axis."""
        return parts[0].each(lambda *arrays: np.stack(arrays), *parts[1:])

    def sum(self, axis: int | None = None) -> Counts:
        """Together along an axis, or all."""
        return self.each(lambda part: part.sum(axis=axis))

    def above(self) -> Counts:
        """In each bin and all higher ones."""
        return self.each(lambda part: np.cumsum(part[::-1])[::-1])

    def each(self, function: Any, *others: Counts) -> Counts:
        """A linear ``function`` of the values, and of the squares where they are apart."""
        values = function(self.values, *(other.values for other in others))
        if not any(part.weighted for part in (self, *others)):
            return Counts(values, values)
        return Counts(values, function(self.squares, *(other.squares for other in others)))


Counted = npt.ArrayLike | Counts | PlottableHistogram
