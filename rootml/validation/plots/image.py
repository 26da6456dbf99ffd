"""Average image of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.figures.histograms import class_title, components
from rootml.validation.plots.canvas import HEIGHT, SMALL, WIDTH, plain_ticks
from rootml.validation.plots.label import header
from rootml.validation.report import Report
from rootml.validation.style import Style, count, upper_first

DECADES = 5
"""Means smaller than the largest by more than as many powers of ten look alike."""

_LEFT, _RIGHT, _BOTTOM, _TOP, _DOWN, _BAR = 0.85, 1.0, 0.65, 0.85, 0.4, 0.18
"""Margins, gap between panels, and width of the colour bar, in inches."""


def draw_image(series: Sequence[Series], tensor: str, style: Style) -> Figure:
    """Mean image of the events of each class, on one colour scale."""
    report = series[0].report
    shown = _panels(report, tensor)
    figure, axes, beside = _page(len(shown))
    norm = _norm(np.concatenate([hist.values().ravel() for _, hist in shown]))
    for ax, (title, hist) in zip(axes, shown, strict=True):
        mesh = _draw(ax, hist, norm)
        ax.set_title(title, loc="right", size=SMALL)
    axes[0].invert_yaxis()
    axes[-1].set_xlabel(upper_first(shown[0][1].axes[1].label))
    header(figure, series, style, axes[0].get_position().x0, _TOP)
    bar = figure.colorbar(mesh, cax=beside)
    if isinstance(norm, LogNorm):
        plain_ticks(bar.ax.yaxis)
    bar.set_label(f"Mean of {report.sample['images'][tensor.removesuffix('_centred')]}", loc="top")
    return figure


def _page(panels: int) -> tuple[Figure, list[Axes], Axes]:
    """A figure with panels above each other, and axes for a colour bar beside them."""
    height = max(HEIGHT, _TOP + _BOTTOM + panels * (1.1 + _DOWN))
    figure = Figure(figsize=(WIDTH, height))
    grid = figure.add_gridspec(
        panels,
        2,
        left=_LEFT / WIDTH,
        right=1 - _RIGHT / WIDTH,
        bottom=_BOTTOM / height,
        top=1 - _TOP / height,
        width_ratios=(WIDTH - _LEFT - _RIGHT - 2 * _BAR, _BAR),
        wspace=2 * _BAR / (WIDTH - _LEFT - _RIGHT),
        hspace=_DOWN * panels / (height - _TOP - _BOTTOM - (panels - 1) * _DOWN),
    )
    first = figure.add_subplot(grid[0, 0])
    others = [figure.add_subplot(grid[i, 0], sharex=first, sharey=first) for i in range(1, panels)]
    for ax in [first, *others][:-1]:
        ax.tick_params(labelbottom=False)
    return figure, [first, *others], figure.add_subplot(grid[:, 1])


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
