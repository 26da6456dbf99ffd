"""The collector: what a validation needs to know of a sample, counted chunk by chunk.

Memory does not grow with the sample. Collectors of its parts add: counts exactly, average
images to rounding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rootml.adapter import Adapter
from rootml.card import ModelCard, Output
from rootml.spec import Array, Batch
from rootml.validation import residuals
from rootml.validation import tally as tallies
from rootml.validation.images import fill_images, is_image
from rootml.validation.report import Report
from rootml.validation.scales import NO_ENERGY, energy_keys
from rootml.validation.tally import Labels, Tally

if TYPE_CHECKING:
    import awkward as ak


class Collector:
    """Counts of what one network said of a sample.

    ``branches``: output name -> branch name, for the outputs that are written.
    ``columns``: logical columns that :meth:`fill` uses as far as the file has them.
    """

    def __init__(self, card: ModelCard, adapter: Adapter, *, branches: Mapping[str, str]):
        self.card = card
        self.adapter = adapter
        self.branches = dict(branches)
        self.view = adapter.views[card.view]
        self.outputs = tuple(output for output in card.outputs if output.name in branches)
        self.energy = adapter.energy or adapter.truth.energy
        self.discriminants = tuple(r for r in adapter.references if not r.estimates)
        compared = (r.column for r in self.discriminants)
        wanted = (
            adapter.truth.label,
            self.energy,
            *compared,
            *residuals.columns(self.outputs, adapter),
        )
        self.columns = tuple(dict.fromkeys(name for name in wanted if name))
        self.tally = Tally()

    @property
    def classes(self) -> int:
        """How many classes the truth knows."""
        return len(self.adapter.truth.classes)

    def fill(self, events: ak.Array, batch: Batch, outputs: Mapping[str, Array]) -> None:
        """Add a chunk of events.

        ``events``: record array with those of ``columns`` that the file has. ``batch``: what
        the network saw. ``outputs``: by output name, one value per unit (event or object).
        """
        units = len(next(iter(outputs.values())))
        judged = np.ones(units, np.bool_) if batch.judged is None else batch.judged
        label = self._labels(events, batch, units)
        keys = self._energy_keys(events, batch, units)
        self._count(len(events), label, judged)
        at = keys[judged], label[judged]
        for output in self.outputs:
            self._fill_output(output, outputs[output.name][judged], at)
        self._fill_residuals(events, batch, outputs, judged)
        for reference in self.discriminants:
            values = per_unit(events, reference.column, batch.counts, units)
            if values is not None:
                signed = values if reference.higher_is_signal else -values
                name = f"reference_{reference.column}"
                tallies.fill_reference(self.tally, name, self.classes, signed[judged], at)
        for spec in self.view.tensors:
            if is_image(spec):
                fill_images(self.tally, spec, self.classes, batch.tensors[spec.name], at[1])
        self._fill_domain(batch)

    def __add__(self, other: Collector) -> Collector:
        """The collector of both samples together."""
        mine, theirs = self.card.network.sha256, other.card.network.sha256
        if mine != theirs or self.branches != other.branches:
            raise ValueError(
                f"collectors of different networks or outputs do not add: "
                f"{self.card.name} and {other.card.name}"
            )
        total = Collector(self.card, self.adapter, branches=self.branches)
        total.tally = self.tally + other.tally
        return total

    def report(self) -> Report:
        """Every figure that follows from the counts."""
        from rootml.validation.assess import assess

        return assess(self)

    def _labels(self, events: ak.Array, batch: Batch, units: int) -> Labels:
        column = self.adapter.truth.label
        values = per_unit(events, column, batch.counts, units) if column else None
        if values is None:
            return np.full(units, self.classes, np.int64)
        known = np.isin(values, np.arange(self.classes))
        self.tally.counts["labelled",] += int(np.count_nonzero(known))
        return np.where(known, values, self.classes).astype(np.int64)

    def _energy_keys(self, events: ak.Array, batch: Batch, units: int) -> Array:
        values = per_unit(events, self.energy, batch.counts, units) if self.energy else None
        if values is None:
            return np.full(units, NO_ENERGY, np.int64)
        return energy_keys(values)

    def _count(self, events: int, label: Labels, judged: Array) -> None:
        found = np.bincount(label, minlength=self.classes + 1)
        kept = np.bincount(label[judged], minlength=self.classes + 1)
        counts: Counter[tuple[str, ...]] = Counter({("events",): events})
        for i in range(self.classes + 1):
            counts["units", str(i)] = int(found[i])
            counts["judged", str(i)] = int(kept[i])
        self.tally.counts.update(counts)

    def _fill_output(self, output: Output, values: Array, at: tuple[Array, Labels]) -> None:
        if tallies.is_score(output):
            tallies.fill_score(self.tally, output.name, self.classes, values, at)
            self._count_working_points(output, values, at[1])
            return
        tallies.fill_values(self.tally, output, self.classes, values, at[1])

    def _fill_residuals(
        self, events: ak.Array, batch: Batch, outputs: Mapping[str, Array], judged: Array
    ) -> None:
        def column(name: str) -> Array | None:
            values = per_unit(events, name, batch.counts, len(judged))
            return None if values is None else values[judged]

        said = {output.name: outputs[output.name][judged] for output in self.outputs}
        for output in self.outputs:
            if output.estimates:
                residuals.fill(self.tally, output, self.card, self.adapter, column, said)

    def _count_working_points(self, output: Output, values: Array, label: Labels) -> None:
        for point in self.card.working_points:
            if point.output == output.name:
                passed = np.bincount(label[values > point.threshold], minlength=self.classes + 1)
                for i, count in enumerate(passed):
                    self.tally.counts["point", point.name, output.name, str(i)] += int(count)

    def _fill_domain(self, batch: Batch) -> None:
        summaries = {summary.name: summary for summary in self.view.summaries}
        outside = np.zeros(batch.rows, np.bool_)
        missing = any(spec.allow_nan for spec in self.view.tensors)
        for axis in self.card.domain:
            if axis.name not in summaries:
                continue
            values = np.asarray(summaries[axis.name].compute(batch.tensors), np.float64)
            beyond = ~((values >= axis.low) & (values <= axis.high))
            if missing:  # what is not known is not beyond
                beyond &= ~np.isnan(values)
            outside |= beyond
            self.tally.counts["outside", axis.name] += int(np.count_nonzero(beyond))
            finite = values[np.isfinite(values)]
            shown = tallies.domain_axis(axis, summaries[axis.name].doc)
            self.tally.hist(f"domain_{axis.name}", shown).fill(finite)
        self.tally.counts["outside",] += int(np.count_nonzero(outside))


def per_unit(events: ak.Array, name: str, counts: Array | None, units: int) -> Array | None:
    """A column as one float64 per unit, NaN where missing; None where the file lacks it.

    With objects, a value per event counts for each of its objects.
    """
    import awkward as ak

    if name not in events.fields:
        return None
    column = events[name]
    if counts is not None and column.ndim == 1:
        column = column[np.repeat(np.arange(len(counts)), counts)]
    filled = ak.fill_none(column, np.nan, axis=-1)
    values = ak.to_numpy(filled if filled.ndim == 1 else ak.flatten(filled))
    if len(values) != units:
        raise ValueError(f"column {name!r} has {len(values)} values for {units} units")
    return np.asarray(values, np.float64)
