"""Distributions in the values' own unit: of outputs that are not scores, and of variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from rootml.validation.comparing.series import Series
from rootml.validation.figures.histograms import class_title, components
from rootml.validation.plots.canvas import panel, plain_ticks
from rootml.validation.plots.label import finish
from rootml.validation.report import Report
from rootml.validation.statistics.binning import are_logarithmic
from rootml.validation.style import Style, count, look, upper_first


def draw_values(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Events against an output's value, by class, and by component where it has several."""
    made = series[0].report.figures["outputs"][output]
    return _draw(series, output, made["branch"], made["unit"], style)


def draw_variable(series: Sequence[Series], variable: str, style: Style) -> Figure:
    """Events against a variable, by class."""
    made = series[0].report.figures["variables"][variable]
    return _draw(series, f"variable_{variable}", upper_first(made["title"]), made["unit"], style)


def _draw(series: Sequence[Series], stem: str, title: str, unit: str, style: Style) -> Figure:
    report = series[0].report
    figure, ax = panel()
    top = 0.0
    ranges: list[float] = []
    drawn = [
        (name, part, hist)
        for part, hists in components(report, stem)
        for name, hist in hists.items()
    ]
    drawn = _own(drawn, report, stem)
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
    ax.set_xlim(min(ranges), max(ranges))
    ax.set_ylim(0, top)
    ax.set_xlabel(title + (f" [{unit}]" if unit else ""))
    ax.set_ylabel(f"Fraction of events per {'bin' if logarithmic else unit or 'unit'}")
    if logarithmic:
        ax.set_xscale("log")
        plain_ticks(ax.xaxis)
    finish(ax, series, style)
    return figure


def _own(
    drawn: list[tuple[str, str, Any]], report: Report, stem: str
) -> list[tuple[str, str, Any]]:
    """Of probabilities of the classes: those that each class has of itself; of others, all."""
    classes = report.sample["classes"]
    output = report.figures["outputs"].get(stem, {})
    parts = list(dict.fromkeys(part for _, part, _ in drawn))
    if output.get("role") != "probabilities" or len(parts) != len(classes):
        return drawn
    own = [one for one in drawn if one[:2] in zip(classes, parts, strict=True)]
    return own or drawn
