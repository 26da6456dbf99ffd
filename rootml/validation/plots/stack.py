"""Data as points on stacked simulation, with a band for its errors, and their ratio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from scipy.special import gammaincinv, ndtr

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.comparing.stacking import Stack, is_score, stack
from rootml.validation.figures.histograms import by_class
from rootml.validation.plots.canvas import panel_with_ratio, plain_ticks, ratio_points
from rootml.validation.plots.distribution import score_axis
from rootml.validation.plots.label import finish
from rootml.validation.statistics.binning import are_equal, are_logarithmic
from rootml.validation.style import COLOURS, Look, Style, count, upper_first

_BAND: dict[str, Any] = {"facecolor": "none", "edgecolor": "0.3", "hatch": "/////", "lw": 0}

_DATA = Look("black", "-", "o")


def draw_stack(series: Sequence[Series], quantity: str, style: Style) -> Figure:
    """Data on stacked simulation, and their ratio, with a band for the simulation's errors.

    Errors of data are the central intervals of Poisson means (F. Garwood, 1936); those of the
    simulation hold its statistics and, in quadrature, its variations.
    """
    made = stack(series, quantity)
    figure, ax, lowest = panel_with_ratio("Data /\nsimulation")
    _simulation(ax, made)
    some, errors = _errors(made)
    centres = (made.edges[1:] + made.edges[:-1]) / 2
    points: dict[str, Any] = {"fmt": "o", "color": "black", "ms": 4, "lw": 1.2, "zorder": 3}
    label = f"{made.data.title} ({count(made.data.values.sum())})"
    ax.errorbar(centres[some], made.data.values[some], errors, label=label, **points)
    reach = made.data.values[some] + errors[1]
    highest = max(reach.max(initial=0), (made.total + made.up).max())
    lowest.set_xlim(_range(made))
    if is_score(series, quantity):
        ax.set_yscale("log")
        smallest = made.total[made.total > 0].min(initial=highest)
        ax.set_ylim(min(smallest / 2, highest / 20), highest)
        score_axis(lowest, series, quantity)
        ax.set_ylabel(f"Events / {made.edges[1] - made.edges[0]:g}")
    else:
        ax.set_ylim(0, highest)
        _axes(ax, lowest, made, _label(series, quantity))
    _ratio(lowest, made, some, errors)
    finish(ax, series, style)
    figure.align_ylabels()
    return figure


def _label(series: Sequence[Series], quantity: str) -> str:
    """The quantity with its unit, as it was counted."""
    data = next(one.report for one in series if one.role == "data")
    hists = [*by_class(data, quantity).values()] or [data.hists[quantity]]
    return str(hists[0].axes[0].label)


def _simulation(ax: Axes, made: Stack) -> None:
    """The parts on each other, the largest on top, and the band of their sum."""
    above = made.total
    for i, part in reversed(list(enumerate(made.parts))):
        below = above - part.values
        colour = COLOURS[i % len(COLOURS)]
        title = f"{part.title} ({count(part.values.sum())})"
        filled: dict[str, Any] = {
            "facecolor": to_rgba(colour, 0.55),
            "edgecolor": colour,
            "lw": 1.2,
        }
        ax.stairs(above, made.edges, baseline=below, fill=True, label=title, **filled)
        above = below
    text = "stat. + syst. error" if made.systematic else "stat. error"
    ax.stairs(
        made.total + made.up,
        made.edges,
        baseline=made.total - made.down,
        fill=True,
        label=text,
        **_BAND,
    )


def _errors(made: Stack) -> tuple[Array, Array]:
    """Which bins have data, and how far their errors (2, n) reach down and up.

    Weighted data count as so many as have the same relative error.
    """
    some = made.data.values > 0
    values, squares = made.data.values[some], made.data.squares[some]
    counts, tail = values**2 / squares, ndtr(-1.0)
    low, high = gammaincinv(counts, tail), gammaincinv(counts + 1, 1 - tail)
    return some, values / counts * np.array([counts - low, high - counts])


def _ratio(ax: Axes, made: Stack, some: Array, errors: Array) -> None:
    total = made.total
    known = total > 0
    down, up = (
        np.divide(error, total, out=np.zeros_like(total), where=known)
        for error in (made.down, made.up)
    )
    ax.stairs(1 + up, made.edges, baseline=1 - down, fill=True, **_BAND)
    both = some & known
    ratio, scaled = made.data.values[both] / total[both], errors[:, known[some]] / total[both]
    if len(ratio):
        reach = np.quantile(np.abs(ratio - 1) + scaled.mean(axis=0), 0.8)
        reach = float(np.clip(1.3 * reach, 0.12, 0.98))
        ax.set_ylim(1 - reach, 1 + reach)
        step = next(step for step in (0.1, 0.2, 0.5, 1.0) if reach <= 2.4 * step)
        ax.set_yticks(np.arange(1 - 2 * step, 1 + 2.5 * step, step))
        ax.set_ylim(1 - reach, 1 + reach)
    centres = (made.edges[1:] + made.edges[:-1]) / 2
    ratio_points(ax, centres[both], ratio, scaled, _DATA)


def _range(made: Stack) -> tuple[float, float]:
    """The bins with entries, and one on either side."""
    filled = np.flatnonzero((made.data.values > 0) | (made.total > 0))
    return made.edges[max(filled[0] - 1, 0)], made.edges[min(filled[-1] + 2, len(made.edges) - 1)]


def _axes(ax: Axes, lowest: Axes, made: Stack, label: str) -> None:
    lowest.set_xlabel(upper_first(label))
    widths = np.diff(made.edges)
    if are_logarithmic(made.edges):
        lowest.set_xscale("log")
        plain_ticks(lowest.xaxis)
    if are_equal(widths):
        unit = label.rpartition("[")[2].rstrip("]") if label.endswith("]") else ""
        ax.set_ylabel(f"Events / {widths[0]:.3g} {unit}".rstrip())
    else:
        ax.set_ylabel("Events / bin")
