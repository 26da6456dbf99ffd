"""Score by class, on an axis of log(p/(1-p)) that shows both ends; a second sample with ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.histograms import identifier
from rootml.validation.report import Report
from rootml.validation.style import COLOURS, headroom, label, panel, panel_with_ratio

BIN_WIDTH = 50
"""Bins of the stored histogram in one bin of the plot: 0.5 in log(p/(1-p))."""

_TICKS = {
    -18.42: "$10^{-8}$",
    -13.82: "$10^{-6}$",
    -9.21: "$10^{-4}$",
    -4.595: "0.01",
    0.0: "0.5",
    4.595: "0.99",
    9.21: "$1-10^{-4}$",
    13.82: "$1-10^{-6}$",
    18.42: "$1-10^{-8}$",
}


@dataclass(frozen=True)
class Fractions:
    """Share of a class in each bin, and its statistical error."""

    edges: Array
    values: Array
    errors: Array
    entries: int


def distribution(report: Report, output: str, against: Report | None = None) -> Figure:
    """Distribution of a score by class, each normalised to 1."""
    mine = _by_class(report, output)
    theirs = _by_class(against, output) if against is not None else {}
    if theirs:
        figure, ax, lower = panel_with_ratio()
        _ratios(lower, mine, theirs)
    else:
        figure, ax = panel()
        lower = ax
    for colour, (name, part) in zip(COLOURS, mine.items(), strict=False):
        ax.stairs(part.values, part.edges, color=colour, lw=2, fill=False, label=_title(name, part))
        ax.stairs(part.values, part.edges, color=colour, fill=True, alpha=0.12)
        if name in theirs:
            _points(ax, theirs[name], colour, f"{name}, second sample")
    _finish(ax, lower, mine, theirs)
    label(ax, report.sample, f"{report.model['name']} {report.model['version']}")
    ax.legend(loc="upper right")
    return figure


def _by_class(report: Report, output: str) -> dict[str, Fractions]:
    parts = {}
    for name in (*report.sample["classes"], "unlabelled"):
        hist = report.hists.get(f"{output}_{identifier(name)}")
        if hist is None:
            continue
        counts = hist.values(flow=True)
        inner = counts[1:-1].reshape(-1, BIN_WIDTH).sum(axis=1)
        inner[0] += counts[0]
        inner[-1] += counts[-1]
        total = int(inner.sum())
        edges = hist.axes[0].edges[::BIN_WIDTH]
        parts[name] = Fractions(edges, inner / total, np.sqrt(inner) / total, total)
    return parts


def _title(name: str, part: Fractions) -> str:
    return f"{'all events' if name == 'unlabelled' else name} ({part.entries})"


def _points(ax: Axes, part: Fractions, colour: str, title: str) -> None:
    some = part.values > 0
    centres = (part.edges[1:] + part.edges[:-1]) / 2
    ax.errorbar(
        centres[some],
        part.values[some],
        part.errors[some],
        fmt="o",
        ms=4,
        lw=1,
        color=colour,
        label=title,
    )


def _ratios(ax: Axes, mine: dict[str, Fractions], theirs: dict[str, Fractions]) -> None:
    ax.axhline(1, color="0.6", lw=1)
    for colour, (name, part) in zip(COLOURS, mine.items(), strict=False):
        other = theirs.get(name)
        if other is None:
            continue
        both = (part.values > 0) & (other.values > 0)
        ratio = other.values[both] / part.values[both]
        errors = ratio * np.hypot(
            other.errors[both] / other.values[both], part.errors[both] / part.values[both]
        )
        centres = (part.edges[1:] + part.edges[:-1]) / 2
        ax.errorbar(centres[both], ratio, errors, fmt="o", ms=4, lw=1, color=colour)
    ax.set_ylim(0.4, 1.6)
    ax.set_ylabel("Second / first", loc="center")


def _finish(
    ax: Axes, lower: Axes, mine: dict[str, Fractions], theirs: dict[str, Fractions]
) -> None:
    parts = [*mine.values(), *theirs.values()]
    filled = np.flatnonzero(sum(part.values for part in parts))
    edges = parts[0].edges
    ax.set_xlim(edges[max(filled[0] - 1, 0)], edges[min(filled[-1] + 2, len(edges) - 1)])
    ax.set_yscale("log")
    smallest = min(part.values[part.values > 0].min() for part in parts)
    ax.set_ylim(smallest / 2, max(part.values.max() for part in parts))
    headroom(ax, 0.3)
    low, high = ax.get_xlim()
    shown = {at: text for at, text in _TICKS.items() if low <= at <= high}
    lower.set_xticks(list(shown), list(shown.values()))
    lower.minorticks_off()
    lower.set_xlabel("Score  (axis linear in log[p/(1-p)])")
    ax.set_ylabel(f"Fraction of events / {edges[1] - edges[0]:g}")
