"""Score by class, on an axis of log(p/(1-p)) that shows both ends; other series with ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from scipy.special import logit

from rootml.spec import Array
from rootml.validation.histograms import UNLABELLED, by_class, class_title
from rootml.validation.plots.canvas import panel, panel_with_ratio, ratio_points
from rootml.validation.plots.label import finish
from rootml.validation.report import Report
from rootml.validation.series import Series
from rootml.validation.style import Style, count, look

MERGE = 50
"""Bins of the stored histogram in one bin of the plot: 0.5 in log(p/(1-p))."""

_TICKS = {
    0.5: "0.5",
    **{p: f"{p:g}" for p in (0.01, 0.1, 0.9, 0.99)},
    **{10.0**-k: f"$10^{{-{k}}}$" for k in (3, 4, 6, 8)},
    **{1 - 10.0**-k: f"$1-10^{{-{k}}}$" for k in (4, 6, 8)},
}


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
    first, *others = series
    parts = [_fractions(one.report, output) for one in series]
    if others:
        figure, ax, lowest = panel_with_ratio(f"Ratio to\n{first.title}")
    else:
        figure, ax = panel()
        lowest = ax
    for one, by_name in zip(series, parts, strict=True):
        for name, part in by_name.items():
            _draw(ax, series, one, name, part)
            if one is not first and name in parts[0]:
                _ratio(lowest, part, parts[0][name], _colour(name, one.report))
    width = _axes(ax, lowest, [part for by_name in parts for part in by_name.values()])
    branch = first.report.figures["outputs"][output]["branch"]
    lowest.set_xlabel(f"{branch}, linear in log[p / (1 - p)]")
    ax.set_ylabel(f"Fraction of events / {width:g}")
    finish(ax, series, style)
    figure.align_ylabels()
    return figure


def _draw(ax: Axes, series: Sequence[Series], one: Series, name: str, part: Fractions) -> None:
    """One class of one series."""
    sample = one.title if len(series) > 1 else ""
    title = ", ".join(filter(None, (class_title(one.report, name), sample)))
    title, colour = f"{title} ({count(part.entries)})", _colour(name, one.report)
    if one is series[0]:
        ax.stairs(part.values, part.edges, color=colour, lw=2, label=title, baseline=None)
        ax.stairs(part.values, part.edges, color=colour, fill=True, alpha=0.12)
    elif len(series) == 2:
        some = part.values > 0
        x, y, errors = part.centres[some], part.values[some], part.errors[some]
        ax.errorbar(x, y, errors, fmt="o", ms=4, lw=1, color=colour, label=title)
    else:
        line = {"ls": one.look.dashes, "lw": 1.5, "color": colour}
        ax.stairs(part.values, part.edges, baseline=None, label=title, **line)


def _colour(name: str, report: Report) -> str:
    return look([*report.sample["classes"], UNLABELLED].index(name)).colour


def _fractions(report: Report, output: str) -> Mapping[str, Fractions]:
    parts = {}
    for name, hist in by_class(report, output).items():
        values, squares = (
            _merged(counts) for counts in (hist.values(flow=True), hist.variances(flow=True))
        )
        total = float(values.sum())
        edges = hist.axes[0].edges[::MERGE]
        parts[name] = Fractions(edges, values / total, np.sqrt(squares) / total, total)
    return parts


def _merged(counts: Array) -> Array:
    """Fine bins joined, the overflows in the first and last."""
    merged = counts[1:-1].reshape(-1, MERGE).sum(axis=1)
    merged[[0, -1]] += counts[[0, -1]]
    return np.asarray(merged)


def _ratio(ax: Axes, part: Fractions, other: Fractions, colour: str) -> None:
    both = (part.values > 0) & (other.values > 0)
    ratio = part.values[both] / other.values[both]
    relative = np.hypot(
        other.errors[both] / other.values[both], part.errors[both] / part.values[both]
    )
    ratio_points(ax, part.centres[both], ratio, ratio * relative, colour)


def _axes(ax: Axes, lowest: Axes, parts: list[Fractions]) -> float:
    """Set ranges and ticks; the width of a bin."""
    edges = parts[0].edges
    values = np.array([part.values for part in parts])
    filled = np.flatnonzero(values.any(axis=0))
    low, high = edges[max(filled[0] - 1, 0)], edges[min(filled[-1] + 2, len(edges) - 1)]
    lowest.set_xlim(low, high)
    ax.set_yscale("log")
    ax.set_ylim(min(values[values > 0].min() / 2, values.max() / 20), values.max())
    ticks = {float(logit(p)): text for p, text in _TICKS.items()}
    near = [x for x in ticks if low <= x <= high and (high - low < 16 or _sparse(ticks[x]))]
    lowest.xaxis.set_major_locator(FixedLocator(near))
    lowest.xaxis.set_ticklabels([ticks[x] for x in near])
    lowest.xaxis.set_minor_locator(NullLocator())
    return float(edges[1] - edges[0])


def _sparse(text: str) -> bool:
    """Whether a tick's label fits on an axis that shows many decades."""
    return text not in ("0.1", "0.9", "$10^{-3}$")
