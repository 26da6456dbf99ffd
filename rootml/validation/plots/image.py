"""Average image of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from rootml.validation.histograms import identifier
from rootml.validation.report import Report
from rootml.validation.style import SIZE


def image(report: Report, tensor: str) -> Figure:
    """Mean of a tensor over the events of each class, on one colour scale."""
    shown = _panels(report, tensor)
    figure = Figure(figsize=(SIZE[0], SIZE[1]), layout="constrained")
    axes = figure.subplots(len(shown), sharex=True, sharey=True, squeeze=False)[:, 0]
    norm = _norm(np.concatenate([hist.values().ravel() for _, hist in shown]))
    for ax, (title, hist) in zip(axes, shown, strict=True):
        rows, columns = hist.axes
        mesh = ax.pcolormesh(
            columns.edges - 0.5, rows.edges - 0.5, hist.values(), norm=norm, rasterized=True
        )
        ax.invert_yaxis()
        ax.set_ylabel(rows.label.capitalize())
        ax.set_title(title, loc="left")
    axes[-1].set_xlabel(columns.label.capitalize())
    figure.colorbar(mesh, ax=list(axes), label=report.sample["images"][tensor])
    return figure


def _panels(report: Report, tensor: str) -> list[tuple[str, Any]]:
    found = []
    for name in (*report.sample["classes"], "unlabelled"):
        stem = f"image_{tensor}_{identifier(name)}"
        found += [(name, hist) for key, hist in report.hists.items() if key == stem]
    return found


def _norm(values: Any) -> Normalize:
    positive = values[values > 0]
    if not len(positive):
        return Normalize()
    return LogNorm(max(positive.min(), positive.max() / 1e4), positive.max())
