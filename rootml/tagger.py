"""A tagger: a view and a network, giving columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import DataError, RegistryError, nearest
from rootml.spec import Array, Batch, Column, TensorSpec

if TYPE_CHECKING:
    import awkward as ak

    from rootml.adapter import Layout, View
    from rootml.card import Output
    from rootml.runtime.model import Model


@dataclass(frozen=True)
class Annotation:
    """What a tagger says of some events.

    ``columns``: by branch name, one value per event, or a jagged array of one per object.
    ``outputs``: by output name, flat, one value per unit (event or object).
    ``batch``: the tensors the network saw.
    """

    columns: Mapping[str, Any]
    outputs: Mapping[str, Array]
    batch: Batch


class Tagger:
    """Judges events with one network.

    Branches are named ``<prefix><model>_<output>``, those of objects
    ``<prefix><collection>_<model>_<output>``, as NanoAOD names them. ``outputs`` selects some of
    the network's outputs by name; None takes all. ``batch_size``: rows the network sees at once.
    ``layout``: that of the events; where its entries hold several objects, outputs per event
    become outputs per object.
    """

    def __init__(
        self,
        model: Model,
        *,
        prefix: str = "",
        outputs: Sequence[str] | None = None,
        batch_size: int | None = None,
        layout: Layout | None = None,
    ):
        self.model = model
        self.batch_size = batch_size
        chosen = _select(model, outputs)
        placed = [_placed(o, layout) for o in model.card.outputs if o.name in chosen]
        self.branches = {
            output.name: prefix + "_".join(filter(None, (output.per, model.card.name, output.name)))
            for output in placed
        }
        self.columns: tuple[Column, ...] = tuple(
            output.column(self.branches[output.name]) for output in placed
        )

    @property
    def view(self) -> View:
        """The view the network sees."""
        return self.model.view

    def __call__(self, events: ak.Array) -> Annotation:
        """Judge events given as the logical columns of the view.

        Raises DataError where a tensor holds NaN or infinity that its view does not allow: a
        network may well turn either into a score that looks right.
        """
        batch = self.view.build(events)
        for spec in self.view.tensors:
            _check_finite(spec, batch)
        predicted = self.model(batch.tensors, batch_size=self.batch_size)
        outputs = {
            name: _scatter(predicted[name], batch, column)
            for name, column in zip(self.branches, self.columns, strict=True)
        }
        columns = {self.branches[name]: _per_event(outputs[name], batch) for name in outputs}
        return Annotation(columns, outputs, batch)


def _placed(output: Output, layout: Layout | None) -> Output:
    """The output per object, where the entries of the layout hold several."""
    if layout is None or layout.per is None or output.per not in (None, layout.per):
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
    unit = int(np.argmax(bad))
    if batch.judged is not None:
        unit = int(np.flatnonzero(batch.judged)[unit])
    event = unit
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
