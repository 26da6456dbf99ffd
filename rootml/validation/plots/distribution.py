"""Score by class, on an axis of log(p/(1-p)) that shows both ends; other series with ratio."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from scipy.special import logit

from rootml.spec import Array
from rootml.validation.comparing.overlay import agreement
from rootml.validation.comparing.series import Series, ratio_title
from rootml.validation.figures.histograms import UNLABELLED, by_class, class_title
from rootml.validation.plots.canvas import panel, panel_with_ratio, ratio_points
from rootml.validation.plots.label import finish
from rootml.validation.report import Report
from rootml.validation.statistics.binning import histogram
from rootml.validation.style import Look, Style, count, look

_TICKS = {
    0.5: "0.5",
    **{p: f"{p:g}" for p in (0.01, 0.1, 0.9, 0.99)},
    **{10.0**-k: f"$10^{{-{k}}}$" for k in (3, 4, 6, 8)},
    **{1 - 10.0**-k: f"$1-10^{{-{k}}}$" for k in (4, 6, 8)},
}
_WIDEST = {0.1: 16, 0.9: 16, 1e-3: 16, 1 - 1e-6: 26}
"""Width of the axis from which on a tick's label does not fit between its neighbours."""


@dataclass(frozen=True)
class Fractions:
    """Share of a class in each bin, and its statistical error; the ends hold the overflows."""

    edges: Array
    values: Array
    errors: Array
    entries: float

    @property
    def centres(self) -> Array:
        """Middles of the bins."""
        return (self.edges[1:] + self.edges[:-1]) / 2


def draw_distribution(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Distribution of a score by class, each normalised to 1.

    The first series is filled; a second one is drawn as points, more of them as lines, and a
    panel shows their ratios to the first.
    """
    parts = [_fractions(one.report, output) for one in series]
    if len(series) > 1:
        figure, ax, lowest = panel_with_ratio(ratio_title(series))
    else:
        figure, ax = panel()
        lowest = ax
    for one, by_name in zip(series, parts, strict=True):
        for name, part in by_name.items():
            _draw(ax, series, one, name, part)
            if one is not series[0] and name in parts[0]:
                as_ = _look(series, one, name)
                (_ratio if len(series) == 2 else _ratio_line)(lowest, part, parts[0][name], as_)
    if len(series) > 1:
        _legend_of_series(ax, series)
    width = _axes(ax, lowest, [part for by_name in parts for part in by_name.values()])
    score_axis(lowest, series, output)
    ax.set_ylabel(f"Fraction of events / {width:g}")
    finish(ax, series, style, *agreement(series, output))
    figure.align_ylabels()
    return figure


def _draw(ax: Axes, series: Sequence[Series], one: Series, name: str, part: Fractions) -> None:
    """One class of one series, with the class in the legend for the first."""
    as_, label = _look(series, one, name), class_title(one.report, name)
    if len(series) == 1:
        label = f"{label} ({count(part.entries)})"
    if one is series[0]:
        ax.stairs(part.values, part.edges, color=as_.colour, fill=True, alpha=0.12)
        ax.stairs(part.values, part.edges, baseline=None, lw=2, label=label, **as_.line)
    elif len(series) == 2:
        some = part.values > 0
        x, y, errors = part.centres[some], part.values[some], part.errors[some]
        ax.errorbar(x, y, errors, fmt=as_.marker, ms=4, lw=1, color=as_.colour)
    else:
        ax.stairs(part.values, part.edges, baseline=None, lw=1.5, **as_.line)


def _legend_of_series(ax: Axes, series: Sequence[Series]) -> None:
    """Entries that tell the series apart, whatever the class."""
    for one in series:
        as_ = _look(series, one, "")
        if len(series) == 2 and one is series[1]:
            ax.errorbar([], [], [], fmt=as_.marker, ms=4, lw=1, color="0.3", label=one.title)
        else:
            ax.plot([], [], color="0.3", ls=as_.dashes, label=one.title)


def _look(series: Sequence[Series], one: Series, name: str) -> Look:
    """A colour for the class, dashes and marker for the series."""
    as_ = look(next(i for i, other in enumerate(series) if other is one))
    names = [*one.report.sample["classes"], UNLABELLED, ""]
    return replace(as_, colour=look(names.index(name)).colour)


def _fractions(report: Report, output: str) -> Mapping[str, Fractions]:
    parts = {}
    for name, hist in by_class(report, output).items():
        edges, values, squares = histogram(hist, score=True)
        total = float(values.sum())
        parts[name] = Fractions(edges, values / total, np.sqrt(squares) / total, total)
    return parts


def _ratio(ax: Axes, part: Fractions, other: Fractions, as_: Look) -> None:
    both = (part.values > 0) & (other.values > 0)
    ratio = part.values[both] / other.values[both]
    relative = np.hypot(
        other.errors[both] / other.values[both], part.errors[both] / part.values[both]
    )
    ratio_points(ax, part.centres[both], ratio, ratio * relative, as_)


def _ratio_line(ax: Axes, part: Fractions, other: Fractions, as_: Look) -> None:
    both = (part.values > 0) & (other.values > 0)
    ratio = np.divide(part.values, other.values, out=np.full(len(both), np.nan), where=both)
    ax.stairs(ratio, part.edges, baseline=None, lw=1.2, **as_.line)


def _axes(ax: Axes, lowest: Axes, parts: list[Fractions]) -> float:
    """Set the ranges; the width of a bin."""
    edges = parts[0].edges
    values = np.array([part.values for part in parts])
    filled = np.flatnonzero(values.any(axis=0))
    low, high = edges[max(filled[0] - 1, 0)], edges[min(filled[-1] + 2, len(edges) - 1)]
    lowest.set_xlim(low, high)
    ax.set_yscale("log")
    ax.set_ylim(min(values[values > 0].min() / 2, values.max() / 20), values.max())
    return float(edges[1] - edges[0])


def score_axis(ax: Axes, series: Sequence[Series], output: str) -> None:
    """Label and ticks of an axis of log(p/(1-p)), whose limits are set."""
    low, high = ax.get_xlim()
    fitting = {p: text for p, text in _TICKS.items() if high - low < _WIDEST.get(p, math.inf)}
    ticks = {float(logit(p)): text for p, text in fitting.items() if low <= logit(p) <= high}
    ax.xaxis.set_major_locator(FixedLocator(list(ticks)))
    ax.xaxis.set_ticklabels(list(ticks.values()))
    ax.xaxis.set_minor_locator(NullLocator())
    branches = {one.report.figures["outputs"][output]["branch"] for one in series}
    name = branches.pop() if len(branches) == 1 else output
    ax.set_xlabel(f"{name}, linear in log[p / (1 \N{MINUS SIGN} p)]")
