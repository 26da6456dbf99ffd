"""Inputs of a sample beside those of the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.report import Report
from rootml.validation.style import (
    COLOURS,
    finish,
    panel_with_ratio,
    plain_ticks,
    ratio_points,
    upper_first,
)


def draw_domain(report: Report, summary: str) -> Figure:
    """Distribution of an input's summary here and in the training, both normalised to 1."""
    hist = report.hists[f"domain_{summary}"]
    made = report.figures["domain"]["axes"][summary]
    counts, training = hist.values(), np.asarray(made["training"])
    total = hist.sum(flow=True)
    values, errors = counts / total, np.sqrt(counts) / total
    figure, ax, lower = panel_with_ratio("File / training")
    ax.stairs(training, hist.axes[0].edges, color="0.8", fill=True, label="training")
    bars: dict[str, Any] = {"fmt": "o", "ms": 5, "lw": 1.5, "color": COLOURS[0]}
    centres, some = hist.axes[0].centers, counts > 0
    ax.errorbar(centres[some], values[some], errors[some], label="this file", **bars)
    both = some & (training > 0)
    scale = training[both]
    ratio_points(lower, centres[both], values[both] / scale, errors[both] / scale, COLOURS[0])
    top = max((values + errors).max(), training.max())
    ax.set_ylim(0, top)
    _bounds(ax, lower, made, top)
    edges = hist.axes[0].edges
    lower.set_xlim(edges[0], edges[-1])
    if made["log"] and edges[0] > 0:
        lower.set_xscale("log")
        plain_ticks(lower.xaxis)
    lower.set_xlabel(upper_first(hist.axes[0].label))
    ax.set_ylabel("Fraction of events")
    finish(ax, report, _agreement(made, int(total)))
    figure.align_ylabels()
    return figure


def _bounds(ax: Axes, lower: Axes, made: Mapping[str, Any], top: float) -> None:
    """Mark the ends of the training domain, below label and legend."""
    ends = (made["low"], made["high"])
    line: dict[str, Any] = {"colors": COLOURS[1], "linestyles": "--", "lw": 1.5}
    ax.vlines(ends, 0, top, label="training domain", **line)
    lower.vlines(ends, *lower.get_ylim(), **line)


def _agreement(made: Mapping[str, Any], total: int) -> str:
    text = f"{100 * made['outside'] / total:.2g} % outside, KS distance {made['ks']:.3f}"
    if made["p_value"] is None:
        return text
    return f"{text}, $\\chi^2$/ndf = {made['chi2']:.1f}/{made['ndof']}"
