"""The plots of the studies, in the style of rootml's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from counted.certainty import Bin
from counted.conditions import SCANS
from counted.events import CLASSES
from counted.talk import TALK
from rootml.spec import Array
from rootml.validation import Style
from rootml.validation.plots.canvas import SMALL, panel
from rootml.validation.plots.label import finish, header
from rootml.validation.style import Look, look
from rootml_supernemo.display import Event, draw_side, draw_top

LEAST = 1e-4
"""Probabilities to be wrong that are less stand at this."""
Row = Mapping[str, Any]
CLUSTERS = "agglomerative"
"""What agglomerative clustering is called among the networks of a record."""


def classes(style: Style, rows: Mapping[str, Row]) -> Figure:
    """Share of events counted wrong, by true number of tracks and network; logarithmic."""
    figure, ax = panel()
    numbers = np.arange(1, CLASSES)
    parts = []
    for place, (title, row) in enumerate(rows.items()):
        right = np.array([[row[str(n)][key] for n in numbers] for key in ("value", "high", "low")])
        parts.append(100 * (1 - right))
        shift = 0.09 * (place - (len(rows) - 1) / 2)
        _log_points(ax, numbers + shift, parts[-1], look(place), title)
    talk = [100 - TALK["confusion"][number][number] for number in numbers]
    ax.hlines(talk, numbers - 0.4, numbers + 0.4, color="0.35", lw=1.2, label="talk")
    some = np.concatenate([part[1] for part in parts])
    ax.set_yscale("log")
    ax.set_ylim(some[some > 0].min(initial=min(talk)) / 1.5, 100)
    ax.set_xlim(0.5, CLASSES - 0.5)
    ax.set_xticks(numbers)
    ax.tick_params(axis="x", which="minor", length=0)
    ax.set_xlabel("True tracks")
    ax.set_ylabel("Events counted wrong [%]")
    finish(ax, (), style)
    return figure


def scans(style: Style, found: Mapping[str, Sequence[Row]]) -> Figure:
    """A panel for each thing that varies: share of events counted right against it."""
    figure = Figure(figsize=(9.6, 6.6))
    axes = figure.subplots(2, 3, sharey=True)
    figure.subplots_adjust(left=0.09, right=0.98, bottom=0.1, top=0.87, hspace=0.36, wspace=0.08)
    for ax, (name, rows) in zip(axes.flat, found.items(), strict=True):
        scan = SCANS[name]
        x = scan.scale * np.array([row["value"] for row in rows])
        series = [key for key in rows[0] if key != "value"]
        for place, key in enumerate(series):
            as_ = look(place)
            ax.plot(x, [100 * row[key]["value"] for row in rows], **as_.line, lw=1)
            _points(ax, x, [row[key] for row in rows], as_, key)
        margin = 0.06 * np.ptp(x)
        ax.set_xlim(x.min() - margin, x.max() + margin)
        ax.set_xlabel(scan.label, size=SMALL, loc="center")
        ax.set_ylim(0, 105)
        ax.tick_params(labelsize=SMALL)
    for ax in axes[:, 0]:
        ax.set_ylabel("Counted right [%]", size=SMALL, loc="center")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="upper right", ncols=2)
    header(figure, (), style, 0.09, 0.6)
    return figure


def reliability(style: Style, curves: Mapping[str, Sequence[Bin]]) -> Figure:
    """Observed share of wrong counts against the expected one; the diagonal is what should be."""
    figure, ax = panel()
    figure.subplots_adjust(top=0.86)
    ends = (LEAST, 1.0)
    ax.plot(ends, ends, color="0.6", lw=1, label="as the network says")
    for place, (title, bins) in enumerate(curves.items()):
        x = np.array([max(one.expected, 1.15 * LEAST) for one in bins])
        shares = [[one.observed[key] for one in bins] for key in ("value", "low", "high")]
        _log_points(ax, x, np.array(shares), look(place), title)
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    ax.set_xlabel("Probability to be wrong")
    ax.set_ylabel("Events counted wrong")
    ax.legend(loc="lower right")
    header(figure, (), style, 0.18, 0.5)
    return figure


def gallery(style: Style, pictures: Sequence[tuple[Event, str]]) -> Figure:
    """Events from the top and from the side, with what is said of each."""
    columns = 3
    rows = -(-len(pictures) // columns)
    figure = Figure(figsize=(11.4, 0.75 + 3.05 * rows))
    grid = figure.add_gridspec(rows, columns, hspace=0.33, wspace=0.26, left=0.08, right=0.985)
    grid.update(bottom=0.65 / figure.get_figheight(), top=1 - 0.8 / figure.get_figheight())
    for place, (event, text) in enumerate(pictures):
        inner = grid[place].subgridspec(2, 1, height_ratios=(1.05, 1.3), hspace=0.06)
        top, side = (figure.add_subplot(cell) for cell in inner)
        draw_top(top, event)
        draw_side(side, event)
        top.set_title(text, size=SMALL)
        top.tick_params(labelbottom=False)
        top.set_xlabel("")
        for ax in (top, side):
            ax.tick_params(labelsize=SMALL - 2)
            ax.set_ylabel(ax.get_ylabel() if place % columns == 0 else "", size=SMALL)
        side.set_xlabel("y [mm]" if place >= len(pictures) - columns else "", size=SMALL)
    header(figure, (), style, 0.08, 0.5)
    return figure


def _log_points(ax: Axes, x: Array, shares: Array, as_: Look, title: str) -> None:
    """Values and ends of intervals (3, n) on a logarithmic axis.

    Where a value is 0 an open triangle stands at the upper end.
    """
    value, low, high = shares
    some = value > 0
    error = np.stack([value - low, high - value])[:, some]
    bars: dict[str, Any] = {"fmt": as_.marker, "color": as_.colour, "ms": 5, "lw": 1.3}
    ax.errorbar(x[some], value[some], error, label=title, **bars)
    ax.plot(x[~some], high[~some], "v", mfc="none", color=as_.colour, ms=6)


def _points(ax: Axes, x: Any, rows: Sequence[Row], as_: Look, title: str) -> None:
    value, low, high = 100 * np.array([(r["value"], r["low"], r["high"]) for r in rows]).T
    common: dict[str, Any] = {"fmt": as_.marker, "ms": 4.5, "lw": 1.3, "color": as_.colour}
    ax.errorbar(x, value, (value - low, high - value), label=title, clip_on=False, **common)
