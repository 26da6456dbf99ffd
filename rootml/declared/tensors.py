"""Tensors out of columns: strict order, padding, masks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from rootml.declared.elements import Elements
from rootml.declared.formula import Formula
from rootml.declared.images import fill
from rootml.declared.rows import Column, Rows, Units
from rootml.declared.schema import InputColumn, Tensor
from rootml.declared.scope import Names, Scope
from rootml.declared.values import Counts, cast
from rootml.errors import DataError
from rootml.spec import Array, TensorSpec


class TensorBuilder:
    """Makes one declared tensor, and its mask if it has one."""

    def __init__(self, name: str, tensor: Tensor, names: Names):
        self.name = name
        self.tensor = tensor
        declared = tensor.columns if tensor.array is None else (tensor.array,)
        self.columns = [self._column(column, names) for column in declared]
        where = f"tensor {name!r}"
        self.select = names.formula(tensor.select, f"{where}, select") if tensor.select else None
        self.order = names.formula(tensor.order, f"{where}, order") if tensor.order else None
        self.at = [names.formula(text, f"{where}, at") for text in tensor.at]
        self.specs = self._specs()
        self.dtype = np.dtype(tensor.dtype)
        self.made_in = self.dtype if self.dtype.kind == "f" else np.dtype(np.float64)

    def _column(self, column: InputColumn, names: Names) -> Column:
        formula = names.formula(column.value, f"column {column.label!r} of tensor {self.name!r}")
        missing = names.declaration.missing if column.missing is None else column.missing
        return Column(column, formula, missing)

    def _specs(self) -> tuple[TensorSpec, ...]:
        tensor, labels = self.tensor, tuple(column.declared.label for column in self.columns)
        allow_nan = any(column.missing == "nan" for column in self.columns)
        if tensor.array is not None:
            shape, labels = tensor.shape, ()
        elif tensor.length is None:
            shape = (len(labels),)
        elif tensor.channels_first:
            shape, labels = (len(labels), tensor.length), ()
        else:
            shape = tensor.length, len(labels)
        spec = TensorSpec(
            self.name,
            shape,
            tensor.dtype,
            tensor.unit,
            tensor.axes,
            tensor.doc,
            columns=labels,
            allow_nan=allow_nan,
        )
        if not tensor.mask:
            return (spec,)
        doc = f"which elements of {self.name} are there"
        there = (1, shape[1]) if tensor.channels_first else shape[:1]
        return spec, TensorSpec(tensor.mask, there, "bool", doc=doc)

    @property
    def formulas(self) -> list[Formula]:
        """Every expression that it needs."""
        every = [*(column.formula for column in self.columns), self.select, self.order, *self.at]
        return [formula for formula in every if formula is not None]

    @property
    def per_event(self) -> bool:
        """Whether its rows are those of events, also where objects are judged."""
        return self.tensor.length is not None or self.tensor.array is not None

    def build(self, scope: Scope, units: Units) -> dict[str, Rows]:
        """The rows of the tensor, and of its mask, by their names."""
        if self.at:
            return {self.name: self._image(scope)}
        if self.tensor.array is not None:
            return {self.name: self._array(scope)}
        if self.tensor.length is not None:
            return self._padded(scope, self.tensor.length)
        return {self.name: self._flat(scope, units)}

    def _flat(self, scope: Scope, units: Units) -> Rows:
        # column-major: writing across rows takes ten times as long, and models copy batches anyway
        rows = Rows(np.empty((len(self.columns), len(units.event)), self.made_in).T)
        for place, column in enumerate(self.columns):
            with _named(column, self.name):
                values = units.spread(column.values(scope))
                rows.data[:, place] = column.cast(values.data, self.made_in, units.event)
            if values.missing is not None:
                rows.settle(column, (slice(None), place), values.missing)
        return rows

    def _array(self, scope: Scope) -> Rows:
        column, shape = self.columns[0], self.tensor.shape
        with _named(column, self.name):
            values = column.values(scope)
            per_event = np.prod(shape)
            if values.counts is not None and (wrong := values.counts != per_event).any():
                event = int(np.argmax(wrong))
                raise DataError(
                    f"{values.counts[event]} values in an event, for the shape {shape}", event
                )
            if values.data.size != scope.events * per_event:
                found = values.data.shape[1:]
                raise DataError(f"values of the shape {found} per event, not {shape}")
            whole = values.data.reshape(scope.events, *shape)
            data = column.cast(whole, self.made_in, np.arange(scope.events))
        rows = Rows(data)
        if values.missing is not None:
            rows.data = rows.data.copy()
            missing = values.missing.reshape(data.shape)
            every = np.arange(scope.events).reshape(-1, *(1 for _ in shape))
            rows.settle(column, ..., missing, np.broadcast_to(every, data.shape))
        return rows

    def _image(self, scope: Scope) -> Rows:
        column = self.columns[0]
        with _named(column, self.name):
            return fill(
                column,
                column.values(scope),
                [scope.evaluate(axis) for axis in self.at],
                None if self.select is None else scope.evaluate(self.select),
                events=scope.events,
                shape=self.tensor.shape,
                dtype=self.made_in,
            )

    def _padded(self, scope: Scope, length: int) -> dict[str, Rows]:
        elements = self._elements(scope, length)
        shape = scope.events, length
        rows = Rows(np.full((*shape, len(self.columns)), self.tensor.pad, self.made_in))
        for place, column in enumerate(self.columns):
            at = elements.event, elements.position, place
            with _named(column, self.name):
                values = elements.of(column.values(scope))
                rows.data[at] = column.cast(values.data, self.made_in, elements.event)
            if values.missing is not None:
                rows.settle(column, at, values.missing, elements.event)
        if not self.tensor.mask:
            return {self.name: rows}
        mask = np.zeros(shape, np.bool_)
        mask[elements.event, elements.position] = True
        return {self.name: rows, self.tensor.mask: Rows(mask)}

    def lengths(self, scope: Scope) -> Counts:
        """How many elements the list of each event has, before it is cut or padded."""
        counts = self._elements(scope, 1).like.counts
        assert counts is not None
        return counts

    def _elements(self, scope: Scope, length: int) -> Elements:
        selected = None if self.select is None else scope.evaluate(self.select)
        key = None if self.order is None else scope.evaluate(self.order)
        columns = (scope.evaluate(c.formula, c.declared.sentinels) for c in self.columns)
        with _named(None, self.name):
            return Elements.choose(selected, key, columns, scope.events, length)

    def finish(self, name: str, rows: Rows, kept: Any, event: Array) -> Array:
        """The rows that are judged, in their type; DataError where a number is none.

        ``kept`` selects rows; ``event`` is the event of each that is kept.
        """
        data: Array = rows.data[kept]
        if data.dtype.kind == "b":
            return data[:, None] if self.tensor.channels_first else data
        with np.errstate(over="ignore", invalid="ignore"):
            sound = np.isfinite(data.sum())
        if not sound:
            bad = ~np.isfinite(data)
            if rows.nan is not None:
                bad &= ~(rows.nan[kept] & np.isnan(data))
            if bad.any():
                row, *place = (int(index) for index in np.argwhere(bad)[0])
                raise DataError(self._explain(place, data[row, *place]), int(event[row]))
        with _named(self.columns[0] if self.tensor.array else None, name):
            made = cast(data, self.dtype, event)
        return made.swapaxes(1, 2) if self.tensor.channels_first else made

    def _explain(self, place: list[int], value: object) -> str:
        column = self.columns[0 if self.tensor.array else place[-1]]
        element = f", element {place[0]}" if self.tensor.length is not None else ""
        return (
            f"column {column.declared.label!r} of tensor {self.name!r}{element} is {value} "
            f"({column.formula.text}); 'sentinels', 'select' or 'clip' can say what is to be done"
        )


@contextmanager
def _named(column: Column | None, tensor: str) -> Iterator[None]:
    """Say of errors which column they are of."""
    try:
        yield
    except DataError as error:
        label = f"column {column.declared.label!r} of " if column else ""
        raise DataError(f"{label}tensor {tensor!r}: {error}", error.event) from error
