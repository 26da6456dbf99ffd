"""How every plot looks: the ATLAS style of mplhep, one size, colours for all eyes."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import mplhep
from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito, Color Universal Design, 2008; the pale yellow is left out."""

SIZE = (8.0, 6.0)
"""Width and height in inches."""

LINES = ("-", "--", "-.", ":")

_SETTINGS: dict[str, Any] = {
    "axes.unicode_minus": False,
    "axes.autolimit_mode": "data",
    "figure.figsize": SIZE,
    "legend.fontsize": 13,
    "legend.borderpad": 0.2,
    "pdf.fonttype": 42,
    "svg.hashsalt": "rootml",
    "savefig.dpi": 150,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw and save inside this: nothing of the style stays behind."""
    with mpl.rc_context():
        mpl.rcParams.update(mplhep.style.ATLAS)
        mpl.rcParams.update(_SETTINGS)
        with _quiet_fonts():
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


def panel_with_ratio() -> tuple[Figure, Axes, Axes]:
    """A figure with a main panel and a lower one for the ratio, sharing the x axis."""
    figure = Figure()
    main, ratio = figure.subplots(
        2, sharex=True, gridspec_kw={"height_ratios": (3, 1), "hspace": 0.06}
    )
    main.tick_params(labelbottom=False)
    return figure, main, ratio


def label(ax: Axes, sample: Mapping[str, Any], *lines: str) -> None:
    """Write the experiment's name, the status and further lines into the upper left corner."""
    name = ax.annotate(
        sample["label"],
        (0, 1),
        (14, -12),
        xycoords="axes fraction",
        textcoords="offset points",
        va="top",
        weight="bold",
        style="italic",
        size=16,
    )
    ax.annotate(
        sample["status"],
        (1, 0),
        (6, 0),
        xycoords=name,
        textcoords="offset points",
        va="bottom",
        size=16,
    )
    ax.annotate(
        "\n".join(lines),
        (0, 0),
        (0, -6),
        xycoords=name,
        textcoords="offset points",
        va="top",
        size=13,
        linespacing=1.3,
    )


def headroom(ax: Axes, share: float) -> None:
    """Extend the y axis upwards so that ``share`` of the panel stays free for label and legend."""
    low, high = ax.get_ylim()
    if ax.get_yscale() == "log":
        ax.set_ylim(low, low * (high / low) ** (1 / (1 - share)))
    else:
        ax.set_ylim(low, low + (high - low) / (1 - share))
