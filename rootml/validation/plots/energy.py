"""Rejection against energy at a fixed signal efficiency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.plots.canvas import panel, plain_ticks
from rootml.validation.plots.label import finish
from rootml.validation.plots.roc import class_names, discriminants
from rootml.validation.separation import FIXED_EFFICIENCY
from rootml.validation.series import Series
from rootml.validation.style import Look, Style, upper_first

ARROW = 1.6
"""The arrow of a lower limit reaches up to as many times the limit."""


def draw_rejection_vs_energy(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Rejection in bins of energy, each cut at the same signal efficiency of its own bin."""
    signal, background = class_names(series)
    figure, ax = panel()
    drawn = [
        (title, as_, *_arrays(made["rejection_vs_energy"]))
        for title, made, as_ in discriminants(series, output)
        if made.get("rejection_vs_energy")
    ]
    for i, (title, as_, edges, rejections) in enumerate(drawn):
        shift = 1 + 0.02 * (i - (len(drawn) - 1) / 2)
        _draw(ax, edges, rejections, as_, shift, title)
    edges = np.concatenate([edges for *_, edges, _ in drawn])
    rejections = np.concatenate([rejections for *_, rejections in drawn])
    if np.isinf(rejections).any():
        none: dict[str, Any] = {"fmt": "^", "mfc": "white", "color": "0.3"}
        ax.errorbar([], [], label="lower limit: none pass", **none)
    ax.set_yscale("log")
    ends = np.where(np.isfinite(rejections), rejections, 1.2 * ARROW * rejections[:, 1:2])
    ax.set_ylim(rejections[:, 1].min() / 1.5, ends.max())
    ax.set_xscale("log")
    ax.set_xlim(edges.min(), edges.max())
    plain_ticks(ax.xaxis)
    ax.set_xlabel(upper_first(f"{series[0].report.sample['energy']} [GeV]"))
    ax.set_ylabel(upper_first(f"{background} rejection"))
    finish(ax, series, style, f"{100 * FIXED_EFFICIENCY:g} % {signal} efficiency in each bin")
    plain_ticks(ax.yaxis)
    return figure


def _arrays(rows: Sequence[Mapping[str, Any]]) -> tuple[Array, Array]:
    """Edges (bin, 2) and rejections (bin, 3: value, low, high) of the bins that have a cut."""
    rows = [row for row in rows if row["cut"] is not None]
    edges = np.array([(row["energy_low"], row["energy_high"]) for row in rows])
    return edges, np.array([list(row["cut"]["rejection"].values()) for row in rows])


def _draw(ax: Axes, edges: Array, rejections: Array, as_: Look, shift: float, title: str) -> None:
    x = np.sqrt(edges.prod(axis=1)) * shift
    widths = np.abs(edges.T - x)
    known = np.isfinite(rejections[:, 0])
    value, low, high = rejections[known].T
    common: dict[str, Any] = {"fmt": as_.marker, "ms": 6, "lw": 1.5, "color": as_.colour}
    errors = (value - low, high - value)
    ax.errorbar(x[known], value, errors, widths[:, known], label=title, **common)
    limit = rejections[~known, 1]
    arrows = (np.zeros_like(limit), (ARROW - 1) * limit)
    ax.errorbar(x[~known], limit, arrows, widths[:, ~known], lolims=True, mfc="white", **common)
