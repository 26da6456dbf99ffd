"""What the names in a declaration stand for: its variables and vectors, and branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import awkward as ak
import numpy as np

from rootml.declared import vectors
from rootml.declared.formula import Formula, read
from rootml.declared.kinematics import Kinematics, Vector
from rootml.declared.parts import Sentinels
from rootml.declared.schema import Declaration
from rootml.declared.values import Values, as_float64, from_branch
from rootml.errors import BranchError, CardError, DataError, nearest
from rootml.spec import Array


@dataclass(frozen=True)
class Quantity:
    """A variable that is a quantity of vectors: which one, and the names and elements of those."""

    quantity: str
    of: tuple[tuple[str, Formula], ...]


class Names:
    """All names of a declaration, their expressions read; CardError where one does not fit."""

    def __init__(self, declaration: Declaration):
        self.declaration = declaration
        self.vectors = {
            name: self._vector(name, vector) for name, vector in declaration.vectors.items()
        }
        self.variables: dict[str, Formula | Quantity] = {}
        for name, text in declaration.variables.items():
            where = f"variable {name!r}"
            self.variables[name] = (
                self._quantity(where, text)
                if isinstance(text, Kinematics)
                else self.formula(text, where)
            )

    def formula(self, text: str, where: str) -> Formula:
        """An expression over names that are known so far; ``where`` begins an error."""
        formula = formula_of(text, where)
        for name in formula.names:
            if name in self.vectors:
                raise CardError(
                    f"{where}: {text!r}: {name!r} is a vector, not a number; its pt is the "
                    f"variable {{pt: [{name}]}}"
                )
            self._check_order(name, where)
        return formula

    def branches(self, formulas: Iterable[Formula]) -> tuple[str, ...]:
        """The names of branches that some expressions come to, each once."""
        return tuple(dict.fromkeys(name for f in formulas for name in self._descent(f)))

    def _descent(self, formula: Formula) -> Iterator[str]:
        for name in formula.names:
            yield from self._leaves(name)

    def _leaves(self, name: str) -> Iterator[str]:
        found = self.variables.get(name)
        if isinstance(found, Formula):
            yield from self._descent(found)
        elif found is not None:
            for vector, element in found.of:
                for coordinate in self.vectors[vector].values():
                    yield from self._descent(coordinate)
                for index in element.names:
                    if index != vector:
                        yield from self._leaves(index)
        else:
            yield name

    def _vector(self, name: str, vector: Vector) -> Mapping[str, Formula]:
        found = {}
        for coordinate, text in vector.coordinates.items():
            where = f"vector {name!r}, {coordinate}"
            found[coordinate] = formula_of(text, where)
            for used in found[coordinate].names:
                if used in self.declaration.variables or used in self.declaration.vectors:
                    raise CardError(f"{where}: {text!r}: vectors are made of branches alone")
        return found

    def _quantity(self, where: str, kinematics: Kinematics) -> Quantity:
        return Quantity(
            kinematics.quantity, tuple(self._element(where, text) for text in kinematics.of)
        )

    def _element(self, where: str, text: str) -> tuple[str, Formula]:
        formula = formula_of(text, where)
        if formula.base not in self.vectors:
            near = nearest(text, self.vectors)
            known = ", ".join(self.vectors) or "none"
            raise CardError(f"{where}: {text!r} is no vector{near} (vectors: {known})")
        for name in formula.names:
            if name != formula.base:
                self._check_order(name, where)
        return formula.base, formula

    def _check_order(self, name: str, where: str) -> None:
        if name in self.declaration.variables and name not in self.variables:
            raise CardError(
                f"{where}: the variable {name!r} can be used below it only, and no branch can "
                "have its name"
            )


def formula_of(text: str, where: str) -> Formula:
    """Read an expression; ``where`` begins an error."""
    try:
        return read(text)
    except CardError as error:
        raise CardError(f"{where}: {error}") from None


@dataclass
class Scope:
    """The names for some events: ``branches`` by name, each read once, variables computed once."""

    names: Names
    branches: Any
    events: int
    _known: dict[tuple[str, int], Values] = field(default_factory=dict)

    def evaluate(self, formula: Formula, sentinels: Sentinels | None = None) -> Values:
        """The values of an expression; ``sentinels`` of the branches that it names itself."""
        try:
            return formula(lambda name: self.find(name, sentinels), self.events)
        except DataError as error:
            raise DataError(f"{formula.text}: {error}", error.event) from error

    def find(self, name: str, sentinels: Sentinels | None = None) -> Values:
        """The values of a variable or a branch."""
        key = name, id(sentinels)
        if key not in self._known:
            self._known[key] = self._compute(name, sentinels)
        return self._known[key]

    def _compute(self, name: str, sentinels: Sentinels | None) -> Values:
        variable = self.names.variables.get(name)
        if variable is None:
            if sentinels is None:
                sentinels = self.names.declaration.sentinels
            return replaced(from_branch(name, self._branch(name)), sentinels)
        try:
            if isinstance(variable, Formula):
                return self.evaluate(variable)
            return self._quantity(variable)
        except DataError as error:
            raise DataError(f"variable {name!r}: {error}", error.event) from error

    def _branch(self, name: str) -> Any:
        source = self.names.declaration.branches.get(name)
        if source is None or not source.leaf:
            return self.branches[name]
        array = ak.Array(self.branches[name])
        if source.leaf not in array.fields:
            known = ", ".join(array.fields) or "none"
            raise BranchError(
                f"the branch {source.names[0]!r} has no leaf {source.leaf!r}"
                f"{nearest(source.leaf, array.fields)} (leaves: {known})"
            )
        return array[source.leaf]

    def _quantity(self, variable: Quantity) -> Values:
        of = [self._vector(name, element) for name, element in variable.of]
        names = [element.text for _, element in variable.of]
        return vectors.compute(variable.quantity, of, self.events, same=len(set(names)) == 1)

    def _vector(self, vector: str, element: Formula) -> vectors.Coordinates:
        def coordinate(formula: Formula) -> Values:
            whole = self.evaluate(formula)
            if whole.data.ndim == 0:  # a number is that of every element
                return whole
            return element(lambda name: whole if name == vector else self.find(name), self.events)

        return {name: coordinate(formula) for name, formula in self.names.vectors[vector].items()}


def replaced(values: Values, sentinels: Sentinels) -> Values:
    """The values of a branch with its sentinels replaced, or missing."""
    data, missing = values.data, values.missing
    for sentinel, meaning in sentinels.items():
        hit = _equal(values.data, sentinel)
        if not hit.any():
            continue
        if meaning == "missing":
            missing = hit if missing is None else missing | hit
            data = np.where(hit, np.zeros((), data.dtype), data)
        else:
            data = np.where(hit, np.float64(meaning), as_float64(np.where(hit, 0, data)))
    return Values(data, values.counts, missing)


def _equal(data: Array, sentinel: float | str) -> Array:
    """Where a branch holds the sentinel, as exactly as its own type can."""
    if sentinel == "nan":
        return np.isnan(data)
    number = sentinel if isinstance(sentinel, int) else float(sentinel)
    with np.errstate(over="ignore"):
        if data.dtype.kind == "f" and np.isinf(data.dtype.type(number)) != np.isinf(number):
            return np.zeros(data.shape, np.bool_)
    return np.equal(data, number)
