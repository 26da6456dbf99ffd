"""What travels between a file and a network: tensors, output columns, batches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from rootml.errors import DataError

if TYPE_CHECKING:
    import awkward as ak

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TensorSpec:
    """One tensor that a view makes and a network takes.

    ``shape`` is the shape of one row: the batch axis is not part of it. A string stands for
    an axis of any length. ``axes`` names the axes for plots (``("layer", "cell")``), ``columns``
    the places of the last axis, in order, where each is a variable of its own. ``allow_nan``:
    NaN is a value that the network is meant to see (missing, to a booster), not an accident.
    """

    name: str
    shape: tuple[int | str, ...]
    dtype: str = "float32"
    unit: str = ""
    axes: tuple[str, ...] = ()
    doc: str = ""
    columns: tuple[str, ...] = ()
    allow_nan: bool = False

    def __post_init__(self) -> None:
        if self.columns and (not self.shape or self.shape[-1] != len(self.columns)):
            raise ValueError(
                f"tensor {self.name!r} of shape {self.shape} names {len(self.columns)} columns"
            )

    @property
    def row_bytes(self) -> int:
        """Bytes of one row; an axis of any length counts as 1."""
        sizes = [size for size in self.shape if isinstance(size, int)]
        return math.prod(sizes) * np.dtype(self.dtype).itemsize

    def fits(self, shape: tuple[int, ...]) -> bool:
        """Whether ``shape``, batch axis first, is that of rows of this tensor."""
        return len(shape) == len(self.shape) + 1 and all(
            isinstance(size, str) or size == found
            for size, found in zip(self.shape, shape[1:], strict=True)
        )


@dataclass(frozen=True)
class Column:
    """One output of a network, and the branch it becomes.

    ``dtype`` is a numpy name of a bool, an integer, float32 or float64, or ``"str"`` for one
    text per event. ``per`` is None for one value per event, or the name of a collection
    (``"Electron"``) for one per object; the branch ``counter``, ``n<per>`` unless given, says
    how many objects an event has. It is made where the tree has none. Where the network cannot
    judge an event or object the value is NaN for floats, -1 for signed integers, False for bools.
    """

    name: str
    dtype: str = "float32"
    shape: tuple[int, ...] = ()
    per: str | None = None
    unit: str = ""
    doc: str = ""
    counter: str | None = None

    @property
    def title(self) -> str:
        """What the branch says of itself: ``"doc [unit]"``, as far as they are given."""
        return " ".join(filter(None, (self.doc, f"[{self.unit}]" if self.unit else "")))

    @property
    def count_branch(self) -> str | None:
        """The branch that counts the objects of each event; None for one value per event."""
        return (self.counter or f"n{self.per}") if self.per else None

    @property
    def missing(self) -> float | int | bool:
        """The value that stands for "cannot be judged"."""
        kind = np.dtype(self.dtype).kind
        if kind == "b":
            return False
        if kind == "f":
            return float("nan")
        if kind == "i":
            return -1
        raise TypeError(f"column {self.name!r}: {self.dtype} has no value for 'missing'")


@dataclass(frozen=True)
class Batch:
    """The tensors of some events, and which events or objects their rows belong to.

    A unit is an event, or an object where ``counts`` (objects per event) is given. ``judged``
    has one bool per unit; the tensors have one row per True, in order. None: all are judged.
    ``members``: where a row is an event that lists its objects, how many each event has (judged or
    not). In :meth:`of_members` these objects are the units, and share rows: ``slots`` holds the row
    of each one that is judged, and its place in the list.
    """

    tensors: Mapping[str, Array]
    judged: Mask | None = None
    counts: Places | None = None
    members: Places | None = None
    slots: tuple[Places, Places] | None = None

    @property
    def rows(self) -> int:
        """How many rows each tensor has."""
        return len(next(iter(self.tensors.values())))

    @property
    def each(self) -> Mask:
        """Whether a unit is judged, one bool each."""
        if self.judged is not None:
            return self.judged
        return np.ones(self.rows if self.counts is None else int(np.sum(self.counts)), np.bool_)

    @property
    def row(self) -> Places:
        """The row of each judged unit."""
        return np.arange(np.count_nonzero(self.each)) if self.slots is None else self.slots[0]

    def of_members(self) -> Batch:
        """The same tensors, of which each object that an event lists is a unit.

        All objects of a judged event are judged.
        """
        if self.members is None:
            raise ValueError("a batch whose rows list no objects has no members")
        event = np.repeat(np.arange(len(self.members)), self.members)
        judged = self.each
        at = judged[event]
        slots = (np.cumsum(judged) - 1)[event[at]], places_within(self.members, len(event))[at]
        return Batch(self.tensors, at, self.members, slots=slots)

    def of_units(self, values: Array) -> Array:
        """Of a network's output for the rows, (rows, ...), what it says of each judged unit.

        Where units share rows the second axis is that of their places.
        """
        return values if self.slots is None else values[self.slots]

    def judging(self, units: Mask) -> Self:
        """The batch in which only the judged units among ``units``, one bool each, are judged."""
        each = self.each
        return replace(self, judged=each & units, **self._cut(units[each]))

    def selected(self, units: Mask, counts: Places | None) -> Self:
        """The batch of ``units`` alone, one bool each; ``counts``: how many events then have."""
        each, members = self.each, None if self.members is None else self.members[units]
        cut = self._cut(units[each])
        return replace(self, judged=each[units], counts=counts, members=members, **cut)

    def _cut(self, kept: Mask) -> dict[str, Any]:
        """Tensors and slots of the judged units that are ``kept``, one bool each."""
        if kept.all():
            return {}
        if self.slots is None:
            return {"tensors": {name: tensor[kept] for name, tensor in self.tensors.items()}}
        row, place = (part[kept] for part in self.slots)
        rows, row = np.unique(row, return_inverse=True)
        tensors = {name: tensor[rows] for name, tensor in self.tensors.items()}
        return {"tensors": tensors, "slots": (row, place)}


def places_within(counts: Places | None, units: int) -> Places:
    """Place (units,) of each object in its event, from 0; of events 0."""
    if counts is None:
        return np.zeros(units, np.int64)
    starts = np.cumsum(counts) - counts
    places: Places = np.arange(units) - np.repeat(starts, counts)
    return places


def per_unit(values: ak.Array, batch: Batch, missing: float, column: str) -> Array:
    """One value of ``column`` a unit of ``batch``: event or, where it has ``counts``, object.

    A value of the event holds for all of its objects. What is None becomes ``missing``.
    DataError where the values have another shape.
    """
    import awkward as ak

    values = ak.fill_none(values, missing, axis=None)
    if values.ndim == 1:
        flat = ak.to_numpy(values)
        return flat if batch.counts is None else np.repeat(flat, batch.counts)
    if batch.counts is None or values.ndim > 2:
        raise DataError(f"column {column!r} has {values.ndim} axes, expected one value an event")
    wrong = np.flatnonzero(ak.to_numpy(ak.num(values)) != batch.counts)
    if len(wrong):
        event = int(wrong[0])
        raise DataError(
            f"column {column!r} has {len(values[event])} values for {batch.counts[event]} objects",
            event,
        )
    return np.asarray(ak.flatten(values))
