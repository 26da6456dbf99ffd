"""How often one of several classes is found, and taken for another.

Everything follows from the counts of true and predicted classes, which add over samples and may
be sums of weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate, Estimates, efficiency_interval
from rootml.validation.statistics.counts import Counts


@dataclass(frozen=True, eq=False)
class Confusion:
    """Entries (K, K+1) by true and predicted class; last column: predicted to be of none of them.

    ``beyond`` (K+1,): what entries are taken for whose true class is none of these, which are
    nowhere else; they are called ``title``.
    """

    classes: tuple[str, ...]
    counts: Counts
    beyond: Counts | None = None
    title: str = "other"

    def __post_init__(self) -> None:
        k = len(self.classes)
        if k < 2 or self.counts.values.shape != (k, k + 1):
            raise DataError(
                f"{k} classes need counts of shape {(k, k + 1)}, not {self.counts.values.shape}"
            )
        if not self.counts.values.sum() > 0:
            raise DataError("no entries with a known class: nothing to compare")

    @classmethod
    def from_labels(
        cls,
        truth: Array,
        predicted: Array,
        classes: Sequence[str],
        weights: Array | None = None,
    ) -> Self:
        """Count class indices (n,); any value that is none of 0 to K-1 is of no class."""
        k = len(classes)
        if truth.shape != predicted.shape or (weights is not None and weights.shape != truth.shape):
            raise DataError("true and predicted classes, and weights, are one for each entry")
        rows, columns = (known_or(values, k) for values in (truth, predicted))
        made = Counts.filled(rows * (k + 1) + columns, (k + 1) ** 2, weights)
        table = made.each(lambda part: part.reshape(k + 1, k + 1))
        return cls(tuple(classes), table[:k], table[k])

    @property
    def apart(self) -> float:
        """Entries whose true class is none of these."""
        return 0.0 if self.beyond is None else float(self.beyond.values.sum())

    @property
    def found(self) -> Counts:
        """Entries of each class that were taken for what they are."""
        return self.counts.each(np.diagonal)

    @property
    def true(self) -> Counts:
        """Entries of each class."""
        return self.counts.each(lambda part: part.sum(axis=1))

    @property
    def predicted(self) -> Counts:
        """Entries taken for each class, and for none."""
        return self.counts.each(lambda part: part.sum(axis=0))

    def accuracy(self) -> Estimate:
        """Share of all entries that were taken for what they are."""
        return efficiency_interval(self.found.each(np.sum), self.true.each(np.sum)).one()

    def efficiency(self) -> Estimates:
        """Share of each class that was found; NaN of a class without entries."""
        return efficiency_interval(self.found, self.true)

    def purity(self) -> Estimates:
        """Share of what was taken for each class that is of it; NaN where there is nothing."""
        return efficiency_interval(self.found, self.predicted[:-1])

    def by_truth(self) -> Array:
        """Shares (K, K+1) of the entries of each true class; NaN of one without entries."""
        return efficiency_interval(self.counts, self.true[:, None]).value

    def by_prediction(self) -> Array:
        """Shares (K, K+1) of the entries taken for each class, and for none."""
        return efficiency_interval(self.counts, self.predicted[None, :]).value

    def figures(self) -> dict[str, Any]:
        """All figures as plain data."""
        efficiency, purity = self.efficiency(), self.purity()
        apart = None
        if self.beyond is not None and self.beyond.squares.any():
            share = efficiency_interval(self.beyond, self.beyond.each(np.sum)).value
            apart = {"title": self.title, "counts": self.beyond.values, "by_truth": share}
        return {
            "classes": list(self.classes),
            "counts": self.counts.values,
            "apart": self.apart,
            "beyond": apart,
            "accuracy": asdict(self.accuracy()),
            "efficiency": _listed(efficiency),
            "purity": _listed(purity),
            "macro": {"efficiency": _macro(efficiency), "purity": _macro(purity)},
            "by_truth": self.by_truth(),
            "by_prediction": self.by_prediction(),
        }


def known_or(values: Array, classes: int) -> Array:
    """Class indices as integers; ``classes`` for any value that is none of them."""
    known = np.isin(values, np.arange(classes))
    return np.where(known, values, classes).astype(np.int64)


def _listed(estimates: Estimates) -> list[dict[str, float]]:
    return [
        {"value": value, "low": low, "high": high}
        for value, low, high in np.stack(estimates, axis=1).tolist()
    ]


def _macro(estimates: Estimates) -> dict[str, float]:
    """Mean over the classes that have entries, each counting alike; errors in quadrature."""
    value, low, high = (part[np.isfinite(estimates.value)] for part in estimates)
    if not len(value):
        return {"value": math.nan, "low": 0.0, "high": 1.0}
    mean = float(value.mean())
    down, up = (float(np.hypot.reduce(side)) / len(value) for side in (value - low, high - value))
    return {"value": mean, "low": max(mean - down, 0.0), "high": min(mean + up, 1.0)}
