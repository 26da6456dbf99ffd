"""Precision against recall, in a sample of the composition it has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.label import finish
from rootml.validation.plots.roc import BAND, class_names, rounded
from rootml.validation.style import Style, upper_first


def draw_precision_recall(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Purity of what passes against signal efficiency; dotted: without any cut."""
    signal, _ = class_names(series)
    figure, ax = panel()
    for one in series:
        made = one.report.figures["outputs"][output]["precision_recall"]
        names = "recall", "precision", "precision_low", "precision_high"
        curves = np.array([made[name] for name in names], np.float64)
        recall, value, low, high = curves[:, np.argsort(curves[0], kind="stable")]
        ax.fill_between(recall, low, high, color=one.look.colour, **BAND)
        ax.plot(recall, value, **one.look.line, label=f"{one.title}, AP {rounded(made['average'])}")
        ax.axhline(made["signal_share"], color=one.look.colour, ls=":", lw=1.5)
    ax.plot([], [], ":", color="0.3", lw=1.5, label="without a cut")
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_xlabel(upper_first(f"{signal} efficiency (recall)"))
    ax.set_ylabel(upper_first(f"{signal} purity (precision)"))
    finish(ax, series, style)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 21), minor=True)
    return figure
