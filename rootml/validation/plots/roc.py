"""ROC curve and rejection against efficiency, with binomial bands."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.report import Report
from rootml.validation.separation import BACKGROUND, SIGNAL
from rootml.validation.style import Look, finish, look, panel, upper_first

_BAND: dict[str, Any] = {"alpha": 0.25, "lw": 0}


def discriminants(report: Report, output: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Title and figures of an output, and of the references that compare with it."""
    yield report.model["name"], report.figures["outputs"][output]
    for reference in report.figures["references"].values():
        if "curve" in reference:
            yield reference["title"], reference


def draw_roc(report: Report, output: str) -> Figure:
    """Signal efficiency against background efficiency, on a logarithmic axis."""
    signal, background = _class_names(report)
    figure, ax = panel()
    smallest = 0.1
    for i, (title, made) in enumerate(discriminants(report, output)):
        curve = made["curve"]
        some = curve["background_efficiency"] > 0
        x = curve["background_efficiency"][some]
        smallest = min(smallest, 1 / made["background"])
        low, high = curve["efficiency_low"][some], curve["efficiency_high"][some]
        ax.fill_between(x, low, high, color=look(i).colour, **_BAND)
        text = f"{title}, AUC {_rounded(made['auc'])}"
        ax.plot(x, curve["efficiency"][some], **look(i).line, label=text)
    chance = np.geomspace(smallest, 1, 200)
    ax.plot(chance, chance, color="0.6", lw=1)
    ax.set_xscale("log")
    ax.set_xlim(smallest, 1)
    ax.set_ylim(0, 1.0)
    ax.set_xlabel(upper_first(f"{background} efficiency"))
    ax.set_ylabel(upper_first(f"{signal} efficiency"))
    finish(ax, report)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 21), minor=True)
    return figure


def draw_rejection(report: Report, output: str) -> Figure:
    """Background rejection against signal efficiency; a lower limit where nothing passes."""
    signal, background = _class_names(report)
    figure, ax = panel()
    top, limited = 1.0, False
    for i, (title, made) in enumerate(discriminants(report, output)):
        curve = made["curve"]
        limited |= _rejection_curve(ax, curve, look(i), title)
        ends = np.where(np.isfinite(curve["rejection"]), curve["rejection_high"], 1.0)
        top = max(top, ends.max(), curve["rejection_low"].max())
    if limited:
        ax.plot([], [], ":", color="0.3", lw=1.5, label="lower limit: none pass")
    ax.set_yscale("log")
    ax.set_xlim(0, 1)
    ax.set_ylim(1, top)
    ax.set_xlabel(upper_first(f"{signal} efficiency"))
    ax.set_ylabel(upper_first(f"{background} rejection"))
    finish(ax, report)
    return figure


def _rejection_curve(ax: Axes, curve: Mapping[str, Any], as_: Look, title: str) -> bool:
    """Draw one curve and its band; True where a part of it is a lower limit."""
    x, y = curve["efficiency"], curve["rejection"]
    low, high = curve["rejection_low"], curve["rejection_high"]
    known = np.isfinite(y)
    ax.fill_between(x[known], low[known], high[known], color=as_.colour, **_BAND)
    ax.plot(x[known], y[known], **as_.line, label=title)
    if known.all():
        return False
    ax.hlines(low[~known].max(), 0, x[~known].max(), colors=as_.colour, linestyles=":", lw=1.5)
    return True


def _class_names(report: Report) -> tuple[str, str]:
    """Names of signal and background."""
    classes = report.sample["classes"]
    return classes[SIGNAL], classes[BACKGROUND]


def _rounded(estimate: Mapping[str, float]) -> str:
    """Value and error to the error's first digit; both ends where they differ by much."""
    down, up = estimate["value"] - estimate["low"], estimate["high"] - estimate["value"]
    error = max(down, up, 1e-6)
    digits = min(max(-math.floor(math.log10(error)), 2), 6)
    if abs(up - down) < 0.3 * error:
        return f"{estimate['value']:.{digits}f} ± {error:.{digits}f}"
    ends = f"^{{+{up:.{digits}f}}}_{{-{down:.{digits}f}}}"
    return f"${estimate['value']:.{digits}f}{ends}$"
