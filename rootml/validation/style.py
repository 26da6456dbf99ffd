"""How every plot looks: the ATLAS style of mplhep, one size, colours for all eyes."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter
from matplotlib.transforms import Bbox

from rootml.spec import Array

if TYPE_CHECKING:
    from rootml.validation.report import Report

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito, Color Universal Design, 2008; the pale yellow is left out."""

_DASHES = ("-", "--", "-.", ":")

_MARKERS = ("o", "s", "D", "^")

SETTINGS: Any = {
    **mplhep.style.ATLAS,
    "axes.autolimit_mode": "data",
    "axes.formatter.limits": (-3, 5),
    "axes.formatter.use_mathtext": False,
    "axes.labelsize": 17,
    "axes.unicode_minus": True,
    "figure.figsize": (8.0, 6.0),
    "figure.subplot.bottom": 0.13,
    "figure.subplot.left": 0.14,
    "figure.subplot.right": 0.96,
    "figure.subplot.top": 0.96,
    "image.cmap": "viridis",
    "legend.borderpad": 0.3,
    "legend.fontsize": 13,
    "mathtext.default": "regular",
    "pdf.fonttype": 42,
    "savefig.dpi": 150,
    "svg.hashsalt": "rootml",
    "xtick.labelsize": 14,
    "ytick.labelsize": 14,
    "ytick.major.size": 8,
    "ytick.minor.size": 4,
}


@dataclass(frozen=True)
class Look:
    """Colour, dashes and marker that tell one series from the others."""

    colour: str
    dashes: str
    marker: str

    @property
    def line(self) -> dict[str, Any]:
        """Keywords of a line."""
        return {"color": self.colour, "ls": self.dashes}


def look(i: int) -> Look:
    """How the i-th series is drawn."""
    return Look(COLOURS[i % len(COLOURS)], _DASHES[i % 4], _MARKERS[i % 4])


@contextmanager
def style() -> Iterator[None]:
    """Draw and save inside this: nothing of the style stays behind."""
    with mpl.rc_context(SETTINGS), _quiet_fonts():
        yield


@contextmanager
def _quiet_fonts() -> Iterator[None]:
    """Spare users the note that a font of the list is not installed: the next one is taken."""
    logger = logging.getLogger("matplotlib.font_manager")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def panel() -> tuple[Figure, Axes]:
    """A figure with one panel."""
    figure = Figure()
    return figure, figure.subplots()


def panel_with_ratio(ratio: str) -> tuple[Figure, Axes, Axes]:
    """A figure with a main panel and, below it, one for the ratio called ``ratio``."""
    figure, main, lower = panel_with_lower(ratio)
    lower.axhline(1, color="0.6", lw=1)
    lower.set_ylim(0.4, 1.6)
    lower.set_yticks((0.5, 1.0, 1.5))
    return figure, main, lower


def panel_with_lower(label: str) -> tuple[Figure, Axes, Axes]:
    """A figure with a main panel and, below it, one for the quantity ``label``."""
    figure = Figure()
    main, lower = figure.subplots(
        2, sharex=True, gridspec_kw={"height_ratios": (3, 1), "hspace": 0.07}
    )
    lower.set_ylabel(label, loc="center", size=14)
    return figure, main, lower


def finish(ax: Axes, report: Report, *lines: str) -> None:
    """Write label and legend above the data, and make room for both.

    Expects the y axis to end at the largest of the data.
    """
    title = f"{report.model['name']} {report.model['version']}"
    texts = write_label(ax, report.sample, "\n".join((title, *lines)))
    legend = ax.legend(loc="upper right", borderaxespad=0.4)
    to_axes = ax.transAxes.inverted()
    left = Bbox.union([text.get_window_extent() for text in texts]).transformed(to_axes)
    right = legend.get_window_extent().transformed(to_axes)
    if left.x1 > right.x0:
        legend.set_loc("upper left")
        legend.set_bbox_to_anchor((0.0, left.y0), ax.transAxes)
        right = right.translated(0, left.y0 - 1)
    _headroom(ax, 1 - min(left.y0, right.y0) + 0.03)


def write_label(
    ax: Axes,
    sample: Mapping[str, Any],
    below: str,
    place: Any = "axes fraction",
    offset: tuple[float, float] = (16, -12),
) -> list[Annotation]:
    """The experiment's name and the status of the sample, and lines below them.

    They stand ``offset`` points from the upper left corner of the coordinates ``place``.
    """
    name = ax.annotate(
        sample["title"],
        (0, 1),
        offset,
        xycoords=place,
        textcoords="offset points",
        va="top",
        weight="bold",
        style="italic",
        size=16,
    )
    beside: dict[str, Any] = {"textcoords": "offset points", "xycoords": name}
    status = ax.annotate(sample["status"], (1, 0), (6, 0), va="bottom", size=16, **beside)
    lines = ax.annotate(below, (0, 0), (0, -5), va="top", size=13, linespacing=1.35, **beside)
    return [name, status, lines]


def write_title(ax: Axes, sample: Mapping[str, Any]) -> None:
    """The experiment's name and the status of the sample above a panel without free room."""
    place: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "size": 16}
    name = ax.annotate(
        sample["title"],
        (0, 1),
        (0, 6),
        xycoords="axes fraction",
        weight="bold",
        style="italic",
        **place,
    )
    ax.annotate(sample["status"], (1, 0), (6, 0), xycoords=name, **place)


def _headroom(ax: Axes, share: float) -> None:
    """Extend the y axis upwards so that ``share`` of the panel stays free."""
    low, high = ax.get_ylim()
    stretch = 1 / (1 - min(share, 0.7))
    if ax.get_yscale() == "log":
        ax.set_ylim(low, low * (high / low) ** stretch)
    else:
        ax.set_ylim(low, low + (high - low) * stretch)


def plain_ticks(axis: Axis) -> None:
    """Plain numbers on a logarithmic axis, where it spans little; else powers of ten stay."""
    low, high = axis.get_view_interval()
    if high / low > 300 or low < 1e-3 or high > 1e5:
        return
    decades = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)))
    steps = (1, 2, 5) if high / low > 5 else (1, 2, 3, 4, 5, 6, 8)
    ticks = np.outer(decades, steps).ravel()
    axis.set_major_locator(FixedLocator(list(ticks[(ticks >= low) & (ticks <= high)])))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    axis.set_minor_formatter(NullFormatter())


def ratio_points(ax: Axes, x: Array, ratio: Array, errors: Array, colour: str) -> None:
    """Points in a ratio panel; a triangle at its edge where one lies beyond."""
    ax.errorbar(x, ratio, errors, fmt="o", ms=4, lw=1.5, color=colour)
    low, high = ax.get_ylim()
    inset = 0.07 * (high - low)
    for beyond, at, marker in (
        (ratio > high, high - inset, "^"),
        (ratio < low, low + inset, "v"),
    ):
        ax.plot(x[beyond], np.full(beyond.sum(), at), marker, ms=6, mfc="white", color=colour)


def upper_first(text: str) -> str:
    """A text that begins a label: ``energy [GeV]`` becomes ``Energy [GeV]``."""
    return text[:1].upper() + text[1:]


def words(name: str) -> str:
    """The name of a column as it stands in a sentence: ``truth_momentum``, truth momentum."""
    return re.sub(r"[\W_]+", " ", name)


def count(events: int) -> str:
    """A number of events, in groups of three digits."""
    return f"{events:,}".replace(",", "\u2009")
