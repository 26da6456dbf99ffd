"""Figures, panels and ticks: one size and one table of font sizes for all plots."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import mplhep
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from rootml.spec import Array
from rootml.validation.style import Look, Style, upper_first

WIDTH, HEIGHT = 6.4, 4.8
"""Size of a figure in inches. In a column 8 cm wide, 13 points become 6.4, which one can read."""

SMALL, MEDIUM, LARGE = 13, 14, 16
"""Points of legends, of numbers on axes, and of labels."""

_STYLES: dict[str, Any] = {
    "atlas": mplhep.style.ATLAS,
    "cms": mplhep.style.CMS,
    "lhcb": mplhep.style.LHCb2,
    "plain": {
        "legend.frameon": False,
        "xaxis.labellocation": "right",
        "xtick.minor.visible": True,
        "yaxis.labellocation": "top",
        "ytick.minor.visible": True,
    },
}

_COMMON: Any = {
    "axes.autolimit_mode": "data",
    "axes.formatter.limits": (-4, 6),
    "axes.formatter.use_mathtext": False,
    "axes.labelpad": 6,
    "axes.labelsize": LARGE,
    "axes.linewidth": 1,
    "axes.titlesize": SMALL,
    "axes.titley": 1.0,  # or ticks are measured once more in every drawing, to find a place
    "axes.unicode_minus": True,
    "errorbar.capsize": 0,
    "figure.dpi": 150,
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.subplot.right": 0.96,
    "font.size": SMALL,
    "image.cmap": "viridis",
    "legend.borderpad": 0.3,
    "legend.fontsize": SMALL,
    "legend.handlelength": 1.8,
    "legend.labelspacing": 0.3,
    "lines.linewidth": 2,
    "lines.markeredgewidth": 1,
    "lines.markersize": 5,
    "mathtext.default": "regular",
    "patch.linewidth": 1,
    "pdf.fonttype": 3,  # the fonts of mplhep are CFF, of which type 42 makes broken files
    "savefig.bbox": None,
    "savefig.dpi": 150,
    "svg.hashsalt": "rootml",
    **{
        f"{axis}tick.{part}": value
        for axis in "xy"
        for part, value in {
            "labelsize": MEDIUM,
            "major.pad": 5,
            "major.size": 7,
            "major.width": 1,
            "minor.pad": 5,
            "minor.size": 3.5,
            "minor.width": 0.8,
        }.items()
    },
}


def settings(style: Style) -> Any:
    """The settings of matplotlib for a style: mplhep's own, in the common sizes."""
    above = style.name in ("cms", "lhcb")  # these write above the panel
    plain = style.name == "plain"  # its font is wider and higher
    margins = {
        "figure.subplot.bottom": 0.17 if plain else 0.15,
        "figure.subplot.left": 0.2 if plain else 0.18,
        "figure.subplot.top": 0.91 if above else 0.95,
    }
    return {**_STYLES[style.name], **_COMMON, **margins}


@contextmanager
def drawing(style: Style) -> Iterator[None]:
    """Draw and save inside this: nothing of the style stays behind."""
    with mpl.rc_context(), _quiet_fonts():
        mpl.rcdefaults()
        mpl.rcParams.update(settings(style))
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
        2, sharex=True, gridspec_kw={"height_ratios": (2.6, 1), "hspace": 0.07}
    )
    lower.set_ylabel(label, loc="center", size=SMALL)
    return figure, main, lower


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


def variable_axis(ax: Axes, about: Mapping[str, Any], bins: Array) -> None:
    """The axis of a variable with ``bins`` (bin, 2), and its ``title`` and ``unit``.

    Logarithmic where the variable is (``log``), or all bins but the first span a decade.
    """
    low, high = bins.min(), bins.max()
    logarithmic = about.get("log") or (low > 0 and 10 * bins[:, 1].min() < high)
    if logarithmic:
        ax.set_xscale("log")
    ax.set_xlim(low, high)
    if logarithmic:
        plain_ticks(ax.xaxis)
    unit = f" [{about['unit']}]" if about["unit"] else ""
    ax.set_xlabel(upper_first(about["title"]) + unit)


def within(ax: Axes, low: Array, high: Array, share: float) -> Array:
    """Places at a share of the way through each bin, as wide as the axis shows it."""
    if ax.get_xscale() == "log":
        return np.asarray(low ** (1 - share) * high**share)
    return np.asarray(low + share * (high - low))


def ratio_points(ax: Axes, x: Array, ratio: Array, errors: Array, as_: Look) -> None:
    """Points in a ratio panel; a triangle at its edge where one lies beyond."""
    ax.errorbar(x, ratio, errors, fmt=as_.marker, ms=4, lw=1.2, color=as_.colour)
    low, high = ax.get_ylim()
    inset = 0.07 * (high - low)
    for beyond, at, marker in (
        (ratio > high, high - inset, "^"),
        (ratio < low, low + inset, "v"),
    ):
        ax.plot(x[beyond], np.full(beyond.sum(), at), marker, ms=6, mfc="white", color=as_.colour)
