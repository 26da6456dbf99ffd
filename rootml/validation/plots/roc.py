"""ROC curve and rejection against efficiency, with binomial bands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.report import Report
from rootml.validation.separation import BACKGROUND, SIGNAL
from rootml.validation.style import COLOURS, LINES, headroom, label, panel


def discriminants(report: Report, output: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Title and figures of an output and of the references that can be compared with it."""
    yield report.model["name"], report.figures["outputs"][output]
    for reference in report.figures["references"].values():
        if "curve" in reference:
            yield reference["title"], reference


def roc(report: Report, output: str) -> Figure:
    """Signal efficiency against background efficiency, on a logarithmic axis."""
    signal, background = _class_names(report)
    figure, ax = panel()
    smallest = 1.0
    for (title, made), colour, line in zip(
        discriminants(report, output), COLOURS, LINES, strict=False
    ):
        curve, area = made["curve"], made["auc"]
        some = curve["background_efficiency"] > 0
        x = curve["background_efficiency"][some]
        smallest = min(smallest, 1 / made["background"])
        ax.fill_between(
            x,
            curve["efficiency_low"][some],
            curve["efficiency_high"][some],
            color=colour,
            alpha=0.25,
            lw=0,
        )
        text = f"{title}: AUC = {_auc_text(area)}"
        ax.plot(x, curve["efficiency"][some], line, color=colour, label=text)
    chance = np.geomspace(smallest, 1, 200)
    ax.plot(chance, chance, color="0.6", lw=1, label="chance")
    ax.set_xscale("log")
    ax.set_xlim(smallest, 1)
    ax.set_ylim(0, 1.0)
    headroom(ax, 0.28)
    ax.set_xlabel(f"{background.capitalize()} efficiency")
    ax.set_ylabel(f"{signal.capitalize()} efficiency")
    label(ax, report.sample, f"{report.model['name']} {report.model['version']}")
    ax.legend(loc="upper right")
    return figure


def rejection(report: Report, output: str) -> Figure:
    """Background rejection against signal efficiency; a lower limit where nothing passes."""
    signal, background = _class_names(report)
    figure, ax = panel()
    for (title, made), colour, line in zip(
        discriminants(report, output), COLOURS, LINES, strict=False
    ):
        _rejection_curve(ax, made["curve"], colour, line, title)
    ax.set_yscale("log")
    ax.set_xlim(0, 1)
    ax.set_ylim(bottom=1)
    headroom(ax, 0.25)
    ax.set_xlabel(f"{signal.capitalize()} efficiency")
    ax.set_ylabel(f"{background.capitalize()} rejection")
    label(ax, report.sample, f"{report.model['name']} {report.model['version']}")
    ax.legend(loc="upper right")
    return figure


def _rejection_curve(
    ax: Axes, curve: Mapping[str, Any], colour: str, line: str, title: str
) -> None:
    x, y = curve["efficiency"], curve["rejection"]
    known = np.isfinite(y)
    ax.fill_between(
        x[known],
        curve["rejection_low"][known],
        curve["rejection_high"][known],
        color=colour,
        alpha=0.25,
        lw=0,
    )
    ax.plot(x[known], y[known], line, color=colour, label=title)
    if not known.all():
        limit = curve["rejection_low"][~known]
        ax.plot(x[~known], limit, ":", color=colour, lw=1.5, label=f"{title}, none pass: limit")


def _class_names(report: Report) -> tuple[str, str]:
    classes = report.sample["classes"]
    return classes[SIGNAL], classes[BACKGROUND]


def _auc_text(area: Mapping[str, float]) -> str:
    error = max(area["value"] - area["low"], area["high"] - area["value"])
    digits = 4 if error <= 0 else min(max(1 - int(np.floor(np.log10(error))), 2), 6)
    up, down = area["high"] - area["value"], area["value"] - area["low"]
    return f"${area['value']:.{digits}f}^{{+{up:.{digits}f}}}_{{-{down:.{digits}f}}}$"
