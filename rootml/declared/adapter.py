"""An ordinary adapter made of a declaration: one layout, one view."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import awkward as ak

from rootml.adapter import Adapter, Branch, Layout, Options, Reference, Truth, View
from rootml.declared.formula import Formula
from rootml.declared.schema import VIEW, Declaration
from rootml.declared.scope import Names, Scope
from rootml.declared.values import to_awkward
from rootml.declared.variations import variations
from rootml.declared.view import ViewBuilder
from rootml.errors import CardError, DataError
from rootml.spec import Batch


def declare(declaration: Declaration, name: str) -> Adapter:
    """The adapter that a declaration describes, called ``name``, as its default network is.

    Its view is called ``"declared"``. Raises CardError where an expression cannot be read, or uses
    a name that it cannot.
    """
    names = Names(declaration)
    builder = ViewBuilder(names)
    columns = Columns(names)
    needed = names.branches(builder.formulas)
    if not needed:
        raise CardError(f"adapter {name!r}: no expression of its tensors uses a branch")
    listed = builder.listed.tensor if builder.listed else None
    view = View(
        name=VIEW,
        columns=tuple(map(columns.of_branch, needed)),
        tensors=builder.specs,
        build=partial(_build, builder, {key: columns.of_branch(key) for key in needed}),
        summaries=builder.summaries,
        doc=declaration.doc,
        variations=variations(declaration, {key: columns.of_branch(key) for key in needed}),
        members=(listed.length or 0) if listed else 0,
        mask=listed.mask if listed else "",
    )
    return Adapter(
        name=name,
        title=declaration.title or name,
        layouts=(_layout(declaration, needed, columns),),
        views={VIEW: view},
        default_model=name,
        truth=columns.truth,
        energy=columns.energy,
        references=columns.references,
        label=declaration.label,
        doc=declaration.doc,
    )


def _build(builder: ViewBuilder, fields: Mapping[str, str], events: ak.Array) -> Batch:
    record = ak.to_layout(events)
    branches = {key: record[field] for key, field in fields.items()}
    return builder.build(branches, len(events))


class Columns:
    """Logical columns that are computed: variables, truth, energy, references."""

    def __init__(self, names: Names):
        self.names = names
        self.formulas: dict[str, Formula] = {}
        for name in names.variables:
            self._add(name, name)
        declared = names.declaration
        self.truth = Truth(
            self._add("truth_label", declared.truth.label),
            declared.truth.classes if declared.truth.label else (),
            self._add("truth_energy", declared.truth.energy),
        )
        self.energy = self._add("energy", declared.energy)
        references = []
        for one in declared.references:
            self._add(one.name, one.value)
            if one.estimates and one.estimates not in self.formulas:
                self._add(one.estimates, one.estimates)
            title = one.title or one.name
            references.append(Reference(one.name, title, one.higher_is_signal, one.estimates))
        self.references = tuple(references)
        self.needs = {name: names.branches([formula]) for name, formula in self.formulas.items()}

    def _add(self, name: str, text: str | None) -> str | None:
        if text is None:
            return None
        formula = self.names.formula(text, f"column {name!r}")
        if name in self.formulas and text != name:
            raise CardError(f"two columns are called {name!r}: a variable, and {text!r}")
        self.formulas[name] = formula
        return name

    def of_branch(self, key: str) -> str:
        """The logical column that holds a branch as it is."""
        return f"{key} (branch)" if key in self.formulas else key

    def decode(self, raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
        """The wanted columns: branches as they are, the others computed."""
        record = ak.to_layout(raw)
        branches = {self.of_branch(key): record[key] for key in raw.fields}
        columns = [
            branches[name] if name in branches else self._compute(name, record) for name in wanted
        ]
        return ak.Array(ak.contents.RecordArray(columns, list(wanted), length=len(raw)))

    def _compute(self, name: str, record: Any) -> Any:
        branches = {key: record[key] for key in record.fields}
        scope = Scope(self.names, branches, record.length)
        try:
            values = scope.evaluate(self.formulas[name])
        except DataError as error:
            raise DataError(f"column {name!r}: {error}", error.event) from error
        return ak.to_layout(to_awkward(values, scope.events))


def _layout(declaration: Declaration, needed: tuple[str, ...], columns: Columns) -> Layout:
    every = dict.fromkeys([*needed, *(key for keys in columns.needs.values() for key in keys)])
    return Layout(
        name=VIEW,
        trees=declaration.trees,
        branches={key: _branch(declaration, key, optional=key not in needed) for key in every},
        columns={columns.of_branch(key): (key,) for key in every} | columns.needs,
        decode=columns.decode,
        per=declaration.per,
        counter=declaration.counter,
    )


def _branch(declaration: Declaration, key: str, *, optional: bool) -> Branch:
    source = declaration.branches.get(key)
    if source is None:
        return Branch((key,), optional=optional)
    return Branch(source.names, source.unit, optional, source.doc)
