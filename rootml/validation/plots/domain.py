"""Inputs of a sample beside those of the training, several summaries a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import MEDIUM, SMALL, plain_ticks
from rootml.validation.plots.label import header
from rootml.validation.style import COLOURS, Style, upper_first

_WIDTHS = (6.6, 4.4, 3.6)
"""Width of a panel in inches, with one, two or three columns of them."""

_HEIGHT = 0.68
"""Height of a panel over its width."""

_LEFT, _RIGHT, _BOTTOM, _TOP, _ACROSS, _DOWN = 0.85, 0.2, 0.65, 1.25, 0.6, 0.95
"""Margins of a page and gaps between its panels, in inches."""


def draw_domain(series: Sequence[Series], page: str, style: Style) -> Figure:
    """Inputs here and in the training, each normalised to 1."""
    report = series[0].report
    names = report.figures["domain"]["pages"][int(page) - 1]
    figure, axes = _page(len(names))
    for ax, name in zip(axes, names, strict=True):
        _panel(ax, report.hists[f"domain_{name}"], report.figures["domain"]["axes"][name])
    figure.align_ylabels()
    header(figure, series, style, axes[0].get_position().x0, _TOP)
    handles, _ = axes[0].get_legend_handles_labels()
    right = 1 - _RIGHT / figure.get_figwidth()
    figure.legend(handles=handles, loc="upper right", bbox_to_anchor=(right, 1), borderaxespad=0.6)
    return figure


def _page(panels: int) -> tuple[Figure, list[Axes]]:
    """A page with so many panels, as nearly square as three columns allow."""
    columns = min(math.ceil(math.sqrt(panels)), len(_WIDTHS))
    rows = math.ceil(panels / columns)
    wide = _WIDTHS[columns - 1]
    high = _HEIGHT * wide
    width = _LEFT + columns * wide + (columns - 1) * _ACROSS + _RIGHT
    height = _BOTTOM + rows * high + (rows - 1) * _DOWN + _TOP
    figure = Figure(figsize=(width, height))
    grid = figure.add_gridspec(
        rows,
        columns,
        left=_LEFT / width,
        right=1 - _RIGHT / width,
        bottom=_BOTTOM / height,
        top=1 - _TOP / height,
        wspace=_ACROSS / wide,
        hspace=_DOWN / high,
    )
    axes = [figure.add_subplot(grid[i]) for i in range(panels)]
    for ax in axes[::columns]:
        ax.set_ylabel("Fraction of events", size=MEDIUM)
    return figure, axes


def _panel(ax: Axes, hist: Any, made: Mapping[str, Any]) -> None:
    """One summary: the training filled, this file as points, the ends of the domain."""
    counts, training = hist.values(), np.asarray(made["training"])
    total = hist.values(flow=True).sum()
    values, errors = counts / total, np.sqrt(hist.variances()) / total
    edges, centres, some = hist.axes[0].edges, hist.axes[0].centers, errors > 0
    ax.stairs(training, edges, color="0.8", fill=True, label="training")
    for end, label in ((made["low"], "training domain"), (made["high"], None)):
        ax.axvline(end, color=COLOURS[1], ls="--", lw=1.5, label=label)
    bars: dict[str, Any] = {"fmt": "o", "ms": 3.5, "lw": 1.2, "color": COLOURS[0]}
    ax.errorbar(centres[some], values[some], errors[some], label="this file", **bars)
    ax.set_ylim(0, 1.08 * max((values + errors).max(), training.max()))
    ax.set_xlim(edges[0], edges[-1])
    ax.tick_params(length=5, labelsize=SMALL)
    ax.minorticks_off()
    if made["log"] and edges[0] > 0:
        ax.set_xscale("log")
        plain_ticks(ax.xaxis)
    ax.set_xlabel(upper_first(hist.axes[0].label), size=MEDIUM)
    colour = COLOURS[1] if made["drifts"] else "black"
    ax.set_title(_agreement(made), loc="right", size=SMALL, color=colour)


def _agreement(made: Mapping[str, Any]) -> str:
    outside = f"{100 * made['outside']['value']:.2g} % outside, "
    text = ("drifts: " if made["drifts"] else outside) + f"KS {made['ks']:.3f}"
    if made["p_value"] is None:
        return text
    return f"{text}, $\\chi^2$/ndf {made['chi2']:.1f}/{made['ndof']}"
