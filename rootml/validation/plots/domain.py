"""Inputs of a sample beside those of the training."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from rootml.validation.report import Report
from rootml.validation.style import COLOURS, headroom, label, panel_with_ratio


def domain(report: Report, summary: str) -> Figure:
    """Distribution of an input's summary here and in the training, both normalised to 1."""
    hist = report.hists[f"domain_{summary}"]
    made = report.figures["domain"]["axes"][summary]
    edges, centres = hist.axes[0].edges, hist.axes[0].centers
    total = hist.sum(flow=True)
    counts, training = hist.values(), np.asarray(made["training"])
    values, errors = counts / total, np.sqrt(counts) / total
    figure, ax, ratio = panel_with_ratio()
    ax.stairs(training, edges, color="0.45", fill=True, alpha=0.3, label="training")
    some = counts > 0
    ax.errorbar(
        centres[some], values[some], errors[some], fmt="o", ms=5, color=COLOURS[0], label="file"
    )
    both = some & (training > 0)
    ratio.axhline(1, color="0.6", lw=1)
    ratio.errorbar(
        centres[both],
        values[both] / training[both],
        errors[both] / training[both],
        fmt="o",
        ms=5,
        color=COLOURS[0],
    )
    for panel in (ax, ratio):
        for bound in (made["low"], made["high"]):
            panel.axvline(bound, color=COLOURS[1], ls="--", lw=1)
    ax.set_ylim(bottom=0)
    headroom(ax, 0.3)
    ratio.set_ylim(0.4, 1.6)
    if made["log"]:
        ratio.set_xscale("log")
    ratio.set_xlabel(hist.axes[0].label.capitalize())
    ax.set_ylabel("Fraction of events")
    ratio.set_ylabel("File / training", loc="center")
    label(ax, report.sample, f"{report.model['name']} {report.model['version']}")
    ax.legend(loc="upper right")
    return figure
