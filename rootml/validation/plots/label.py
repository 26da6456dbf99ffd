"""What stands on a plot beside the data: the experiment's label, its lines, the legend."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any

import mplhep as mh
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from rootml.validation.plots.canvas import LARGE, SMALL
from rootml.validation.series import Series, caption, status
from rootml.validation.style import Style

_WRITE: dict[str, Any] = {
    "atlas": mh.atlas.text,
    "cms": mh.cms.text,
    "lhcb": mh.lhcb.text,
    "plain": lambda **keywords: mh.label.exp_text(
        **{"fontstyle": ("normal",) * 4, "loc": 4, **keywords}
    ),
}

GAP = 0.03
"""Free share of a panel between its label or legend and the data."""

ROOM = 0.5
"""Share of a panel that label and legend may take; where they need more, the figure grows."""

_LINES: dict[str, Any] = {"fontsize": SMALL, "linespacing": 1.35}


def finish(ax: Axes, series: Sequence[Series], style: Style, *lines: str) -> None:
    """Write label and legend above the data, and make room for both.

    Expects the y axis to end at the largest of the data.
    """
    texts = write_label(ax, series, style, *lines)
    legend = _legend(ax)
    taken = _place(ax, texts, legend)
    if taken > ROOM:
        _grow(ax, taken)
        for text in texts:
            text.remove()
        taken = _place(ax, write_label(ax, series, style, *lines), legend)
    _headroom(ax, taken + GAP)


def write_label(
    ax: Axes, series: Sequence[Series], style: Style, *lines: str, **keywords: Any
) -> list[Text]:
    """The experiment's name and the status, and below them what is common to all series.

    ``keywords``: of mplhep's label. Returns the texts that stand inside the panel.
    """
    written = _WRITE[style.name](
        exp=style.experiment or series[0].report.sample["title"],
        text=style.status or status(series),
        lumi=_beam(style) or None,
        fontsize=(LARGE, LARGE, SMALL, SMALL),
        scilocator_adjust=False,
        ax=ax,
        **keywords,
    )
    inside = [text for text in written if text is not None and text.get_position()[1] < 1]
    below = "\n".join(filter(None, (caption(series), *lines)))
    if below and inside:
        lowest = min(inside, key=lambda text: text.get_position()[1])
        lowest = inside[0] if lowest is inside[1] else lowest
        inside.append(mh.label.append_text(below, lowest, "below", ax=ax, **_LINES))
    elif below:
        inside.append(mh.label.add_text(below, "upper left", ax=ax, **_LINES))
    return inside


def header(
    figure: Figure, series: Sequence[Series], style: Style, left: float, height: float
) -> None:
    """A label in a strip of its own, ``height`` inches, above panels without free room.

    ``left``: where it begins, as a share of the figure's width.
    """
    share = height / figure.get_figheight()
    strip = figure.add_axes((left, 1 - share, 1 - left, share))
    strip.set_axis_off()
    write_label(strip, series, style, loc=4)


def _beam(style: Style) -> str:
    """Energy and luminosity, in the order and form of a style."""
    energy = style.energy
    if re.fullmatch(r"[\d.]+( *[kMGT]eV)?", energy):
        energy = energy if energy.endswith("V") else f"{energy} TeV"
        energy = f"({energy})" if style.name == "cms" else rf"$\sqrt{{s}}$ = {energy}"
    lumi = style.lumi
    if re.fullmatch(r"[\d.]+", lumi):
        lumi = f"{lumi} fb$^{{-1}}$"
    if style.name == "cms":
        return " ".join(filter(None, (lumi, energy)))
    return ", ".join(filter(None, (energy, lumi)))


def _legend(ax: Axes) -> Legend:
    """The legend, its texts broken where it would be wider than the panel."""
    legend = ax.legend(loc="upper right", borderaxespad=0.4)
    width = legend.get_window_extent().width / ax.get_window_extent().width
    if width > 1:
        longest = max(len(text.get_text()) for text in legend.get_texts())
        for text in legend.get_texts():
            text.set_text(textwrap.fill(text.get_text(), max(int(0.85 * longest / width), 10)))
    return legend


def _place(ax: Axes, texts: list[Text], legend: Legend) -> float:
    """Put the legend beside the label or, where that is too narrow, below it; the share taken."""
    legend.set_loc("upper right")
    legend.set_bbox_to_anchor((0, 0, 1, 1), ax.transAxes)
    to_axes = ax.transAxes.inverted()
    right = legend.get_window_extent().transformed(to_axes)
    if not texts:
        return float(1 - right.y0)
    left = Bbox.union([text.get_window_extent() for text in texts]).transformed(to_axes)
    if left.x1 > right.x0:
        legend.set_loc("upper left")
        legend.set_bbox_to_anchor((0.0, left.y0), ax.transAxes)
        right = right.translated(0, left.y0 - 1)
    return float(1 - min(left.y0, right.y0))


def _grow(ax: Axes, taken: float) -> None:
    """Make the figure higher, until label and legend take no more than ROOM of the panel."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    width, height = figure.get_size_inches()
    panel = ax.get_position().height * height
    figure.set_size_inches(width, height * (1 + panel * (taken / ROOM - 1) / panel))


def _headroom(ax: Axes, share: float) -> None:
    """Extend the y axis upwards so that ``share`` of the panel stays free."""
    low, high = ax.get_ylim()
    stretch = 1 / (1 - min(share, 0.7))
    if ax.get_yscale() == "log":
        ax.set_ylim(low, low * (high / low) ** stretch)
    else:
        ax.set_ylim(low, low + (high - low) * stretch)
