"""Sets of classes: how often they hold the true one, and how large they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import panel, panel_with_lower, variable_axis, within
from rootml.validation.plots.label import finish
from rootml.validation.style import Style

SPREAD = 0.1
"""How far apart the points of several series are that have the same place."""


def draw_coverage(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Coverage and mean size of the sets of each true class; a line where the coverage should be.

    The class behind the last is what no set can hold.
    """
    figure, ax, lower = panel_with_lower("Mean size")
    found = [one.report.figures["outputs"][output]["sets"] for one in series]
    names = list(dict.fromkeys(row["class"] for made in found for row in made["classes"]))
    shifts = SPREAD * (np.arange(len(series)) - (len(series) - 1) / 2)
    lowest = min(_level(ax, found), 1.0)
    for one, made, shift in zip(series, found, shifts, strict=True):
        looks: dict[str, Any] = {"fmt": one.look.marker, "color": one.look.colour, "lw": 1.5}
        title = one.title if len(series) > 1 else "sets"
        for axes, key in ((ax, "coverage"), (lower, "size")):
            rows = [(names.index(row["class"]), row[key]) for row in made["classes"] if row[key]]
            x = np.array([place for place, _ in rows]) + shift
            value, down, up = np.array([list(row.values()) for _, row in rows]).T
            errors = (value - down, up - value)
            axes.errorbar(x, value, errors, label=title, **looks, clip_on=False)
            lowest = min(lowest, float(down.min())) if axes is ax else lowest
    ax.set_ylim(max(0.0, 1 - 1.15 * (1 - lowest)), 1)
    lower.set_ylim(1, 1 + 1.15 * (lower.get_ylim()[1] - 1))
    lower.set_xlim(-0.5, len(names) - 0.5)
    lower.set_xticks(range(len(names)), names)
    for axes in (ax, lower):
        axes.xaxis.set_tick_params(which="minor", length=0)
    lower.set_xlabel("True class")
    ax.set_ylabel("Coverage")
    finish(ax, series, style, *_whole(found))
    _no_ticks_above_1(ax)
    figure.align_ylabels()
    return figure


def draw_coverage_against(series: Sequence[Series], subject: str, style: Style) -> Figure:
    """Coverage in bins of a variable. The subject is ``<output>:<variable>``."""
    output, variable = subject.split(":", 1)
    figure, ax = panel()
    outputs = [one.report.figures["outputs"][output] for one in series]
    found = [made["against"][variable] for made in outputs]
    edges = np.array([(row["low"], row["high"]) for made in found for row in made["coverage"]])
    variable_axis(ax, found[0], edges)
    lowest = min(_level(ax, [made["sets"] for made in outputs]), 1.0)
    for i, (one, made) in enumerate(zip(series, found, strict=True)):
        low, high = np.array([(row["low"], row["high"]) for row in made["coverage"]]).T
        x = within(ax, low, high, 0.5 + 0.08 * (i - (len(series) - 1) / 2))
        value, down, up = np.array([list(row["coverage"].values()) for row in made["coverage"]]).T
        looks: dict[str, Any] = {"fmt": one.look.marker, "color": one.look.colour, "lw": 1.5}
        title = one.title if len(series) > 1 else "sets"
        ax.errorbar(x, value, (value - down, up - value), (x - low, high - x), label=title, **looks)
        lowest = min(lowest, float(value.min()))
    ax.set_ylim(max(0.0, 1 - 1.4 * (1 - lowest)), 1)  # bars of sparse bins may reach farther
    ax.set_ylabel("Coverage")
    finish(ax, series, style)
    _no_ticks_above_1(ax)
    return figure


def _no_ticks_above_1(ax: Axes) -> None:
    """No ticks where there is no share, but room for the label."""
    for minor in (False, True):
        ticks = ax.get_yticks(minor=minor)
        ax.set_yticks(ticks[(ticks <= 1) & (ticks >= ax.get_ylim()[0])], minor=minor)


def _level(ax: Axes, found: Sequence[Mapping[str, Any]]) -> float:
    """Draw a line at each level; returns the lowest."""
    levels = sorted({made["level"] for made in found})
    for level in levels:
        ax.axhline(level, color="0.6", lw=1, label=f"{100 * level:g} %")
    return float(levels[0])


def _whole(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Coverage and mean size of all sets, where there is one series."""
    if len(found) > 1:
        return []
    coverage = {key: 100 * value for key, value in found[0]["coverage"].items()}
    up, down = coverage["high"] - coverage["value"], coverage["value"] - coverage["low"]
    size = found[0]["size"]
    return [
        f"Coverage ${coverage['value']:.2f}^{{+{up:.2f}}}_{{-{down:.2f}}}$ %",
        f"Mean size {size['value']:.3f} \N{PLUS-MINUS SIGN} {size['high'] - size['value']:.3f}",
    ]
