"""Rejection against energy at a fixed signal efficiency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.plots.roc import discriminants
from rootml.validation.report import Report
from rootml.validation.separation import BACKGROUND, FIXED_EFFICIENCY, SIGNAL
from rootml.validation.style import COLOURS, headroom, label, panel

MARKERS = ("o", "s", "D", "^")


def rejection_vs_energy(report: Report, output: str) -> Figure:
    """Rejection in bins of energy, each cut at the same signal efficiency of its own bin."""
    classes = report.sample["classes"]
    figure, ax = panel()
    shown = [item for item in discriminants(report, output) if "rejection_vs_energy" in item[1]]
    for i, (title, made) in enumerate(shown):
        shift = 1 + 0.02 * (i - (len(shown) - 1) / 2)
        _points(ax, made["rejection_vs_energy"], COLOURS[i], MARKERS[i % 4], shift, title)
    ax.set_xscale("log")
    ax.set_yscale("log")
    headroom(ax, 0.3)
    ax.set_xlabel("Energy [GeV]")
    ax.set_ylabel(f"{classes[BACKGROUND].capitalize()} rejection")
    label(
        ax,
        report.sample,
        f"{report.model['name']} {report.model['version']}",
        f"{FIXED_EFFICIENCY:.0%} {classes[SIGNAL]} efficiency in each bin",
    )
    ax.legend(loc="upper right")
    return figure


def _points(
    ax: Axes,
    rows: Sequence[Mapping[str, Any]],
    colour: str,
    marker: str,
    shift: float,
    title: str,
) -> None:
    rows = [row for row in rows if row["cut"] is not None]
    edges = np.array([(row["energy_low"], row["energy_high"]) for row in rows]).reshape(-1, 2)
    y = np.array([list(row["cut"]["rejection"].values()) for row in rows]).reshape(-1, 3)
    x = np.sqrt(edges.prod(axis=1)) * shift
    widths = np.abs(edges.T - x)
    known = np.isfinite(y[:, 0])
    value, low, high = y[known].T
    ax.errorbar(
        x[known],
        value,
        (value - low, high - value),
        xerr=widths[:, known],
        fmt=marker,
        ms=6,
        lw=1.5,
        color=colour,
        label=title,
    )
    if not known.all():
        limit = y[~known, 1]
        ax.errorbar(
            x[~known],
            limit,
            (np.zeros_like(limit), 0.6 * limit),
            xerr=widths[:, ~known],
            lolims=True,
            fmt=marker,
            mfc="white",
            ms=6,
            lw=1.5,
            color=colour,
            label=f"{title}, lower limit",
        )
