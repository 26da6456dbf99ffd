"""What stands on a plot beside the data: the experiment's label, its lines, the legend."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import mplhep as mh
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rootml.validation.comparing.series import Series, caption, status
from rootml.validation.plots.canvas import LARGE, SMALL
from rootml.validation.plots.room import GAP, Skyline
from rootml.validation.style import Style

_WRITE: dict[str, Any] = {
    "atlas": partial(mh.atlas.text, fontstyle=("italic", "normal", "normal", "normal")),
    "cms": mh.cms.text,
    "lhcb": mh.lhcb.text,
    "plain": lambda **keywords: mh.label.exp_text(
        **{"fontstyle": ("normal",) * 4, "loc": 4, **keywords}
    ),
}

LONGEST = 2.0
"""The y axis is stretched so many times at most; where more is needed, the figure grows."""

LINE = 46
"""Characters of a line below the label that fit into a panel."""

_CLEAR = 0.08
"""Inches between a label in a strip of its own and the panels below."""

CROWDED = 1.3
"""Where one column of the legend stretches the y axis more, two are tried."""

Corner = Literal["upper right", "upper left", "lower right", "lower left"]

_CORNERS: dict[Corner, float] = {
    "upper right": 1.0,
    "upper left": 1.02,
    "lower right": 1.1,
    "lower left": 1.1,
}
"""Where legends stand, and how many times less the y axis must be stretched for a later one."""

_LINES: dict[str, Any] = {"fontsize": SMALL, "linespacing": 1.35}


def finish(ax: Axes, series: Sequence[Series], style: Style, *lines: str) -> None:
    """Write label and legend, and stretch the y axis until neither covers data.

    Expects the y axis to end at the largest of the data. Where label and legend would leave too
    little to the data the figure grows. Labels of axes that are longer than their panel are
    written smaller.
    """
    texts = write_label(ax, series, style, *lines)
    legend, stretch, taken = _legend(ax, texts)
    if stretch > LONGEST:
        _grow(ax, taken)
        for text in texts:
            text.remove()
        stretch, _ = _place(ax, write_label(ax, series, style, *lines), legend)
    _stretch(ax, stretch)
    _fit_labels(ax)


def write_label(
    ax: Axes, series: Sequence[Series], style: Style, *lines: str, **keywords: Any
) -> list[Text]:
    """The experiment's name and the status, and below them what is common to all series.

    ``keywords``: of mplhep's label. Returns the texts that stand inside the panel.
    """
    written = _WRITE[style.name](
        exp=style.experiment or series[0].report.sample["title"],
        text="\N{NO-BREAK SPACE}" * (style.name == "lhcb") + (style.status or status(series)),
        lumi=_beam(style) or None,
        fontsize=(LARGE, LARGE, SMALL, SMALL),
        scilocator_adjust=False,
        ax=ax,
        **keywords,
    )
    inside = [text for text in written if text is not None and text.get_position()[1] < 1]
    below = "\n".join(filter(None, (caption(series), *lines)))
    if below and inside:
        lowest = inside[2] if len(inside) > 2 else inside[0]
        inside.append(mh.label.append_text(below, lowest, "below", ax=ax, **_LINES))
    elif below:
        inside.append(mh.label.add_text(below, "upper left", ax=ax, **_LINES))
    return inside


def header(
    figure: Figure, series: Sequence[Series], style: Style, left: float, height: float
) -> None:
    """A label in a strip of its own, ``height`` inches, above panels without free room.

    ``left``: where it begins, as a share of the figure's width. The figure grows by what the label
    needs beyond the strip.
    """
    share = height / figure.get_figheight()
    strip = figure.add_axes((left, 1 - share, 1 - left, share))
    strip.set_axis_off()
    texts = write_label(strip, series, style, loc=4)
    lowest = Bbox.union([text.get_window_extent() for text in texts]).y0
    lacking = _CLEAR - (lowest - strip.bbox.y0) / figure.dpi
    if lacking > 0:
        _add_height(figure, lacking, above=strip)


def _add_height(figure: Figure, inches: float, above: Axes) -> None:
    """Add room between one panel and all below it; each keeps its size."""
    before = figure.get_figheight()
    after = before + inches
    for ax in figure.axes:
        x, y, width, height = ax.get_position().bounds
        bottom = y * before + (inches if ax is above else 0)
        ax.set_position((x, bottom / after, width, height * before / after))
    figure.set_figheight(after)


def _beam(style: Style) -> str:
    """Energy and luminosity, in the order and form of a style."""
    energy = style.energy
    if re.fullmatch(r"[\d.]+( *[kMGT]eV)?", energy):
        energy = energy if energy.endswith("V") else f"{energy} TeV"
        energy = f"({energy})" if style.name == "cms" else f"\N{SQUARE ROOT}s = {energy}"
    lumi = style.lumi
    if re.fullmatch(r"[\d.]+", lumi):
        lumi = f"{lumi} fb$^{{-1}}$"
    if style.name == "cms":
        return " ".join(filter(None, (lumi, energy)))
    return ", ".join(filter(None, (energy, lumi)))


def _legend(ax: Axes, texts: Sequence[Text]) -> tuple[Legend, float, float]:
    """The legend where it takes least, in two columns if that is much better, and its needs."""
    legend = _columns(ax, 1)
    stretch, taken = _place(ax, texts, legend)
    if stretch > CROWDED and len(legend.get_texts()) > 3:
        wide = _columns(ax, 2)
        better, less = _place(ax, texts, wide)
        if better < 0.95 * stretch and wide.get_window_extent().width < ax.bbox.width:
            return wide, better, less
        legend = _columns(ax, 1)
        stretch, taken = _place(ax, texts, legend)
    return legend, stretch, taken


def _columns(ax: Axes, columns: int) -> Legend:
    """A legend, its texts broken where it would be wider than the panel."""
    legend = ax.legend(loc="upper right", borderaxespad=0.4, ncols=columns, columnspacing=1.2)
    width = legend.get_window_extent().width / ax.bbox.width
    if width > 1 and columns == 1:
        longest = max(len(text.get_text()) for text in legend.get_texts())
        for text in legend.get_texts():
            text.set_text(textwrap.fill(text.get_text(), max(int(0.85 * longest / width), 10)))
    return legend


def _place(ax: Axes, texts: Sequence[Text], legend: Legend) -> tuple[float, float]:
    """Put the legend where the y axis must be stretched least.

    Returns how many times, and the share of the panel's height that label and legend take.
    """
    skyline, to_axes = Skyline.of(ax), ax.transAxes.inverted()
    label = Bbox.from_extents(0, 1, 0, 1)
    if texts:
        label = Bbox.union([text.get_window_extent() for text in texts]).transformed(to_axes)
        label = Bbox.from_extents(label.x0, label.y0, label.x1 + GAP / 2, label.y1)
    alone = skyline.stretch([label])
    needs: dict[Corner, float] = {}
    for place in _CORNERS:
        box = _move(legend, ax, place, label.y0).transformed(to_axes)
        if place.startswith("lower"):
            needs[place] = alone if skyline.clears(box, alone) else np.inf
        else:
            needs[place] = np.inf if box.overlaps(label) else skyline.stretch([label, box])
    best = min(needs, key=lambda place: needs[place] * _CORNERS[place])
    box = _move(legend, ax, best, label.y0).transformed(to_axes)
    return needs[best], 1 - min(label.y0, box.y0)


def _move(legend: Legend, ax: Axes, place: Corner, below: float) -> Bbox:
    """Put the legend into a corner of the panel, on the upper left ``below`` the label."""
    legend.set_loc(place)
    top = below if place == "upper left" else 1.0
    legend.set_bbox_to_anchor((0.0, 0.0, 1.0, top), ax.transAxes)
    return legend.get_window_extent()


def _grow(ax: Axes, taken: float) -> None:
    """Make the figure so high that label and legend leave a share 1 / LONGEST of the panel."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    times = taken / (1 - 1 / LONGEST - GAP)
    margins = figure.subplotpars
    figure.set_figheight(figure.get_figheight() * times)
    figure.subplots_adjust(bottom=margins.bottom / times, top=1 - (1 - margins.top) / times)


def _stretch(ax: Axes, times: float) -> None:
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log":
        ax.set_ylim(low, low * (high / low) ** times)
    else:
        ax.set_ylim(low, low + (high - low) * times)


def _fit_labels(ax: Axes) -> None:
    """Write labels of axes smaller where they are longer than their panel."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    for one in figure.axes:
        panel = one.get_window_extent()
        for text, length in ((one.xaxis.label, panel.width), (one.yaxis.label, panel.height)):
            extent = text.get_window_extent()
            needed = max(extent.width, extent.height)
            if needed > length:
                text.set_fontsize(float(text.get_fontsize()) * length / needed)
