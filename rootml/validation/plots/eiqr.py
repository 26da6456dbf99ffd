"""eIQR75 of a regression in bins, and its ratio to that of what the file has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rootml.validation.comparing.series import SHORT, Series
from rootml.validation.plots.canvas import panel_with_lower, variable_axis
from rootml.validation.plots.estimates import Estimator, residual
from rootml.validation.plots.label import finish
from rootml.validation.plots.resolution import (
    Differential,
    Rows,
    against_truth,
    against_variable,
    draw_points,
)
from rootml.validation.style import Style


def draw_eiqr(series: Sequence[Series], output: str, style: Style) -> Figure:
    """eIQR75 in bins of the true value, and the ratio to the file's first estimate."""
    return _draw(series, output, style, against_truth(series, output))


def draw_eiqr_against(series: Sequence[Series], subject: str, style: Style) -> Figure:
    """eIQR75 in bins of a variable, and the ratio to the file's first estimate.

    The subject is ``<output>:<variable>``.
    """
    output, variable = subject.split(":", 1)
    return _draw(series, output, style, against_variable(series, output, variable))


def _draw(series: Sequence[Series], output: str, style: Style, made: Differential) -> Figure:
    section = residual(series, output)
    first = section["improvement"][0]
    title = first["title"] if len(first["title"]) <= SHORT else "the file's"
    figure, ax, lower = panel_with_lower(f"Ratio to\n{title}")
    lower.axhline(1, color="0.6", lw=1)
    variable_axis(lower, made.variable, made.bins)
    top = draw_points(ax, made, "eiqr75")
    rows = [
        _ratios(part, one, first["name"]) for one, part in zip(made.shown, made.rows, strict=True)
    ]
    draw_points(lower, replace(made, rows=rows), "ratio", titled=False)
    lower.margins(y=0.15)
    lower.yaxis.set_major_locator(MaxNLocator(4))
    ax.set_ylim(0, top)
    unit = f" [{section['unit']}]" if section["unit"] else ""
    ax.set_ylabel(f"eIQR75 of {'relative ' if section['relative'] else ''}residuals{unit}")
    finish(ax, series, style)
    figure.align_ylabels()
    return figure


def _ratios(rows: Rows, one: Estimator, first: str) -> Rows:
    """Bins with the ratio of a network's eIQR75 to that of the ``first``; of others without."""
    made = []
    for row in rows:
        improvement = None if one.name in row["reiqr75"] else row["reiqr75"].get(first)
        ratio = {"estimators": {one.name: _ratio(improvement)}}
        made.append({key: row[key] for key in ("low", "high")} | ratio)
    return made


def _ratio(improvement: Mapping[str, float] | None) -> dict[str, Any] | None:
    """After over before, of 1 - after / before."""
    if improvement is None:
        return None
    value, low, high = (1 - improvement[key] for key in ("value", "high", "low"))
    return {"ratio": {"value": value, "low": low, "high": high}}
