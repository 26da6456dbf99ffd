"""Expressions over what a file holds: branches, logical columns, the number of the entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootml.declared.formula import Formula, read
from rootml.declared.rows import Units
from rootml.declared.values import Values, as_float64, from_branch
from rootml.errors import BranchError, CardError, DataError, InputError, nearest
from rootml.spec import Array

if TYPE_CHECKING:
    import awkward as ak

    from rootml.rootio.source import Source

ENTRY = "entry"
"""The number of the entry in its file, where the tree has no branch of this name."""


@dataclass(frozen=True)
class Expression:
    """What a user asked for, and the option that it belongs to, for errors."""

    formula: Formula
    option: str

    @classmethod
    def parse(cls, text: str, option: str) -> Expression:
        """Read the expression; InputError, pointing at the place, where it cannot be read."""
        try:
            return cls(read(text), option)
        except CardError as error:
            raise InputError(f"{option}: {error}") from None

    def __str__(self) -> str:
        return f"{self.option} {self.formula.text!r}"


@dataclass(frozen=True, eq=False)
class Bound:
    """An expression whose names were found in a file.

    ``branches``: name -> path of a branch; ``columns``: names that are logical columns instead.
    """

    expression: Expression
    branches: Mapping[str, str]
    columns: tuple[str, ...]

    def __call__(self, raw: ak.Array, events: ak.Array, units: Units, first: int) -> Array:
        """One float64 per unit, NaN where missing; a value per event counts for all its objects.

        ``raw``: the branches by path; ``events``: the logical columns; ``first``: the number of
        the first entry. Raises DataError where values are lists that are not those of the units.
        """

        def find(name: str) -> Values:
            if name in self.branches:
                return from_branch(name, raw[self.branches[name]])
            if name in self.columns:
                return from_branch(name, events[name])
            return Values(np.arange(first, first + units.events))

        try:
            spread = units.spread(self.expression.formula(find, units.events))
            data = as_float64(spread.data)
        except DataError as error:
            raise DataError(f"{self.expression}: {error}", error.event) from error
        data = np.broadcast_to(data, (len(units.event),))
        return data if spread.missing is None else np.where(spread.missing, np.nan, data)


def bind(expression: Expression, source: Source) -> Bound:
    """Find the names of an expression in a tree: its branches first, then logical columns.

    Raises BranchError for a name that neither has.
    """
    names, decoder = source.events.names, source.decoder
    branches: dict[str, str] = {}
    columns: list[str] = []
    for name in expression.formula.names:
        if (path := names.find(name)) is not None:
            branches[name] = path
        elif decoder.has(name):
            columns.append(name)
        elif name != ENTRY:
            known = [*names, *(column for column in decoder.layout.columns if decoder.has(column))]
            raise BranchError(
                f"{source.events.where}: {expression}: no branch or column {name!r}"
                f"{nearest(name, known)}"
            )
    return Bound(expression, branches, tuple(columns))


def unit_of(expression: Expression, source: Source) -> str:
    """The unit of a branch, or of the energy, that is named alone; empty where none is known."""
    name, adapter = expression.formula.text, source.adapter
    if not expression.formula.alone:
        return ""
    if source.events.names.find(name) is None:
        return "GeV" if name in (adapter.energy, adapter.truth.energy) else ""
    known = (one.unit for one in source.decoder.layout.branches.values() if name in one.names)
    return next(known, "")
