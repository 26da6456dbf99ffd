"""Events to judge again: a fair sample of those that stream by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.units import Units
from rootml.validation.events.sampling import Best, noise

if TYPE_CHECKING:
    from rootml.runtime.model import Model

_SEED = 11

_Row = tuple[dict[str, Array], int, dict[str, float], float, int]
"""Tensors, label, true values and weight of an event or object, and its place in its row."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Events to judge again.

    ``tensors``: name -> (n, ...); ``label``: (n,) class, or ``classes``, their number, where there
    is none; ``truth``: output name -> (n,) true value, NaN where missing; ``weight``: (n,) or None;
    ``place``: (n,) of an object in the list that its row is; None: rows are no lists.
    """

    tensors: Mapping[str, Array]
    label: npt.NDArray[np.int64]
    classes: int
    truth: Mapping[str, Array] = field(default_factory=dict)
    weight: Array | None = None
    place: npt.NDArray[np.int64] | None = None

    def judge(self, model: Model, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """What a network says of the events with these inputs, (n, ...) by output name."""
        said = model(tensors)
        if self.place is None:
            return said
        rows = np.arange(len(self.place))
        return {name: values[rows, self.place] for name, values in said.items()}


class JudgedSample:
    """Keeps ``limit`` of the judged events of a setting, drawn by lot, with their inputs.

    The same events are kept however they are cut into chunks.
    """

    def __init__(self, setting: Setting, limit: int):
        self.setting = setting
        self._kept: Best[_Row] = Best(limit)
        self._seen = 0

    def fill(self, units: Units) -> None:
        """Look at a chunk; DataError where its inputs were not read."""
        rows = len(units.label)
        if rows and not units.batch.tensors:
            raise DataError("the inputs were not read, so no network can judge them again")
        lots = noise(np.arange(self._seen, self._seen + rows), _SEED)
        self._seen += rows
        truth = {
            output.name: column
            for output in self.setting.outputs
            if output.estimates and (column := units.column(output.estimates)) is not None
        }

        batch = units.batch
        of = batch.row
        place = np.zeros(rows, np.int64) if batch.slots is None else batch.slots[1]

        def row(i: int) -> _Row:
            tensors = {name: np.array(tensor[of[i]]) for name, tensor in batch.tensors.items()}
            weight = 1.0 if units.weight is None else float(units.weight[i])
            true = {name: float(values[i]) for name, values in truth.items()}
            return tensors, int(units.label[i]), true, weight, int(place[i])

        self._kept.offer(lots, lots, row)

    def judged(self) -> Judged:
        """The events kept; DataError where there are none."""
        rows: Any = self._kept.items()
        if not rows:
            raise DataError("no event was judged, so none can be judged again")
        tensors, label, truth, weight, place = zip(*rows, strict=True)
        listed = any(map(self.setting.view.lists, self.setting.outputs))
        names = dict.fromkeys(name for one in truth for name in one)
        return Judged(
            {name: np.stack([one[name] for one in tensors]) for name in tensors[0]},
            np.array(label, np.int64),
            len(self.setting.classes),
            {name: np.array([one.get(name, np.nan) for one in truth]) for name in names},
            np.array(weight) if self.setting.weighted else None,
            np.array(place, np.int64) if listed else None,
        )
