"""The histograms of a report, made by the topics from the finer ones of a tally.

    <output>_<class>, <output>_vs_energy_<class>     scores: log(p/(1-p)), energy in GeV
    reference_<column>_<class>                       reference discriminants, as in the file
    <output>[_<component>]_<class>                   other outputs, in their unit
    residual_<output>[_<column>], pull_<output>      residuals, of a reference <column>; pulls
    image_<tensor>[_centred][_<channel>]_<class>     mean of a tensor
    domain_<summary>, domain_<summary>_training      inputs here, and in the training
    variable_<name>_<class>                          what figures are shown against

Classes without events are left out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from hist import Hist, axis, rebin

from rootml.validation.statistics.scales import ASINH, Scale

if TYPE_CHECKING:
    from rootml.validation.counting.setting import Setting
    from rootml.validation.counting.units import Variable
    from rootml.validation.report import Report

UNLABELLED = "unlabelled"
"""Name of the class of events without a label."""

DISPLAY_BINS = 80
"""At most about so many bins has an output of unknown range, over the range it takes."""


def class_names(setting: Setting) -> list[str]:
    """Names of the classes as they stand in histogram names; the last: no label."""
    return [identifier(name) for name in (*setting.classes, UNLABELLED)]


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


def against_variable(fine: Any, variable: Variable) -> Any:
    """A histogram (variable, score) in the variable's unit and ten times wider bins of the score.

    Keys of the variable become all bins from the first to the last that was met.
    """
    wide = fine[:, :: rebin(10)]
    if variable.edges is not None:
        return wide
    keys: list[int] = list(fine.axes[0])
    first, last = min(keys), max(keys)
    edges = [variable.key_edge(key) for key in range(first, last + 2)]
    bins = axis.Variable(edges, name=variable.name, label=variable.label)
    made = Hist(bins, wide.axes[1], storage=wide.storage_type())
    for key, row in zip(keys, wide.view(flow=True), strict=False):
        made.view(flow=True)[key - first + 1] = row
    return made


def in_units(hist: Any, label: str, sign: float = 1.0, scale: Scale = ASINH) -> Any:
    """A histogram on a scale without bounds in the values' own unit, in bins of equal width.

    The bins hold all but the first and last thousandth, which go to the overflows; each fine
    bin counts whole, at its middle. Widths are powers of two and edges multiples of them, so that
    bins of different samples nest.
    """
    variances = hist.variances(flow=True)
    filled = np.flatnonzero(variances)
    coordinates = np.concatenate(([-np.inf], hist.axes[0].centers, [np.inf]))
    values = scale.inverse(coordinates[filled])
    low, high = 0.0, 0.0
    if len(filled):
        below = np.cumsum(variances[filled]) / variances.sum()
        low, high = values[np.searchsorted(below, (0.001, 0.999))].clip(*scale.ends())
    span = (high - low) or 1.0
    width = 2.0 ** np.ceil(np.log2(1.1 * span / DISPLAY_BINS))
    low, high = sorted((sign * (low - 0.05 * span), sign * (high + 0.05 * span)))
    first, last = np.floor(low / width), np.ceil(high / width)
    size = int(last - first)
    bins = axis.Regular(size, first * width, last * width, name="value", label=label)
    made = Hist(bins, storage=hist.storage_type())
    place = np.searchsorted(bins.edges, sign * values, side="right")
    into: Any = made.view(flow=True)
    fine = hist.view(flow=True)[filled]
    for part in into.dtype.names or (...,):  # sums of weights and of their squares, or counts
        np.add.at(into[part], place, fine[part])
    return made
