"""What a collector counts: histograms and sums by name, which add.

Counts without weights are integers and add exactly; sums of weights and of their squares, of
scores and of images add to the rounding of float64.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hist import Hist, axis, storage

from rootml.spec import Array
from rootml.validation.statistics.scales import Scale


@dataclass(frozen=True, eq=False)
class Top:
    """The ``most`` rows that are first when sorted downwards, by one column after the other."""

    most: int
    rows: Array

    def __add__(self, other: Top) -> Top:
        """The first of both."""
        rows = np.concatenate((self.rows, other.rows))
        order = np.lexsort(rows.T[::-1])[::-1]
        return Top(self.most, rows[order[: self.most]])


@dataclass
class Tally:
    """Counts, histograms, sums and the largest values of one sample, by name.

    ``weighted``: histograms hold the sum of weights and of squared weights. ``counts`` are of
    units, never weighted.
    """

    weighted: bool = False
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    hists: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, Array] = field(default_factory=dict)
    tops: dict[str, Top] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        """The tally of both samples together."""
        return Tally(
            self.weighted,
            self.counts + other.counts,
            _added(self.hists, other.hists),
            _added(self.sums, other.sums),
            _added(self.tops, other.tops),
        )

    def hist(self, name: str, *axes: Any) -> Any:
        """The histogram called ``name``, made with ``axes`` at first use."""
        if name not in self.hists:
            kind = storage.Weight() if self.weighted else storage.Int64()
            self.hists[name] = Hist(*axes, storage=kind)
        return self.hists[name]

    def fill(self, name: str, axes: tuple[Any, ...], *values: Any, weight: Array | None) -> None:
        """Count values, one for each of ``axes``, in the histogram called ``name``."""
        if self.weighted != (weight is not None):
            raise ValueError(f"{name}: weights belong to a weighted tally, and to that alone")
        self.hist(name, *axes).fill(*values, weight=weight)

    def add(self, name: str, values: Array) -> None:
        """Add to the sum called ``name``, in float64."""
        self.sums[name] = self.sums.get(name, 0) + values.astype(np.float64)

    def keep(self, name: str, rows: Array, most: int) -> None:
        """Keep the ``most`` rows with the largest first columns, of all that are given.

        ``rows``: (n, columns) float64, finite. Which are kept does not depend on their order.
        """
        none = Top(most, np.empty((0, rows.shape[1])))
        self.tops[name] = self.tops.get(name, none) + Top(most, np.asarray(rows, np.float64))


def _added(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    common = {name: _sum(name, a[name], b[name]) for name in a.keys() & b.keys()}
    return {**a, **b, **common}


def _sum(name: str, a: Any, b: Any) -> Any:
    if not isinstance(a, Hist):
        return a + b
    try:
        total = a + b
    except ValueError as error:
        raise ValueError(f"counts of {name!r} do not add: {a.axes} and {b.axes}") from error
    # A new one, because the variances of computed counts are taken for unknown.
    made = Hist(*total.axes, storage=total.storage_type())
    made.view(flow=True)[...] = total.view(flow=True)
    return made


def class_axis(classes: int) -> Any:
    """One bin a class, and a last one for units without a label."""
    return axis.Integer(0, classes + 1, name="label", label="class", flow=False)


def component_axis(components: int) -> Any:
    """One bin for each number of an output."""
    return axis.Integer(0, components, name="component", label="component", flow=False)


def score_axes(scale: Scale, label: str, classes: int) -> tuple[Any, Any]:
    """Axes of a discriminant counted by class."""
    return class_axis(classes), scale.axis("score", label)


def in_bins(name: str, variable: str) -> str:
    """Name of the histogram ``name`` in bins of a variable, its first axis."""
    return f"{name}/{variable}"
