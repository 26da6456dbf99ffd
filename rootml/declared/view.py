"""The view of a declared adapter: which events or objects are judged, and their tensors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from rootml.adapter import Summary
from rootml.declared.formula import Formula
from rootml.declared.rows import Rows, Units, chosen
from rootml.declared.scope import Names, Scope
from rootml.declared.tensors import TensorBuilder
from rootml.declared.values import Counts, Mask
from rootml.errors import DataError
from rootml.spec import Array, Batch, TensorSpec


class ViewBuilder:
    """Makes batches of branches."""

    def __init__(self, names: Names):
        self.names = names
        declared = names.declaration
        self.per = None if declared.lists else declared.per
        self.select = names.formula(declared.select, "select") if declared.select else None
        self.tensors = [
            TensorBuilder(name, tensor, names) for name, tensor in declared.tensors.items()
        ]
        self.listed = next((one for one in self.tensors if one.name == declared.lists), None)

    @property
    def formulas(self) -> list[Formula]:
        """Every expression that tensors are made of."""
        selection = [] if self.select is None else [self.select]
        return selection + [formula for tensor in self.tensors for formula in tensor.formulas]

    @property
    def specs(self) -> tuple[TensorSpec, ...]:
        """The tensors, with their masks."""
        return tuple(spec for tensor in self.tensors for spec in tensor.specs)

    @property
    def summaries(self) -> tuple[Summary, ...]:
        """One number per row for each input column, each image's sum, each list's length."""
        flat = [t for t in self.tensors if not t.per_event]
        found = []
        for tensor in self.tensors:
            spec = tensor.specs[0]
            if tensor in flat:
                for place, column in enumerate(tensor.columns):
                    prefix = f"{tensor.name}_" if len(flat) > 1 else ""
                    unit, doc = column.declared.unit, column.declared.doc or column.formula.text
                    compute = partial(_column, spec.name, place)
                    found.append(Summary(prefix + column.declared.label, compute, unit, doc=doc))
            elif tensor.tensor.array is not None:
                compute = partial(_sum, spec.name)
                found.append(
                    Summary(f"sum_{spec.name}", compute, spec.unit, doc="sum of the values")
                )
            elif tensor.tensor.mask:
                compute = partial(_sum, tensor.tensor.mask)
                found.append(Summary(f"n_{spec.name}", compute, doc="elements that are there"))
        return tuple(found)

    def build(self, branches: Mapping[str, Any], events: int) -> Batch:
        """The tensors of so many events, of branches by their names in the declaration.

        DataError where a number is none and nothing was declared for it, where an integer would
        lose digits, and where lists that belong together differ in length.
        """
        scope = Scope(self.names, branches, events)
        units = Units(events, self._counts(scope))
        judged = np.ones(len(units.event), np.bool_)
        if self.select is not None:
            try:
                judged = chosen(units.spread(scope.evaluate(self.select)), units.event)
            except DataError as error:
                raise DataError(f"select: {error}", error.event) from error
        made: list[tuple[TensorBuilder, str, Rows]] = []
        for tensor in self.tensors:
            for name, rows in tensor.build(scope, units).items():
                made.append((tensor, name, rows))
                if rows.refused is not None:
                    refused = rows.refused[units.event] if tensor.per_event else rows.refused
                    judged = judged & ~refused
        members = None
        if self.listed is not None and (most := self.listed.tensor.length):
            members = self.listed.lengths(scope)
            judged = judged & (members > 0) & (members <= most)
        return self._batch(made, judged, units, members)

    def _batch(
        self,
        made: list[tuple[TensorBuilder, str, Rows]],
        judged: Mask,
        units: Units,
        members: Counts | None,
    ) -> Batch:
        every = bool(judged.all())
        event = units.event if every else units.event[judged]
        tensors: dict[str, Array] = {}
        for tensor, name, rows in made:
            if tensor.per_event and self.per is not None:
                kept: Any = event
            else:
                kept = slice(None) if every else judged
            tensors[name] = tensor.finish(name, rows, kept, event)
        return Batch(tensors, None if every else judged, units.counts, members)

    def _counts(self, scope: Scope) -> Counts | None:
        """How many objects each event has; None where events are judged."""
        if self.per is None:
            return None
        flat = [c for tensor in self.tensors if not tensor.per_event for c in tensor.columns]
        formulas = [*((self.select,) if self.select else ()), *(column.formula for column in flat)]
        for formula in formulas:
            values = scope.evaluate(formula)
            if values.counts is not None:
                return values.counts
        raise DataError(f"no column is a list, so nothing says how many {self.per} an event has")


def _column(name: str, place: int, tensors: Mapping[str, Array]) -> Array:
    values: Array = tensors[name][:, place]
    return values


def _sum(name: str, tensors: Mapping[str, Array]) -> Array:
    values = tensors[name]
    total: Array = values.sum(axis=tuple(range(1, values.ndim)), dtype=np.float64)
    return total
