"""Width and bias of a regression against the true value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.plots.canvas import panel_with_lower, plain_ticks
from rootml.validation.plots.label import finish
from rootml.validation.series import Series
from rootml.validation.style import Look, Style, look, upper_first, words


def draw_resolution(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Half of the central 68 % of the residuals, and their median, in bins of the true value."""
    made = series[0].report.figures["outputs"][output]
    residual = made["residual"]
    rows, unit = residual["against_truth"], f" [{residual['unit']}]" if residual["unit"] else ""
    figure, ax, lower = panel_with_lower("Bias" + unit)
    lower.axhline(0, color="0.6", lw=1)
    wide = rows[0]["low"] > 0 and rows[-1]["high"] > 10 * rows[0]["low"]
    if wide:
        lower.set_xscale("log")
    top = 0.0
    for i, one in enumerate(residual["estimators"]):
        shift = 0.08 * (i - (len(residual["estimators"]) - 1) / 2)
        top = max(top, _points(ax, rows, one["name"], "width", look(i), shift, one["title"]))
        _points(lower, rows, one["name"], "median", look(i), shift, None)
    lower.set_xlim(rows[0]["low"], rows[-1]["high"])
    lower.margins(y=0.15)
    ax.set_ylim(0, top)
    if wide:
        plain_ticks(lower.xaxis)
    truth = upper_first(words(residual["truth"]))
    lower.set_xlabel(truth + (f" [{made['unit']}]" if made["unit"] else ""))
    ax.set_ylabel(f"68 % width of {'relative ' if residual['relative'] else ''}residuals{unit}")
    finish(ax, series, style)
    figure.align_ylabels()
    return figure


def _points(
    ax: Axes,
    rows: Sequence[Mapping[str, Any]],
    name: str,
    figure: str,
    as_: Look,
    shift: float,
    title: str | None,
) -> float:
    """Draw one series, each point moved by a share of its bin; returns its highest end."""
    rows = [row for row in rows if row["estimators"][name] is not None]
    low, high = (np.array([row[key] for row in rows]) for key in ("low", "high"))
    values = np.array([list(row["estimators"][name][figure].values()) for row in rows])
    x = low + (0.5 + shift) * (high - low)
    if ax.get_xscale() == "log":
        x = low * (high / low) ** (0.5 + shift)
    errors = values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]
    widths = x - low, high - x
    common: dict[str, Any] = {"fmt": as_.marker, "ms": 5, "lw": 1.5, "color": as_.colour}
    ax.errorbar(x, values[:, 0], errors, widths, label=title, **common)
    return float(values[:, 2].max())
