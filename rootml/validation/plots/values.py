"""Distributions in the values' own unit: of outputs that are not scores, and of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rootml.validation.comparing.series import Series
from rootml.validation.figures.histograms import class_title, components
from rootml.validation.plots.canvas import panel, plain_ticks
from rootml.validation.plots.label import finish
from rootml.validation.report import Report
from rootml.validation.statistics.binning import are_logarithmic
from rootml.validation.style import Style, count, look, upper_first

Drawn = list[tuple[str, str, Any]]
"""Class, component, and histogram of each line."""


def draw_values(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Events against an output's value, by class, and by component where it has several.

    Of probabilities of the classes: that of the true class alone, on a logarithmic axis.
    """
    report = series[0].report
    made, drawn = report.figures["outputs"][output], _lines(report, output)
    if own := _own(drawn, report, output):
        return _draw(series, own, f"{made['branch']} of the true class", "", style, log=True)
    return _draw(series, drawn, made["branch"], made["unit"], style)


def draw_variable(series: Sequence[Series], variable: str, style: Style) -> Figure:
    """Events against a variable, by class."""
    report = series[0].report
    made, drawn = report.figures["variables"][variable], _lines(report, f"variable_{variable}")
    return _draw(series, drawn, upper_first(made["title"]), made["unit"], style)


def _lines(report: Report, stem: str) -> Drawn:
    return [
        (name, part, hist)
        for part, hists in components(report, stem)
        for name, hist in hists.items()
    ]


def _own(drawn: Drawn, report: Report, output: str) -> Drawn:
    """Of probabilities of the classes: those that each class has of itself; else nothing."""
    classes = report.sample["classes"]
    parts = list(dict.fromkeys(part for _, part, _ in drawn))
    probabilities = report.figures["outputs"][output]["role"] == "probabilities"
    if not probabilities or len(parts) != len(classes):
        return []
    own = list(zip(classes, parts, strict=True))
    return [(name, "", hist) for name, part, hist in drawn if (name, part) in own]


def _draw(
    series: Sequence[Series],
    drawn: Drawn,
    title: str,
    unit: str,
    style: Style,
    log: bool = False,
) -> Figure:
    """Lines on a linear axis, or a logarithmic one."""
    report = series[0].report
    figure, ax = panel()
    top, least = 0.0, np.inf
    ranges: list[float] = []
    for i, (name, part, hist) in enumerate(drawn):
        axis = hist.axes[0]
        total = hist.values(flow=True).sum()
        logarithmic = are_logarithmic(axis.edges)
        density = hist.values() / (1 if logarithmic else axis.widths) / (total or 1)
        text = ", ".join(filter(None, (class_title(report, name), part)))
        label = f"{text} ({count(total)})"
        ax.stairs(density, axis.edges, lw=2, ls=look(i).dashes, color=look(i).colour, label=label)
        filled = hist.values() != 0
        ranges += [*axis.edges[:-1][filled], *axis.edges[1:][filled]]
        top = max(top, density.max())
        least = min(least, density[density > 0].min(initial=np.inf))
    ax.set_xlim(min(ranges), max(ranges))
    if log:
        ax.set_yscale("log")
    ax.set_ylim(least / 2 if log else 0, top)
    ax.set_xlabel(title + (f" [{unit}]" if unit else ""))
    ax.set_ylabel(f"Fraction of events per {'bin' if logarithmic else unit or 'unit'}")
    if logarithmic:
        ax.set_xscale("log")
        plain_ticks(ax.xaxis)
    finish(ax, series, style)
    return figure
