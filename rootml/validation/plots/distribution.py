"""Score by class, on an axis of log(p/(1-p)) that shows both ends; a second sample with ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from scipy.special import logit

from rootml.spec import Array
from rootml.validation.histograms import UNLABELLED, by_class, class_title
from rootml.validation.report import Report
from rootml.validation.style import (
    count,
    finish,
    look,
    panel,
    panel_with_ratio,
    ratio_points,
    upper_first,
)

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
    entries: int

    @property
    def centres(self) -> Array:
        """Middles of the bins."""
        return (self.edges[1:] + self.edges[:-1]) / 2


def draw_distribution(
    report: Report,
    output: str,
    against: Report | None = None,
    titles: tuple[str, str] = ("sample", "reference"),
) -> Figure:
    """Distribution of a score by class, each normalised to 1.

    With a second sample ``against``, that one is filled and the first one drawn as points.
    """
    mine = _fractions(report, output)
    filled = _fractions(against, output) if against else mine
    if against:
        figure, ax, lowest = panel_with_ratio(upper_first(f"{titles[0]} / {titles[1]}"))
        _ratios(lowest, report, mine, filled)
    else:
        figure, ax = panel()
        lowest = ax
    for name, part in filled.items():
        title = class_title(against or report, name)
        _steps(ax, part, _colour(name, report), _title(title, part, titles[1] if against else None))
    for name, part in mine.items() if against else ():
        title = class_title(report, name)
        _points(ax, part, _colour(name, report), _title(title, part, titles[0]))
    width = _axes(ax, lowest, [*mine.values(), *filled.values()])
    lowest.set_xlabel(f"{report.figures['outputs'][output]['branch']}, linear in log[p / (1 - p)]")
    ax.set_ylabel(f"Fraction of events / {width:g}")
    finish(ax, report)
    figure.align_ylabels()
    return figure


def _colour(name: str, report: Report) -> str:
    return look([*report.sample["classes"], UNLABELLED].index(name)).colour


def _title(title: str, part: Fractions, sample: str | None) -> str:
    return f"{', '.join(filter(None, (title, sample)))} ({count(part.entries)})"


def _fractions(report: Report, output: str) -> dict[str, Fractions]:
    parts = {}
    for name, hist in by_class(report, output).items():
        counts = hist.values(flow=True)
        merged = counts[1:-1].reshape(-1, MERGE).sum(axis=1)
        merged[[0, -1]] += counts[[0, -1]]
        total = int(merged.sum())
        edges = hist.axes[0].edges[::MERGE]
        parts[name] = Fractions(edges, merged / total, np.sqrt(merged) / total, total)
    return parts


def _steps(ax: Axes, part: Fractions, colour: str, title: str) -> None:
    ax.stairs(part.values, part.edges, color=colour, lw=2, label=title, baseline=None)
    ax.stairs(part.values, part.edges, color=colour, fill=True, alpha=0.12)


def _points(ax: Axes, part: Fractions, colour: str, title: str) -> None:
    some = part.values > 0
    x, y, errors = part.centres[some], part.values[some], part.errors[some]
    ax.errorbar(x, y, errors, fmt="o", ms=4, lw=1, color=colour, label=title)


def _ratios(
    ax: Axes, report: Report, mine: dict[str, Fractions], others: dict[str, Fractions]
) -> None:
    for name, part in mine.items():
        if name not in others:
            continue
        other = others[name]
        both = (part.values > 0) & (other.values > 0)
        ratio = part.values[both] / other.values[both]
        relative = np.hypot(
            other.errors[both] / other.values[both], part.errors[both] / part.values[both]
        )
        ratio_points(ax, part.centres[both], ratio, ratio * relative, _colour(name, report))


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
