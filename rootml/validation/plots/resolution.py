"""Width, bias and response of a regression against the true value, or any variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import panel, panel_with_lower, variable_axis, within
from rootml.validation.plots.estimates import Estimator, estimators, residual
from rootml.validation.plots.label import finish
from rootml.validation.plots.ticks import few_digits
from rootml.validation.style import Style, words

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Differential:
    """Who is ``shown``, the bins of each (``rows``), and ``title`` and ``unit`` of the variable."""

    shown: Sequence[Estimator]
    rows: Sequence[Rows]
    variable: Mapping[str, Any]

    @property
    def bins(self) -> Array:
        """Lower and upper edges of all bins (n, 2)."""
        return np.array([(row["low"], row["high"]) for part in self.rows for row in part])


def against_truth(series: Sequence[Series], output: str) -> Differential:
    """Residuals in bins of the true value."""
    shown = estimators(series, output)
    rows = [_section(one, output)["against_truth"] for one in shown]
    return Differential(shown, rows, _truth(series, output))


def against_variable(series: Sequence[Series], output: str, variable: str) -> Differential:
    """Residuals in bins of a variable, of those estimators that have it."""
    made = [
        (one, against[variable])
        for one in estimators(series, output)
        if variable in (against := one.report.figures["outputs"][output]["against"])
    ]
    shown, found = zip(*made, strict=True)
    return Differential(shown, [one["residual"] for one in found], found[0])


def draw_resolution(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Half of the central 68 % of the residuals, and their median, in bins of the true value."""
    return _width_and_bias(series, style, output, against_truth(series, output))


def draw_resolution_against(series: Sequence[Series], subject: str, style: Style) -> Figure:
    """Half of the central 68 % of the residuals, and their median, in bins of a variable.

    The subject is ``<output>:<variable>``.
    """
    output, variable = subject.split(":", 1)
    return _width_and_bias(series, style, output, against_variable(series, output, variable))


def draw_response(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Median of estimate over truth in bins of the true value."""
    figure, ax = panel()
    figure.subplots_adjust(left=0.2)
    ax.axhline(1, color="0.6", lw=1)
    shown = [one for one in estimators(series, output) if _section(one, output)["response"]]
    rows = [_section(one, output)["response"]["against_truth"] for one in shown]
    differential = Differential(shown, rows, _truth(series, output))
    variable_axis(ax, differential.variable, differential.bins)
    draw_points(ax, differential, "median")
    ax.margins(y=0.15)
    ax.set_ylim(*ax.get_ylim())
    few_digits(ax.yaxis)
    ax.set_ylabel("Median of estimate / truth")
    finish(ax, series, style)
    return figure


def _section(one: Estimator, output: str) -> Mapping[str, Any]:
    made: Mapping[str, Any] = one.report.figures["outputs"][output]["residual"]
    return made


def _truth(series: Sequence[Series], output: str) -> Mapping[str, str]:
    made = series[0].report.figures["outputs"][output]
    return {"title": words(made["residual"]["truth"]), "unit": made["unit"]}


def _width_and_bias(
    series: Sequence[Series],
    style: Style,
    output: str,
    differential: Differential,
) -> Figure:
    made = residual(series, output)
    unit = f" [{made['unit']}]" if made["unit"] else ""
    figure, ax, lower = panel_with_lower("Bias" + unit)
    lower.axhline(0, color="0.6", lw=1)
    variable_axis(lower, differential.variable, differential.bins)
    top = draw_points(ax, differential, "width")
    draw_points(lower, differential, "median", titled=False)
    lower.margins(y=0.15)
    ax.set_ylim(0, top)
    ax.set_ylabel(f"68 % width of {'relative ' if made['relative'] else ''}residuals{unit}")
    finish(ax, series, style)
    figure.align_ylabels()
    return figure


def draw_points(ax: Axes, made: Differential, figure: str, *, titled: bool = True) -> float:
    """Draw a figure of all estimators, side by side in each bin; returns the highest end."""
    top = 0.0
    for i, (one, part) in enumerate(zip(made.shown, made.rows, strict=True)):
        shift = 0.08 * (i - (len(made.shown) - 1) / 2)
        top = max(top, _points(ax, part, one, figure, shift, one.title if titled else None))
    return top


def _points(
    ax: Axes, rows: Rows, one: Estimator, figure: str, shift: float, title: str | None
) -> float:
    """Draw one series, each point moved by a share of its bin; returns its highest end."""
    rows = [row for row in rows if row["estimators"].get(one.name) is not None]
    if not rows:
        return 0.0
    low, high = (np.array([row[key] for row in rows]) for key in ("low", "high"))
    values = np.array([list(row["estimators"][one.name][figure].values()) for row in rows])
    x = within(ax, low, high, 0.5 + shift)
    errors = values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]
    widths = x - low, high - x
    as_ = one.look
    common: dict[str, Any] = {"fmt": as_.marker, "ms": 5, "lw": 1.5, "color": as_.colour}
    ax.errorbar(x, values[:, 0], errors, widths, label=title, **common)
    return float(values[:, 2].max())
