"""A tagger: a view and a network, giving columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.domain import Distance
from rootml.errors import DataError, InputError, RegistryError, nearest
from rootml.spec import Array, Batch, Column, Places, TensorSpec, per_unit
from rootml.variations import Varied, Vary, in_place, varied, with_places

if TYPE_CHECKING:
    import awkward as ak

    from rootml.adapter import Layout, View
    from rootml.card import Output
    from rootml.runtime.model import Model
    from rootml.working_point import WorkingPoint

EVERY = "all"
"""Stands for all working points of a card."""


@dataclass(frozen=True)
class Annotation:
    """What a tagger says of some events.

    ``columns``: by branch name, one value per event, or a jagged array of one per object.
    ``outputs``: by output name, flat, one value per unit (event or object) of ``batch``, which
    holds the tensors the network saw.
    """

    columns: Mapping[str, Any]
    outputs: Mapping[str, Array]
    batch: Batch


class Tagger:
    """Judges events with one network.

    Branches are named ``<prefix><model>_<output>``, those of objects
    ``<prefix><collection>_<model>_<output>``, as NanoAOD names them. ``outputs`` selects some of
    the network's outputs by name; None takes all. ``working_points``: names of cuts of the card,
    or "all"; each becomes a branch ``<prefix><model>_<point>`` of bools, False where nothing was
    judged. ``vary``: variations of the view and the values each shall have; all branches come again
    for each, with its name behind theirs, ``<model>_<output>_<variation>_<value>``. ``vary_seed``
    is that of random ones. ``ood``: adds the distance to the training domain of the card,
    ``<prefix><model>_ood`` (:mod:`rootml.domain`). ``batch_size``: rows the network sees at once.
    ``layout``: that of the events; where its entries hold several objects, outputs per event become
    outputs per object. Where rows are events that list their objects, outputs ``per`` object are
    those of the lists; what is said of an event alone, its distance, holds for all of them.
    InputError where nothing at all is asked for.
    """

    def __init__(
        self,
        model: Model,
        *,
        prefix: str = "",
        outputs: Sequence[str] | None = None,
        working_points: str | Sequence[str] = (),
        vary: Vary | None = None,
        vary_seed: int = 0,
        ood: bool = False,
        batch_size: int | None = None,
        layout: Layout | None = None,
    ):
        self.model = model
        self.batch_size = batch_size
        chosen = _select(model, outputs)
        placed = {output.name: _placed(output, layout, model.view) for output in model.card.outputs}
        points = [(point, placed[point.output]) for point in _points(model, working_points)]

        def branch(output: Output, name: str) -> str:
            return prefix + "_".join(filter(None, (output.per, model.card.name, name)))

        self.branches = {name: branch(placed[name], name) for name in chosen}
        self.points = {branch(output, point.name): point for point, output in points}
        self._nominal: tuple[Column, ...] = (
            *(placed[name].column(branch) for name, branch in self.branches.items()),
            *(_passed(output, point, branch(output, point.name)) for point, output in points),
        )
        self._varied = varied(model.view, vary or {}, vary_seed)
        changed = [(column, one) for one in self._varied for column in self._nominal]
        self.variations = {_name(column.name, one): (column.name, one) for column, one in changed}
        first = placed[model.card.outputs[0].name]
        far = _distance(first, branch(first, "ood"))
        self._distances = {far: Distance(model.card, model.view)} if ood else {}
        self.columns: tuple[Column, ...] = (
            *self._nominal,
            *self._distances,
            *(_vary(column, one) for column, one in changed),
        )
        if not self.columns:
            raise InputError(
                f"model {model.card.name!r}: outputs= is empty: there is nothing to add"
            )

    @property
    def view(self) -> View:
        """The view the network sees."""
        return self.model.view

    @property
    def reads(self) -> tuple[str, ...]:
        """The logical columns it needs: those of the view, and what thresholds follow."""
        against = (point.against for point in self.points.values() if point.against)
        return tuple(dict.fromkeys((*self.view.columns, *against)))

    def __call__(self, events: ak.Array) -> Annotation:
        """Judge events given as the logical columns that it :attr:`reads`.

        Raises DataError where a tensor holds NaN or infinity that its view does not allow: a
        network may well turn either into a score that looks right.
        """
        nominal = self._judge(events)
        columns, batch = dict(nominal.columns), nominal.batch
        for column, distance in self._distances.items():
            values = distance(batch.tensors)[batch.row]
            columns[column.name] = _per_event(_scatter(values, batch, column), batch)
        if self._varied and batch.counts is not None:
            events = with_places(events, batch.counts)
        for one in self._varied:
            try:
                columns |= self._judge_varied(one, events, batch.counts)
            except DataError as error:
                raise DataError(f"variation {one.title}: {error}", error.event) from error
        return replace(nominal, columns=columns)

    def _judge_varied(self, one: Varied, events: ak.Array, counts: Places | None) -> dict[str, Any]:
        """What the network says of the varied events; ``counts``: objects of the nominal ones."""
        changed = one(events)
        said = self._judge(changed).columns
        if counts is not None:
            made = {column.name: column for column in self._nominal}
            said = {b: in_place(values, changed, counts, made[b]) for b, values in said.items()}
        return {_name(branch, one): values for branch, values in said.items()}

    def _judge(self, events: ak.Array) -> Annotation:
        """What the network says of these events, without variations."""
        batch = self.view.build(events)
        for spec in self.view.tensors:
            _check_finite(spec, batch)
        said = self.model(batch.tensors, batch_size=self.batch_size)
        if self.view.lists(self.model.card.outputs[0]):
            batch = batch.of_members()
        predicted = {name: batch.of_units(values) for name, values in said.items()}
        made = {column.name: column for column in self._nominal}
        outputs = {
            name: _scatter(predicted[name], batch, made[branch])
            for name, branch in self.branches.items()
        }
        passed = {
            branch: _scatter(self._passes(point, predicted, batch, events), batch, made[branch])
            for branch, point in self.points.items()
        }
        flat = {self.branches[name]: values for name, values in outputs.items()} | passed
        columns = {branch: _per_event(values, batch) for branch, values in flat.items()}
        return Annotation(columns, outputs, batch)

    def _passes(
        self, point: WorkingPoint, predicted: Mapping[str, Array], batch: Batch, events: ak.Array
    ) -> Array:
        """Which of the judged units pass."""
        scores = predicted[point.output]
        if not point.against:
            return point.passes(scores)
        values = per_unit(events[point.against], batch, np.nan, point.against)
        return point.passes(scores, values[batch.each])


def _placed(output: Output, layout: Layout | None, view: View) -> Output:
    """The output per object, where the entries of the layout hold several.

    Of a view that lists the objects of an event the card says which outputs are.
    """
    if layout is None or layout.per is None or output.per not in (None, layout.per):
        return output
    if view.members and output.per is None:
        return output
    counter = output.counter or layout.counter
    return output.model_copy(update={"per": layout.per, "counter": counter})


def _select(model: Model, outputs: Sequence[str] | None) -> list[str]:
    names = [output.name for output in model.card.outputs]
    if outputs is None:
        return names
    for name in outputs:
        if name not in names:
            raise RegistryError(
                f"model {model.card.name!r} has no output {name!r}{nearest(name, names)} "
                f"(outputs: {', '.join(names)})"
            )
    return [name for name in names if name in outputs]


def _points(model: Model, wanted: str | Sequence[str]) -> list[WorkingPoint]:
    """The working points of these names, each once."""
    card = model.card
    if wanted == EVERY:
        if not card.working_points:
            raise RegistryError(f"model {card.name!r} has no working points on its card")
        found = list(card.working_points)
    else:
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        found = [card.working_point(name) for name in dict.fromkeys(names)]
    for point in found:
        if not re.fullmatch(r"\w+", point.name, re.ASCII):
            raise RegistryError(
                f"the working point {point.name!r} of model {card.name!r} cannot be a branch: its "
                "name has more than letters, digits and '_'"
            )
    return found


def _passed(output: Output, point: WorkingPoint, branch: str) -> Column:
    """The column of bools that a working point becomes."""
    doc = f"{point.cut}: passed, where the network judged at all"
    return replace(output.column(branch), dtype="bool", shape=(), unit="", doc=doc)


def _distance(output: Output, branch: str) -> Column:
    """The column of distances to the training domain."""
    doc = "distance d to the training domain: as far out is one training event in 10^d at most"
    return replace(output.column(branch), dtype="float32", shape=(), unit="", doc=doc)


def _name(branch: str, one: Varied) -> str:
    return f"{branch}_{one.suffix}"


def _vary(column: Column, one: Varied) -> Column:
    """The column that comes of a variation."""
    doc = ", ".join(filter(None, (column.doc, f"with {one.title}")))
    return replace(column, name=_name(column.name, one), doc=doc)


def _check_finite(spec: TensorSpec, batch: Batch) -> None:
    tensor = batch.tensors[spec.name]
    if tensor.dtype.kind != "f":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(tensor.sum()):
            return
    bad = np.isinf(tensor) if spec.allow_nan else ~np.isfinite(tensor)
    bad = np.asarray(bad.reshape(len(tensor), -1).any(axis=1))
    if not bad.any():
        return
    unit = event = int(np.flatnonzero(batch.each)[np.argmax(bad)])
    if batch.counts is not None:
        event = int(np.searchsorted(np.cumsum(batch.counts), unit, side="right"))
    raise DataError(f"the tensor {spec.name!r} holds NaN or infinity", event)


def _scatter(values: Array, batch: Batch, column: Column) -> Array:
    """Spread the rows over all units; units that were not judged get the missing value."""
    values = values.astype(column.dtype, copy=False)
    if batch.judged is None:
        return values
    spread = np.full((len(batch.judged), *column.shape), column.missing, column.dtype)
    spread[batch.judged] = values
    return spread


def _per_event(values: Array, batch: Batch) -> Any:
    if batch.counts is None:
        return values
    import awkward as ak

    return ak.unflatten(values, batch.counts)
