"""What a regression says of each true value: entries in two dimensions, and their profile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import HEIGHT, SMALL, WIDTH, plain_ticks
from rootml.validation.plots.estimates import residual
from rootml.validation.plots.label import header
from rootml.validation.style import COLOURS, Style, upper_first, words

_STRIP, _LEFT, _BOTTOM, _BAR, _GAP, _RIGHT = 0.8, 0.95, 1.0, 0.22, 0.15, 0.85
"""Margins and parts of the figure in inches."""

# Half an entry is the least that is drawn: less comes of entries that are spread over bins.


def draw_truth_2d(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Estimate against truth; points: median and central 68 %. Of the first series."""
    report, made = series[0].report, residual(series, output)
    hist = report.hists[f"truth_2d_{output}"]
    edges = hist.axes[0].edges
    figure = Figure(figsize=(WIDTH, HEIGHT))
    inside = WIDTH - _LEFT - _GAP - _BAR - _RIGHT
    high = HEIGHT - _STRIP - _BOTTOM
    ax = figure.add_axes((_LEFT / WIDTH, _BOTTOM / HEIGHT, inside / WIDTH, high / HEIGHT))
    beside = ((_LEFT + inside + _GAP) / WIDTH, _BOTTOM / HEIGHT, _BAR / WIDTH, high / HEIGHT)
    bar = figure.add_axes(beside)
    counts, squares = hist.values().T, hist.variances().T
    values = np.ma.masked_where(counts * abs(counts) < 0.5 * squares, counts)
    values = np.ma.masked_less_equal(values, 0)
    least = float(values.min()) if values.count() else 0.5
    norm = LogNorm(least, max(float(values.max()) if values.count() else 0.0, 2 * least))
    mesh = ax.pcolormesh(edges, hist.axes[1].edges, values, cmap="viridis_r", norm=norm)
    mesh.set_rasterized(True)
    figure.colorbar(mesh, cax=bar).set_label("Entries", loc="top")
    ax.plot(edges[[0, -1]], edges[[0, -1]], color="0.4", ls="--", lw=1)
    _profile(ax, made["profile"])
    if edges[0] > 0 and edges[-1] > 10 * edges[0]:
        ax.set(xscale="log", yscale="log")
    ax.set(xlim=edges[[0, -1]], ylim=edges[[0, -1]])
    if ax.get_xscale() == "log":
        plain_ticks(ax.xaxis)
        plain_ticks(ax.yaxis)
    unit = report.figures["outputs"][output]["unit"]
    unit = f" [{unit}]" if unit else ""
    ax.set_xlabel(upper_first(words(made["truth"])) + unit)
    ax.set_ylabel(f"Estimate{unit}")
    header(figure, series, style, ax.get_position().x0, _STRIP)
    figure.legend(loc="lower right", fontsize=SMALL, borderaxespad=0.2)
    return figure


def _profile(ax: Any, rows: Sequence[Any]) -> None:
    """Median and central 68 % of the estimates at the mean true value of each bin."""
    truth, median, p16, p84 = np.array(
        [[row[key] for key in ("truth", "median", "p16", "p84")] for row in rows]
    ).T
    bars: dict[str, Any] = {"fmt": "o", "ms": 4, "lw": 1.5, "color": COLOURS[1]}
    errors = (median - p16, p84 - median)
    ax.errorbar(truth, median, errors, label="median and central 68 %", **bars)
