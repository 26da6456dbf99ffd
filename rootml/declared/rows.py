"""Rows of tensors in the making: what is judged, and what stands for values that are missing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rootml.declared.formula import Formula
from rootml.declared.schema import InputColumn
from rootml.declared.scope import Scope
from rootml.declared.values import Counts, Mask, Values, align, cast
from rootml.errors import DataError
from rootml.spec import Array


@dataclass(frozen=True)
class Column:
    """One input column, its expression read; ``missing`` settles what stands for no value."""

    declared: InputColumn
    formula: Formula
    missing: float | str

    def values(self, scope: Scope) -> Values:
        """Its values, clipped."""
        values = scope.evaluate(self.formula, self.declared.sentinels)
        if self.declared.clip == (None, None):
            return values
        data = np.clip(values.data, *self.declared.clip)
        return Values(data, values.counts, values.missing)

    def cast(self, data: Array, dtype: np.dtype[Any], event: Array) -> Array:
        """Values in the tensor's type; a branch of integers, as it is, must fit it exactly.

        ``event``: that of each row of ``data``.
        """
        if self.formula.alone:
            return cast(data, dtype, event)
        with np.errstate(over="ignore"):
            return data.astype(dtype, copy=False)


@dataclass(frozen=True)
class Units:
    """What is judged: events, or the objects of which an event has ``counts``."""

    events: int
    counts: Counts | None = None

    @cached_property
    def event(self) -> npt.NDArray[np.int64]:
        """The event of each unit."""
        return Values(np.empty(0), self.counts).each(self.events)

    def spread(self, values: Values) -> Values:
        """One value per unit; DataError where there are lists instead."""
        if self.counts is None and (values.counts is not None or values.data.ndim > 1):
            raise DataError(
                "a list per event; take one element ([0]), a sum or the like (Sum$, Max$), put it "
                "into a tensor with a length, or judge each object (per)"
            )
        if self.counts is not None:
            like = Values(np.empty(len(self.event)), self.counts)
            return align([like, values])[1]
        shape = (self.events,)
        missing = values.missing
        return Values(
            np.broadcast_to(values.data, shape),
            None,
            None if missing is None else np.broadcast_to(missing, shape),
        )


@dataclass
class Rows:
    """Rows of a tensor before it is known which are judged.

    ``refused``: rows in which a value is missing that nothing stands for; None: in no row.
    ``nan``: places (as ``data``) where NaN is meant; None: nowhere.
    """

    data: Array
    refused: Mask | None = None
    nan: Mask | None = None

    def settle(self, column: Column, place: Any, missing: Mask, rows: Array | None = None) -> None:
        """Put into ``data[place]`` what stands for values that are missing, or refuse their rows.

        ``rows``: the row of each value; None: one value per row.
        """
        if column.missing == "unjudged":
            if self.refused is None:
                self.refused = np.zeros(len(self.data), np.bool_)
            self.refused[missing if rows is None else rows[missing]] = True
            return
        self.data[place] = np.where(missing, np.float64(column.missing), self.data[place])
        if column.missing == "nan":
            if self.nan is None:
                self.nan = np.zeros(self.data.shape, np.bool_)
            self.nan[place] |= missing


def chosen(values: Values, event: Array) -> Mask:
    """Where a selection is true; not where it is missing. DataError where it is NaN.

    ``event``: that of each value.
    """
    there: Mask = values.data != 0
    if values.missing is not None:
        there = there & ~values.missing
    if (unknown := there & np.isnan(values.data)).any():
        raise DataError("the selection is NaN", int(event[np.argmax(unknown)]))
    return there
