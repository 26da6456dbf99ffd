"""The collector: what a validation needs to know of a sample, counted chunk by chunk.

Memory does not grow with the sample. Collectors of its parts add: counts exactly, sums of
weights and average images to rounding.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootml.adapter import Adapter
from rootml.card import ModelCard
from rootml.errors import InputError
from rootml.spec import Array, Batch, per_unit
from rootml.validation.assess import assess
from rootml.validation.counting.saving import load_tally, save_tally
from rootml.validation.counting.setting import Setting, difference
from rootml.validation.counting.tally import Tally
from rootml.validation.counting.units import Labels, Units, Variable, checked_weights
from rootml.validation.report import Report
from rootml.validation.statistics.agreement import USUAL_LIMITS, Limits
from rootml.validation.study import Sample
from rootml.validation.topics import topics_of

if TYPE_CHECKING:
    import awkward as ak

_WHOLE = Sample("", "")


class Collector:
    """Counts of what one network said of a sample.

    ``branches``: output name -> branch name, for the outputs that are written. ``variables``:
    what figures are shown against, beside what the adapter names. ``weighted``: each unit has a
    weight. ``limits``: beyond which an input drifts from the training. ``columns``: logical
    columns that :meth:`fill` uses as far as the file has them.
    """

    def __init__(
        self,
        card: ModelCard,
        adapter: Adapter,
        *,
        branches: Mapping[str, str],
        variables: Sequence[Variable] = (),
        weighted: bool = False,
        limits: Limits = USUAL_LIMITS,
    ):
        setting = Setting(card, adapter, dict(branches), tuple(variables), weighted, limits)
        self._begin(setting)

    def _begin(self, setting: Setting) -> None:
        self.setting = setting
        self.topics = topics_of(setting)
        wished = (column for topic in self.topics for column in topic.columns)
        truth = setting.adapter.truth
        self.columns = tuple(dict.fromkeys(filter(None, (truth.label, truth.energy, *wished))))
        self.tally = Tally(setting.weighted)

    def fill(
        self,
        events: ak.Array,
        batch: Batch,
        outputs: Mapping[str, Array],
        *,
        weights: Array | None = None,
        variables: Mapping[str, Array] | None = None,
    ) -> Units:
        """Add a chunk of events; returns what was counted of it, the units that were judged.

        ``events``: record array with those of ``columns`` that the file has. ``batch``: what
        the network saw; without tensors where its inputs were not read. ``outputs``: by output
        name, one value per unit (event or object), judged or not. ``weights``: one per unit.
        ``variables``: by name, one value per unit; they go before columns of the same name.
        Raises DataError where a judged unit's weight is not finite.
        """
        n = len(next(iter(outputs.values())))
        if not batch.tensors and batch.judged is None:
            batch = replace(batch, judged=np.ones(n, np.bool_))
        judged = batch.each
        column = columns_of(events, batch, n, variables or {})
        label = labels_of(self.setting, column, n)
        if self.setting.weighted != (weights is not None):
            raise ValueError("weights belong to a weighted collector, and to that alone")
        weight = None if weights is None else checked_weights(weights, n, judged)[judged]
        self._count(len(events), label, judged)
        self._count_truth(column)
        units = Units(
            batch,
            label[judged],
            weight,
            {name: values[judged] for name, values in outputs.items()},
            lambda name: None if (found := column(name)) is None else found[judged],
        )
        for topic in self.topics:
            topic.fill(self.tally, units)
        return units

    def __add__(self, other: Collector) -> Collector:
        """The collector of both samples together.

        Raises ValueError where they were made for different networks, variables or weights.
        """
        if different := difference(self.setting.identity(), other.setting.identity()):
            raise ValueError(f"collectors do not add: {different}")
        total = Collector.__new__(Collector)
        total._begin(self.setting)
        total.tally = self.tally + other.tally
        return total

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the counts to a file that a collector of another process can :meth:`merge`.

        A zip archive of UHI histograms and plain arrays, without pickles. It appears whole or not
        at all, in place of an earlier one. Raises OutputError where it cannot be written.
        """
        save_tally(self.tally, self.setting.identity(), Path(path))

    def merge(self, path: str | os.PathLike[str]) -> None:
        """Add the counts that a collector of the same setting saved.

        Raises InputError where the file is none, or was made for another network, other variables
        or weights.
        """
        saved = load_tally(self.setting.identity(), Path(path))
        try:
            self.tally += saved
        except ValueError as error:
            raise InputError(f"{path}: {error}") from error

    def report(self, sample: Sample = _WHOLE) -> Report:
        """Every figure that follows from the counts; ``sample`` says of what."""
        return assess(self.setting, self.tally, self.topics, sample)

    def _count_truth(self, column: Callable[[str], Array | None]) -> None:
        """Count true values other than labels: a sample that has any is simulated."""
        estimated = (output.estimates for output in self.setting.outputs)
        for name in filter(None, {self.setting.adapter.truth.energy, *estimated}):
            if (values := column(name)) is not None:
                self.tally.counts["truth",] += int(np.count_nonzero(np.isfinite(values)))

    def _count(self, events: int, label: Labels, judged: Array) -> None:
        bins = len(self.setting.classes) + 1
        found = np.bincount(label, minlength=bins)
        kept = np.bincount(label[judged], minlength=bins)
        self.tally.counts["events",] += events
        self.tally.counts["labelled",] += int(found[:-1].sum())
        for i in range(bins):
            self.tally.counts["units", str(i)] += int(found[i])
            self.tally.counts["judged", str(i)] += int(kept[i])


def labels_of(setting: Setting, column: Callable[[str], Array | None], units: int) -> Labels:
    """The class (units,) of each by its truth, and the number of classes where it has none."""
    name, classes = setting.adapter.truth.label, len(setting.classes)
    values = column(name) if name else None
    if values is None:
        return np.full(units, classes, np.int64)
    return np.where(np.isin(values, np.arange(classes)), values, classes).astype(np.int64)


def columns_of(
    events: ak.Array, batch: Batch, units: int, variables: Mapping[str, Array]
) -> Callable[[str], Array | None]:
    """Variables and logical columns by name, one float64 per unit; each decoded once."""
    decoded: dict[str, Array | None] = {}

    def column(name: str) -> Array | None:
        if name not in decoded:
            given = variables.get(name)
            if given is None and name in events.fields:
                given = per_unit(events[name], batch, np.nan, name)
            if given is not None and np.shape(given) != (units,):
                raise ValueError(f"variable {name!r} of shape {np.shape(given)}: {units} units")
            decoded[name] = None if given is None else np.asarray(given, np.float64)
        return decoded[name]

    return column
