"""What is read of each row beside its tensors: truth, whether it is learned from, weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootml.adapter import Adapter
from rootml.declared.rows import Units
from rootml.rootio.source import Source
from rootml.spec import Array, Batch, per_unit
from rootml.tagged.expressions import Bound, Expression
from rootml.training.task import OF_NO_CLASS, Classification, Regression, Task
from rootml.training.truth import packed, require_column

if TYPE_CHECKING:
    import awkward as ak

WEIGHT, FLAT = "weight in training", "what is made flat"
"""Columns of a data set with the weights that a task asks for, and what they shall make flat."""
WHY = {
    "truth": "a training needs events with truth",
    "select": "the recipe selects by it",
    WEIGHT: "the recipe weights by it",
    FLAT: "the recipe makes it flat",
}


def texts(task: Task, adapter: Adapter, sample: str = "") -> dict[str, str]:
    """Expressions that a sample is read with, by what they are for (keys of :data:`WHY`)."""
    if isinstance(task, Classification):
        return {"truth": task.column(adapter)}
    own = task.sample(sample)
    found = {"truth": own.target, "select": own.select}
    if task.weighted:
        found |= {WEIGHT: own.weight or "1", FLAT: task.flat.of if task.flat else ""}
    return {what: text for what, text in found.items() if text}


def described(task: Task, adapter: Adapter) -> list[object]:
    """All of a task that a data set follows from, as JSON holds it."""
    names = ("", *task.samples) if isinstance(task, Regression) else ("",)
    return [type(task).__name__, {name: texts(task, adapter, name) for name in names}]


@dataclass(frozen=True)
class Asked:
    """One number a unit: a logical column, by its name, or an expression of them."""

    columns: tuple[str, ...]
    expression: Expression | None = None

    @classmethod
    def read(cls, text: str, what: str, adapter: Adapter) -> Asked:
        """A column of that name, if a layout has one; InputError where a text cannot be read."""
        if any(text in layout.columns for layout in adapter.layouts):
            return cls((text,))
        expression = Expression.parse(text, what)
        return cls(expression.formula.names, expression)

    def __call__(self, events: ak.Array, batch: Batch, missing: float = np.nan) -> Array:
        """The value of each unit; ``missing`` where there is none (NaN in an expression)."""
        if self.expression is None:
            return per_unit(events[self.columns[0]], batch, missing, self.columns[0])
        bound = Bound(self.expression, {}, self.columns)
        return bound(events, events, Units(len(events), batch.counts), 0)


@dataclass(frozen=True)
class Labels:
    """What a task asks for of the rows of a sample, by what it is for."""

    task: Task
    adapter: Adapter
    asked: Mapping[str, Asked]
    members: int = 0
    """Length of the lists of objects, where rows are events that list them."""

    @classmethod
    def of(cls, task: Task, adapter: Adapter, sample: str = "", members: int = 0) -> Labels:
        """Read the expressions; InputError where one cannot be read."""
        found = texts(task, adapter, sample)
        asked = {what: Asked.read(text, what, adapter) for what, text in found.items()}
        return cls(task, adapter, asked, members)

    @property
    def columns(self) -> tuple[str, ...]:
        """Logical columns that are needed."""
        return tuple(column for asked in self.asked.values() for column in asked.columns)

    def check(self, source: Source) -> None:
        """Raise BranchError where a file has not all columns."""
        for what, asked in self.asked.items():
            for column in asked.columns:
                require_column(source, column, WHY[what])

    def truth(self, events: ak.Array, batch: Batch) -> Array:
        """The truth of each unit; NaN, or no class, where there is none.

        A column of several values an event, where events are judged, gives (n, ...): see
        :func:`rootml.training.truth.packed`.
        """
        missing = OF_NO_CLASS if isinstance(self.task, Classification) else np.nan
        asked = self.asked["truth"]
        if asked.expression is None and batch.counts is None and isinstance(self.task, Regression):
            (column,) = asked.columns
            if events[column].ndim > 1:
                return packed(events[column], batch, self.members, column)
        return asked(events, batch, missing)

    def selected(self, events: ak.Array, batch: Batch, judged: Array) -> Array:
        """Which of the judged units are learned from."""
        if "select" not in self.asked:
            return np.ones(int(judged.sum()), np.bool_)
        values = self.asked["select"](events, batch)[judged]
        return np.asarray((values != 0) & ~np.isnan(values))

    def weights(self, events: ak.Array, batch: Batch) -> dict[str, Array]:
        """What weights are made of, for each unit, by name of the column."""
        asked = {what: self.asked[what] for what in (WEIGHT, FLAT) if what in self.asked}
        return {what: one(events, batch) for what, one in asked.items()}

    def known(self, truth: Array) -> Array:
        """Which units have a truth; DataError where one cannot be right."""
        return self.task.known(truth, self.adapter)
