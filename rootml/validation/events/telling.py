"""What is told of single events: facts by name, and tensors that can be looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rootml.card import Output
from rootml.spec import Array, TensorSpec, places_within
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.units import Units
from rootml.validation.events.masks import mask_of
from rootml.validation.events.sampling import noise
from rootml.validation.events.standouts import call
from rootml.validation.figures.histograms import UNLABELLED
from rootml.validation.study import Event

MOST_ELEMENTS = 1 << 16
"""Tensors with more elements than this are not shown."""

MOST_OBJECTS = 1 << 20
"""Objects of an entry that lots tell apart."""

Told = tuple[tuple[Any, ...], Event]
"""What tells an event from others, and the event."""


class Chunk:
    """The events of a chunk one by one.

    ``entries``: (n,) entry of each unit, judged or not.
    """

    def __init__(self, setting: Setting, units: Units, entries: Array, facts: Mapping[str, Any]):
        self.setting = setting
        self.units = units
        self.entries = entries
        self.facts = facts
        batch = units.batch
        self.judged = batch.each
        self.objects = None if batch.counts is None else places_within(batch.counts, len(entries))
        self._unit, self._row = np.flatnonzero(self.judged), batch.row
        self._call = call(setting, units)

    def lots(self, seed: int) -> Array:
        """A number in [0, 1) for each unit, by which some are drawn."""
        places = 0 if self.objects is None else self.objects
        return noise(self.entries * MOST_OBJECTS + places, seed)

    def of_row(self, row: int) -> Told:
        """The event of a judged unit."""
        unit = int(self._unit[row])
        facts = {**self._where(unit), **self._class(row), **dict(self._numbers(row))}
        images: dict[str, Array] = {}
        points: dict[str, Array] = {}
        axes: dict[str, tuple[str, ...]] = {}
        for spec, mask in self._shown():
            values = np.array(self._tensor(spec.name, row))
            if spec.columns:
                there = self._tensor(mask, row).ravel() if mask else slice(None)
                points[spec.name] = values[there, :3]
            else:
                images[spec.name] = values
            axes[spec.name] = _axes(spec)
        return self._key(unit), Event(self._title(unit), facts, images, axes, points)

    def of_unit(self, unit: int) -> Told:
        """The event of a unit that was not judged."""
        facts = {**self._where(unit), "verdict": "not judged"}
        return self._key(unit), Event(self._title(unit), facts)

    def _tensor(self, name: str, row: int) -> Array:
        """What the network saw of a judged unit; of one in a list, its event."""
        return np.asarray(self.units.batch.tensors[name][self._row[row]])

    def _key(self, unit: int) -> tuple[Any, ...]:
        return (*self.facts.values(), *self._where(unit).values())

    def _title(self, unit: int) -> str:
        where = f"entry {self.entries[unit]}"
        return where if self.objects is None else f"{where}, object {self.objects[unit]}"

    def _where(self, unit: int) -> dict[str, Any]:
        place = {} if self.objects is None else {"object": int(self.objects[unit])}
        return {**self.facts, "entry": int(self.entries[unit]), **place}

    def _class(self, row: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        classes, label = self.setting.classes, int(self.units.label[row])
        if classes:
            made["truth"] = classes[label] if label < len(classes) else UNLABELLED
        if self._call is not None:
            truth = self._call.truth[row]
            right = "right" if self._call.said[row] == truth else "wrong"
            made["verdict"] = right if np.isfinite(truth) else "truth not known"
        return made

    def _numbers(self, row: int) -> Iterator[tuple[str, Any]]:
        for output in self.setting.outputs:
            yield from self._output(output, row)
        for variable in self.setting.variables:
            values = self.units.column(variable.source)
            if values is not None:
                yield variable.label, _number(values[row])
        if self.units.weight is not None:
            yield "weight", _number(self.units.weight[row])
        summaries = self.setting.view.summaries
        units = {one.name: f" [{one.unit}]" for one in summaries if one.unit}
        for spec in self.setting.view.tensors:
            for column, value in zip(spec.columns, self._own(spec, row), strict=False):
                yield f"input {column}{units.get(column, '')}", _number(value)

    def _own(self, spec: TensorSpec, row: int) -> Array:
        """The columns of a tensor that are of a judged unit alone; none where there are not."""
        batch, lists = self.units.batch, self.setting.view.members
        if spec.columns and spec.name in batch.tensors:
            if len(spec.shape) == 1:
                return self._tensor(spec.name, row)
            if batch.slots is not None and spec.shape[:-1] == (lists,):
                return np.asarray(self._tensor(spec.name, row)[batch.slots[1][row]])
        return np.empty(0)

    def _output(self, output: Output, row: int) -> Iterator[tuple[str, Any]]:
        unit = f" [{output.unit}]" if output.unit else ""
        values = np.asarray(self.units.outputs[output.name][row])
        names = self.setting.classes if output.role in ("probabilities", "set") else ()
        if not output.shape:
            yield output.name + unit, _number(values)
        elif len(output.shape) == 1:
            labels = names if len(names) == len(values) else range(len(values))
            for label, value in zip(labels, values, strict=True):
                yield f"{output.name} {label}{unit}", _number(value)
        truth = self.units.column(output.estimates) if output.estimates else None
        if truth is not None:
            yield f"true {output.name}{unit}", _number(truth[row])

    def _shown(self) -> Iterator[tuple[TensorSpec, str]]:
        """Tensors of two axes, or of channels of two, with their masks; of tables the points."""
        specs = self.setting.view.tensors
        for i, spec in enumerate(specs):
            tensor = self.units.batch.tensors.get(spec.name)
            if tensor is None or spec.dtype == "bool" or tensor.ndim not in (3, 4):
                continue
            if len(spec.columns) == 1 or (spec.columns and tensor.ndim == 4):
                continue
            if math.prod(tensor.shape[1:]) <= MOST_ELEMENTS:
                yield spec, mask_of(spec, specs[i + 1 :])


def _axes(spec: TensorSpec) -> tuple[str, ...]:
    """Names of the last two axes, and the unit of the values; of points: the coordinates."""
    if spec.columns:
        return (*spec.columns[:3], "")[:3]
    names = spec.axes[-2:] if len(spec.axes) >= 2 else ("row", "column")
    return (*names, spec.unit)


def _number(value: Any) -> float | int | None:
    """A plain number; None where there is none."""
    plain = np.asarray(value).item()
    return plain if math.isfinite(plain) else None
