"""The histograms of a report, made from the finer ones of a collector.

    <output>_<class>, <output>_vs_energy_<class>     scores: log(p/(1-p)), energy in GeV
    reference_<column>_<class>                       reference discriminants, as in the file
    <output>[_<component>]_<class>                   other outputs, in their unit
    residual_<output>[_<column>], pull_<output>      residuals, of a reference <column>; pulls
    image_<tensor>[_centred][_<channel>]_<class>     mean of a tensor
    domain_<summary>, domain_<summary>_training      inputs here, and in the training

Classes without events are left out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from hist import Hist, axis, rebin, storage

from rootml.card import DomainAxis, Output
from rootml.spec import Array
from rootml.validation.images import HALF_WINDOW
from rootml.validation.residuals import residual_histograms
from rootml.validation.scales import ASINH, NO_ENERGY, energy_edges
from rootml.validation.tally import is_score, on_asinh

if TYPE_CHECKING:
    from rootml.validation.collect import Collector
    from rootml.validation.report import Report

UNLABELLED = "unlabelled"
"""Name of the class of events without a label."""

FROM_LARGEST = " from the largest"

DISPLAY_BINS = 80
"""About as many bins has an output of unknown range, over the range it takes."""


def export(collector: Collector) -> dict[str, Any]:
    """All histograms of a collector, by name."""
    return dict(_named(collector))


def class_names(collector: Collector) -> list[str]:
    """Names of the classes as they stand in histogram names; the last: no label."""
    return [identifier(name) for name in (*collector.adapter.truth.classes, UNLABELLED)]


def by_class(report: Report, name: str) -> dict[str, Any]:
    """The histograms ``<name>_<class>`` of a report, by the class's own name."""
    stems = {
        title: f"{name}_{identifier(title)}" for title in (*report.sample["classes"], UNLABELLED)
    }
    return {title: report.hists[key] for title, key in stems.items() if key in report.hists}


def class_title(report: Report, name: str) -> str:
    """How plots call a class; events without one are either all there are, or the rest."""
    if name != UNLABELLED:
        return name
    classes = report.figures["events"]["classes"]
    labelled = any(part["judged"] for other, part in classes.items() if other != UNLABELLED)
    return "of no class" if labelled else "all events"


def components(report: Report, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The histograms by class of each component of ``name``, and how to call the component."""
    whole = by_class(report, name)
    if whole:
        yield "", whole
    parts = itertools.takewhile(bool, (by_class(report, f"{name}_{i}") for i in itertools.count()))
    for i, part in enumerate(parts):
        yield f"component {i}", part


def identifier(name: str) -> str:
    """A name that ROOT and file systems take as it is."""
    return re.sub(r"\W+", "_", name)


def _named(collector: Collector) -> Iterator[tuple[str, Any]]:
    tally, names = collector.tally, class_names(collector)
    for output in collector.outputs:
        hist = tally.hists.get(output.name)
        if hist is None:
            continue
        yield from (_scores if is_score(output) else _values)(output, hist, names)
        yield from residual_histograms(tally, output, collector.adapter)
    for reference in collector.discriminants:
        name = f"reference_{reference.column}"
        if name in tally.hists:
            sign = 1.0 if reference.higher_is_signal else -1.0
            yield from _references(name, reference.title, tally.hists[name], names, sign)
    for spec in collector.view.tensors:
        rows = [tally.counts["judged", str(i)] for i in range(len(names))]
        line, column = spec.axes[-2:] if len(spec.axes) >= 2 else ("row", "column")
        for name, across in ((spec.name, column), (f"{spec.name}_centred", column + FROM_LARGEST)):
            if name in tally.sums:
                yield from _images(name, (line, across), tally.sums[name], rows, names)
    for domain in collector.card.domain:
        name = f"domain_{domain.name}"
        if name in tally.hists:
            yield name, tally.hists[name]
            yield f"{name}_training", _training(domain, tally.hists[name])


def _scores(output: Output, hist: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    keys = [key for key in sorted(hist.axes["energy"]) if key != NO_ENERGY]
    for i, name in enumerate(names):
        scores = hist[sum, i, :]
        if not scores.sum(flow=True):
            continue
        yield f"{output.name}_{name}", scores
        if keys:
            yield f"{output.name}_vs_energy_{name}", _against_energy(hist, i, keys)


def _against_energy(hist: Any, label: int, keys: list[int]) -> Any:
    """Energy (GeV) against the score, in ten times wider bins of the score."""
    first, last = keys[0], keys[-1]
    edges = [energy_edges(key)[0] for key in range(first, last + 1)] + [energy_edges(last)[1]]
    fine = hist[:, label, :]
    wide = fine[:, :: rebin(10)]
    energy = axis.Variable(edges, name="energy", label="Energy [GeV]", flow=False)
    made = Hist(energy, wide.axes[1], storage=storage.Int64())
    for key, row in zip(wide.axes[0], wide.view(flow=True), strict=True):
        if key != NO_ENERGY:
            made.view(flow=True)[key - first] = row
    return made


def _values(output: Output, hist: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    components = hist.axes["component"].size
    for i, name in enumerate(names):
        if not hist[i, sum, :].sum(flow=True):
            continue
        for part in range(components):
            values = hist[i, part, :]
            suffix = f"_{part}" if components > 1 else ""
            shown = _in_units(values, 1.0) if on_asinh(output) else values
            yield f"{output.name}{suffix}_{name}", shown


def _references(
    name: str, title: str, hist: Any, names: list[str], sign: float
) -> Iterator[tuple[str, Any]]:
    for i, label in enumerate(names):
        values = hist[sum, i, :]
        if values.sum(flow=True):
            values.axes[0].label = title
            yield f"{name}_{label}", _in_units(values, sign)


def _in_units(hist: Any, sign: float) -> Any:
    """A histogram on the asinh scale in the values' own unit, in bins of equal width.

    The bins hold all but the first and last thousandth, which go to the overflows; each fine
    bin counts whole, at its middle.
    """
    filled = np.flatnonzero(hist.view(flow=True))
    counts = hist.view(flow=True)[filled]
    coordinates = np.concatenate(([-np.inf], hist.axes[0].centers, [np.inf]))
    values = ASINH.inverse(coordinates[filled])
    low, high = 0.0, 0.0
    if len(filled):
        below = np.cumsum(counts) / counts.sum()
        low, high = values[np.searchsorted(below, (0.001, 0.999))].clip(*ASINH.ends())
    margin = 0.05 * (high - low) or 0.5
    bins = axis.Regular(
        DISPLAY_BINS,
        *sorted((sign * (low - margin), sign * (high + margin))),
        name="value",
        label=hist.axes[0].label,
    )
    made = Hist(bins, storage=storage.Int64())
    place = np.searchsorted(bins.edges, sign * values, side="right")
    np.add.at(made.view(flow=True), place, counts)
    return made


def _images(
    stem: str, labels: tuple[str, str], sums: Array, rows: list[int], names: list[str]
) -> Iterator[tuple[str, Any]]:
    for total, count, name in zip(sums, rows, names, strict=True):
        if not count:
            continue
        starts = 0, -HALF_WINDOW if labels[1].endswith(FROM_LARGEST) else 0
        channels = (total / count).reshape(-1, *total.shape[-2:])
        for i, mean in enumerate(channels):
            axes = [
                axis.Integer(start, start + size, name=f"axis{k}", label=label, flow=False)
                for k, (start, size, label) in enumerate(
                    zip(starts, mean.shape, labels, strict=True)
                )
            ]
            made = Hist(*axes, storage=storage.Double())
            made.view()[...] = mean
            channel = f"_{i}" if len(channels) > 1 else ""
            yield f"image_{stem}{channel}_{name}", made


def _training(domain: DomainAxis, like: Any) -> Any:
    made = Hist(like.axes[0], storage=storage.Double())
    made.view()[...] = domain.fractions
    return made
