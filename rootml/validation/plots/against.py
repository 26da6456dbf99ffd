"""Rejection and efficiency in bins of a variable, at flat efficiency or at a flat cut."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.comparing.comparison import ratio
from rootml.validation.comparing.series import Series, ratio_errors, ratio_title
from rootml.validation.plots.canvas import (
    panel,
    panel_with_lower,
    plain_ticks,
    variable_axis,
    within,
)
from rootml.validation.plots.label import LINE, finish
from rootml.validation.plots.roc import NONE_PASS, class_names, discriminants
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.style import Look, Style, look, upper_first

ARROW = 1.6
"""The arrow of a lower limit reaches up to as many times the limit."""


@dataclass(frozen=True, eq=False)
class Points:
    """One series: edges (bin, 2) and estimates (bin, 3: value, low, high)."""

    title: str
    look: Look
    edges: Array
    estimates: Array

    @classmethod
    def of(cls, title: str, look: Look, rows: Sequence[Mapping[str, Any]], figure: str) -> Self:
        """The bins in which a cut was set and has this figure; also of a report that was read."""
        cut = [row for row in rows if row["cut"] is not None]
        return cls.of_estimates(title, look, cut, [row["cut"][figure] for row in cut])

    @classmethod
    def of_estimates(
        cls, title: str, look: Look, bins: Sequence[Mapping[str, Any]], made: Sequence[Any]
    ) -> Self:
        """Bins, from low to high, and the estimate in each; none where its value is NaN."""
        kept = [
            (row["low"], row["high"], one["value"], one["low"], one["high"])
            for row, one in zip(bins, made, strict=True)
        ]
        table = np.array(kept, np.float64).reshape(-1, 5)
        value, low, high = table.T[2:]
        limits = np.isfinite(low) & ~np.isfinite(high)
        value[limits] = high[limits] = np.inf
        table = table[~np.isnan(value)]
        return cls(title, look, table[:, :2], table[:, 2:])


def draw_rejection_against(series: Sequence[Series], subject: str, style: Style) -> Figure:
    """Rejection in bins of a variable, each cut at the same signal efficiency of its own bin.

    Of several series, a panel shows the ratio to the first.
    """
    output, variable = subject.split(":", 1)
    signal, background = class_names(series)
    if len(series) > 1:
        figure, ax, lowest = panel_with_lower(ratio_title(series))
    else:
        figure, ax = panel()
        lowest = ax
    made = [
        (title, one["against"][variable], as_)
        for title, one, as_ in discriminants(series, output)
        if variable in one.get("against", {})
    ]
    drawn = [
        Points.of(title, as_, one["flat_efficiency"]["rows"], "rejection")
        for title, one, as_ in made
    ]
    variable_axis(lowest, made[0][1], _bins((one for _, one, _ in made), "flat_efficiency"))
    _rejections(ax, drawn, background)
    pairs = [one.paired and one.paired["against"].get(variable) for one in series[1:]]
    others = [None] * (len(made) - len(series))
    if len(series) > 1:
        _ratios(lowest, drawn, [*pairs, *others])
    target = made[0][1]["flat_efficiency"]["target"]
    lines = [f"{100 * target:g} % {signal} efficiency in each bin"]
    if len(series) > 1:
        said = dict(zip((one.title for one in series[1:]), pairs, strict=True))
        said |= {"the file's own": None} if others else {}
        lines.append(textwrap.fill(ratio_errors(said), LINE))
    finish(ax, series, style, *lines)
    plain_ticks(ax.yaxis)
    figure.align_ylabels()
    return figure


def draw_cut_against(series: Sequence[Series], subject: str, style: Style) -> Figure:
    """Rejection and signal efficiency of one and the same cut in bins of a variable."""
    output, variable = subject.split(":", 1)
    signal, background = class_names(series)
    figure, ax, lower = panel_with_lower(upper_first(f"{signal}\nefficiency"))
    made = [one.report.figures["outputs"][output] for one in series]
    found = [one["against"][variable] for one in made]
    names = [one.title for one in series] if len(series) > 1 else [made[0]["branch"]]
    rejections, efficiencies = (
        [
            Points.of(f"{name} > {cut['threshold']:.6g}", one.look, cut["rows"], figure_name)
            for name, one, cut in zip(
                names, series, (own["flat_cut"] for own in found), strict=True
            )
        ]
        for figure_name in ("rejection", "efficiency")
    )
    if len(series) == 1 and "following" in found[0]:
        other, title = found[0]["following"], f"{found[0]['following']['name']}, follows {variable}"
        rejections.append(Points.of(title, look(1), other["rows"], "rejection"))
        efficiencies.append(Points.of(title, look(1), other["rows"], "efficiency"))
    variable_axis(lower, found[0], _bins(found, "flat_cut"))
    _rejections(ax, rejections, background)
    for i, points in enumerate(efficiencies):
        _draw(lower, points, i, len(efficiencies))
    lowest = min(points.estimates[:, 1].min() for points in efficiencies)
    lower.set_ylim(max(1.1 * lowest - 0.1, 0), 1.0)
    finish(ax, series, style)
    plain_ticks(ax.yaxis)
    figure.align_ylabels()
    return figure


def _bins(found: Iterable[Mapping[str, Any]], figure: str) -> Array:
    """The bins (bin, 2) of all, those without a cut too."""
    return np.array([(row["low"], row["high"]) for one in found for row in one[figure]["rows"]])


def _rejections(ax: Axes, drawn: Sequence[Points], background: str) -> None:
    for i, points in enumerate(drawn):
        _draw(ax, points, i, len(drawn))
    estimates = np.concatenate([points.estimates for points in drawn])
    if np.isinf(estimates[:, 0]).any():
        none: dict[str, Any] = {"fmt": "^", "mfc": "white", "color": "0.3"}
        ax.errorbar([], [], label=NONE_PASS, **none)
    ax.set_yscale("log")
    ends = np.where(np.isfinite(estimates), estimates, 1.2 * ARROW * estimates[:, 1:2])
    ax.set_ylim(estimates[:, 1].min() / 1.5, ends.max())
    ax.set_ylabel(upper_first(f"{background} rejection"))


def _ratios(ax: Axes, drawn: Sequence[Points], pairs: Sequence[Any]) -> None:
    """Rejections over those of the first series, in the bins that both have.

    ``pairs``: rows of the ratios of the same events, or None, of each other series.
    """
    ax.axhline(1, color="0.6", lw=1)
    made = [
        _over(points, drawn[0]) if rows is None else _paired(points.look, rows)
        for points, rows in zip(drawn[1:], pairs, strict=True)
    ]
    for i, points in enumerate(made, start=1):
        _draw(ax, points, i, len(drawn))
    table = np.concatenate([[[1, 0.9, 1.1]], *(points.estimates for points in made)])
    ends = np.where(np.isfinite(table), table, ARROW * table[:, 1:2])
    low, high = ends[ends > 0].min() / 1.1, 1.1 * ends.max()
    if high > 5 * low:
        ax.set_yscale("log")
    ax.set_ylim(low, high)
    if high > 5 * low:
        plain_ticks(ax.yaxis)


def _paired(look: Look, rows: Sequence[Mapping[str, Any]]) -> Points:
    """Ratios of the same events; none where nothing passes the cut of the first series."""
    kept = [row for row in rows if row["ratio"]["value"] != 0]
    return Points.of_estimates("", look, kept, [row["ratio"] for row in kept])


def _over(points: Points, first: Points) -> Points:
    """Ratios of rejections, with errors as of independent samples; none where that of ``first``
    is a limit."""
    ours, theirs = (
        dict(zip(map(tuple, one.edges.tolist()), one.estimates.tolist(), strict=True))
        for one in (points, first)
    )
    made = {e: ratio(Estimate(*ours[e]), Estimate(*theirs[e])) for e in ours if e in theirs}
    rows = [(*e, r.value, r.low, r.high) for e, r in made.items() if not math.isnan(r.value)]
    table = np.array(rows, np.float64).reshape(-1, 5)
    return Points("", points.look, table[:, :2], table[:, 2:])


def _draw(ax: Axes, points: Points, i: int, of: int) -> None:
    """Draw the ``i``-th of several series, moved a little; limits as arrows."""
    share = 0.5 + min(0.15, 0.6 / of) * (i - (of - 1) / 2)
    low, high = points.edges.T
    x = within(ax, low, high, share)
    widths = np.abs(points.edges.T - x)
    known = np.isfinite(points.estimates[:, 0])
    value, down, up = points.estimates[known].T
    as_ = points.look
    common: dict[str, Any] = {"fmt": as_.marker, "ms": 6, "lw": 1.5, "color": as_.colour}
    errors = (value - down, up - value)
    ax.errorbar(x[known], value, errors, widths[:, known], label=points.title, **common)
    limit = points.estimates[~known, 1]
    arrows = (np.zeros_like(limit), (ARROW - 1) * limit)
    ax.errorbar(x[~known], limit, arrows, widths[:, ~known], lolims=True, mfc="white", **common)
