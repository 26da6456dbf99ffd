"""Whether a score is a probability: observed share of the signal against the score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import panel_with_lower
from rootml.validation.plots.label import finish
from rootml.validation.statistics.rounding import measured
from rootml.validation.style import Look, Style, upper_first


def draw_reliability(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Observed share of the signal in bins of the score, and the share of events in each bin."""
    figure, ax, lower = panel_with_lower("Share of\nevents")
    ax.plot([0, 1], [0, 1], color="0.6", lw=1, label="as scored")
    lower.set_yscale("log")
    found = [one.report.figures["outputs"][output]["reliability"] for one in series]
    errors = [_error(made) for made in found]
    for i, (one, made, error) in enumerate(zip(series, found, errors, strict=True)):
        shift = 0.006 * (i - (len(series) - 1) / 2)
        title = f"{one.title}, {error}" if len(series) > 1 else "observed"
        _points(ax, made, one.look, shift, title)
        _shares(lower, made, one.look)
    ax.set_ylim(0, 1)
    lower.set_xlim(0, 1)
    lower.set_ylim(lower.get_ylim()[0] / 1.5, 2)
    titles = {made["title"] for made in found}
    lower.set_xlabel(titles.pop() if len(titles) == 1 else output)
    ax.set_ylabel(upper_first(f"observed {found[0]['of']} share"))
    finish(ax, series, style, *(errors if len(series) == 1 else ()))
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 21), minor=True)
    figure.align_ylabels()
    return figure


def _error(made: Mapping[str, Any]) -> str:
    """The calibration error, and what perfect probabilities would have."""
    ece, error = made["ece"], made.get("ece_error", 0.0)
    estimate = {"value": ece, "low": ece - error, "high": ece + error}
    said = measured(estimate) if error else f"{ece:.2g}"
    return f"ECE {said} ({made['floor']:.2g} by chance)"


def _points(ax: Axes, made: Mapping[str, Any], as_: Look, shift: float, title: str) -> None:
    value, low, high = (np.asarray(made["observed"][key]) for key in ("value", "low", "high"))
    x = np.asarray(made["score"])
    bars: dict[str, Any] = {"fmt": as_.marker, "color": as_.colour, "lw": 1.5, "clip_on": False}
    ax.errorbar(x + shift, value, (value - low, high - value), label=title, **bars)


def _shares(ax: Axes, made: Mapping[str, Any], as_: Look) -> None:
    """A step over the scores that each bin holds."""
    for low, high, share in zip(made["low"], made["high"], made["weight"], strict=True):
        ax.hlines(share, low, high, colors=as_.colour, linestyles=as_.dashes)
