"""Average image of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rootml.spec import Array
from rootml.validation.histograms import class_title, components
from rootml.validation.report import Report
from rootml.validation.style import count, plain_ticks, upper_first, write_title

DECADES = 5
"""Means smaller than the largest by more than as many powers of ten look alike."""


def draw_image(report: Report, tensor: str) -> Figure:
    """Mean of a tensor over the events of each class, on one colour scale."""
    shown = _panels(report, tensor)
    figure = Figure(figsize=(8.0, max(6.0, 1.5 * len(shown))), layout="constrained")
    axes = figure.subplots(len(shown), sharex=True, sharey=True, squeeze=False)[:, 0]
    norm = _norm(np.concatenate([hist.values().ravel() for _, hist in shown]))
    for ax, (title, hist) in zip(axes, shown, strict=True):
        mesh = _draw(ax, hist, norm)
        ax.set_title(title, loc="right", size=13)
    axes[0].invert_yaxis()
    axes[-1].set_xlabel(upper_first(shown[0][1].axes[1].label))
    write_title(axes[0], report.sample)
    bar = figure.colorbar(mesh, ax=list(axes), aspect=30, pad=0.02)
    if isinstance(norm, LogNorm):
        plain_ticks(bar.ax.yaxis)
    bar.set_label(f"Mean of {report.sample['images'][tensor.removesuffix('_centred')]}", loc="top")
    return figure


def _panels(report: Report, tensor: str) -> list[tuple[str, Any]]:
    """Title and histogram of each class that has events, and of each channel."""
    events = report.figures["events"]["classes"]
    panels = []
    for channel, hists in components(report, f"image_{tensor}"):
        for name, hist in hists.items():
            title = class_title(report, name)
            judged = count(events[name]["judged"])
            panels.append((", ".join(filter(None, (title, channel, judged))), hist))
    return panels


def _draw(ax: Axes, hist: Any, norm: Normalize) -> Any:
    rows, columns = hist.axes
    values = hist.values() if norm.vmin is None else np.maximum(hist.values(), norm.vmin)
    mesh = ax.pcolormesh(columns.edges - 0.5, rows.edges - 0.5, values, norm=norm, rasterized=True)
    ax.set_ylabel(upper_first(rows.label))
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    ax.minorticks_off()
    ax.tick_params(direction="out", top=False, right=False, length=4)
    return mesh


def _norm(values: Array) -> Normalize:
    """Logarithmic over DECADES where anything is above zero."""
    top = values.max()
    if not top > 0:
        return Normalize(values.min(), top)
    positive = values[values > 0]
    return LogNorm(max(positive.min(), top / 10**DECADES), top)
