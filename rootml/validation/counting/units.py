"""What topics count: judged units, and the variables that figures are shown against."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from hist import axis

from rootml.errors import DataError, InputError
from rootml.spec import Array, Batch
from rootml.validation.statistics import scales
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.shapes import Peak

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Units:
    """The judged events or objects of a chunk, one row each.

    ``batch``: what the network saw; without tensors where its inputs were not read. ``label``: the
    class of each, or the number of classes where it is of none. ``weight``: float64; None: each
    counts one. ``outputs``: by output name, (n, ...). ``column``: a variable or logical column as
    float64, NaN where missing; None where the file has none.
    """

    batch: Batch
    label: Labels
    weight: Array | None
    outputs: Mapping[str, Array]
    column: Callable[[str], Array | None]

    def by_row(self) -> tuple[Any, Array | None]:
        """Rows of the tensors, each once, and their weights: of units that share one, the mean."""
        if self.batch.slots is None:
            return slice(None), self.weight
        rows, which, shared = np.unique(self.batch.row, return_inverse=True, return_counts=True)
        weight = None if self.weight is None else np.bincount(which, self.weight) / shared
        return rows, weight

    def weights(self, rows: Any = slice(None)) -> Array | None:
        """The weights of some rows."""
        return None if self.weight is None else self.weight[rows]


@dataclass(frozen=True)
class Variable:
    """What efficiencies, rejections and resolutions are shown against.

    ``edges``: increasing; None counts in fixed fine bins of any range, so that parts always add,
    and joins them when reported: bins of a tenth of the value, or, with ``log``, ten bins per
    factor of ten of positive values, which stay. ``column``: the logical column that holds it;
    empty: the one of its name. ``peak``: what is fitted to its distribution, which has ``edges``.
    """

    name: str
    title: str = ""
    unit: str = ""
    edges: tuple[float, ...] | None = None
    column: str = ""
    log: bool = False
    peak: Peak | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\w+", self.name):
            raise InputError(f"variable {self.name!r}: a name has letters, digits and _ alone")
        edges = np.asarray(self.edges if self.edges is not None else (0, 1), np.float64)
        if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
            raise InputError(f"variable {self.name!r}: edges {self.edges} do not increase")
        if not np.isfinite(edges).all():
            raise InputError(f"variable {self.name!r}: edges {self.edges} are not finite")
        if self.peak is not None and self.edges is None:
            raise InputError(f"variable {self.name!r}: a peak is fitted between edges; give them")

    @property
    def source(self) -> str:
        """The column that holds it."""
        return self.column or self.name

    @property
    def label(self) -> str:
        """What stands at an axis: ``"title [unit]"``."""
        return (self.title or self.name) + (f" [{self.unit}]" if self.unit else "")

    def axis(self) -> Any:
        """The axis it is counted on: its edges, or keys that appear as they are met."""
        if self.edges is not None:
            return axis.Variable(self.edges, name=self.name, label=self.label)
        return axis.IntCategory([], growth=True, name=self.name, label=f"bin of {self.label}")

    def places(self, values: Array) -> tuple[npt.NDArray[np.bool_], Array]:
        """Which values are known, and what to fill the axis with for these."""
        known = np.isfinite(values) & (values > 0) if self.log else np.isfinite(values)
        if self.edges is not None:
            return known, values[known]
        return known, (scales.energy_keys if self.log else scales.variable_keys)(values[known])

    def key_edge(self, key: int) -> float:
        """The lower edge of the bin with a key."""
        return scales.energy_edge(key) if self.log else scales.variable_edge(key)


@dataclass(frozen=True, eq=False)
class Bin:
    """A bin of a variable, and the counts of all other axes in it, with their overflows."""

    low: float
    high: float
    counts: Counts


MAX_BINS = 12
"""Fixed fine bins of a variable are joined to at most as many."""


def bins_of(hist: Any, variable: Variable, most: int = MAX_BINS) -> list[Bin]:
    """The bins of the first axis of ``hist``, that of ``variable``, in increasing order.

    A variable with edges has exactly their bins. Keys are joined to at most ``most`` bins, as
    evenly filled as they allow (by the sum of squared weights); those of ``log`` stay.
    """
    counts = Counts.of(hist, flow=True)
    if variable.edges is not None:
        inner = range(1, len(variable.edges))
        return [
            Bin(low, high, counts[i])
            for i, (low, high) in zip(inner, pairwise(variable.edges), strict=True)
        ]
    keys = np.array(list(hist.axes[0]), np.int64)
    order = np.argsort(keys)
    keys, counts = keys[order], counts[order]
    starts = list(range(len(keys))) if variable.log else _joined(counts, most)
    return [
        Bin(
            variable.key_edge(keys[a]),
            variable.key_edge(keys[a] + 1 if variable.log else [*keys, keys[-1] + 1][b]),
            counts[a:b].each(lambda part: part.sum(axis=0)),
        )
        for a, b in pairwise([*starts, len(keys)])
    ]


def _joined(counts: Counts, most: int) -> list[int]:
    """Places at which groups of neighbours begin that hold an even share each."""
    held = counts.squares.reshape(len(counts.squares), -1).sum(axis=1)
    below = np.cumsum(held) - held
    _, starts = np.unique(np.floor(most * below / held.sum()), return_index=True)
    return list(starts)


def checked_weights(weights: Any, units: int, judged: Array) -> Array:
    """Weights as float64, one a unit; DataError where one of a judged unit is not finite."""
    made = np.asarray(weights, np.float64)
    if made.shape != (units,):
        raise ValueError(f"weights of shape {made.shape} for {units} units")
    bad = np.flatnonzero(~np.isfinite(made) & judged)
    if len(bad):
        raise DataError(
            f"{len(bad)} of {units} weights are not finite, the first is that of unit {bad[0]}: "
            "select them away, or correct the expression of the weight"
        )
    return made


def unique(variables: Iterable[Variable]) -> tuple[Variable, ...]:
    """Variables, refused where two have a name."""
    named: dict[str, Variable] = {}
    for variable in variables:
        if named.setdefault(variable.name, variable) != variable:
            raise InputError(f"two variables are called {variable.name!r}: give one another name")
    return tuple(named.values())
