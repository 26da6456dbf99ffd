"""Permutation importance: what each input is worth, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import SMALL, WIDTH
from rootml.validation.plots.label import header
from rootml.validation.style import Style, count, upper_first

MOST = 25
"""So many inputs are drawn, the worthiest."""

HIDES = 100.0
"""An input so many times worthier than the median hides the others on a linear axis."""

_ROW, _TOP, _BOTTOM, _RIGHT = 0.27, 1.0, 0.7, 0.25
"""Height of a bar and margins, in inches."""


def draw_importance(series: Sequence[Series], output: str, style: Style) -> Figure:
    """How much worse a network is when one of its inputs is exchanged between events."""
    made = [_of(one, output) for one in series]
    names = [part["name"] for part in made[0]["inputs"]][:MOST]
    height = _TOP + _ROW * max(len(names), 3) + _BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    ax = figure.add_axes((0.3, _BOTTOM / height, 0.6, 1 - (_TOP + _BOTTOM) / height))
    thick = 0.75 / len(series)
    for i, (one, figures) in enumerate(zip(series, made, strict=True)):
        parts = {part["name"]: part for part in figures["inputs"]}
        rows = [(y, parts[name]) for y, name in enumerate(names) if name in parts]
        y = np.array([y for y, _ in rows]) + (i - (len(series) - 1) / 2) * thick
        x, spread = ([part[key] for _, part in rows] for key in ("loss", "spread"))
        ax.barh(y, x, thick, color=one.look.colour, label=one.title)
        ax.errorbar(x, y, xerr=spread, fmt="none", ecolor="black", elinewidth=1.2, capsize=2)
    ax.axvline(0, color="black", lw=1)
    ax.set_yticks(range(len(names)), names, size=SMALL)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", which="both", length=0)
    _scale(ax, [part["loss"] for figures in made for part in figures["inputs"]])
    ax.set_xlabel(upper_first(made[0]["metric"]), loc="right")
    ax.margins(x=0.06)
    _fit(figure)
    header(figure, series, style, ax.get_position().x0, _TOP)
    ax.set_title(_caption(made[0], len(names)), loc="right", size=SMALL)
    if len(series) > 1:
        place = 1 - _RIGHT / WIDTH, 1
        figure.legend(loc="upper right", bbox_to_anchor=place, ncols=-(-len(series) // 2))
    return figure


def _scale(ax: Axes, losses: Sequence[float]) -> None:
    """A logarithmic axis beyond the median loss where one input hides all others."""
    positive = [loss for loss in losses if loss > 0]
    if positive and max(positive) > HIDES * np.median(positive):
        linear = 10.0 ** np.floor(np.log10(np.median(positive)))
        ax.set_xscale("symlog", linthresh=linear, linscale=0.5)
        ax.xaxis.set_major_locator(FixedLocator([0, *_decades(linear, max(positive))]))
        ax.xaxis.set_minor_locator(NullLocator())
    else:
        ax.xaxis.set_major_locator(MaxNLocator(5))


def _decades(first: float, last: float) -> list[float]:
    """Powers of ten from the first to beyond the last, every second one of many."""
    powers = np.arange(np.log10(first), np.log10(last) + 1)
    return [*(10.0 ** powers[:: 1 + len(powers) // 6])]


def _of(one: Series, output: str) -> Mapping[str, Any]:
    figures: Mapping[str, Any] = one.report.figures["importance"][output]
    return figures


def _caption(figures: Mapping[str, Any], shown: int) -> str:
    total = len(figures["inputs"])
    best = f"best {shown} of {total} inputs, " if shown < total else ""
    return f"{best}{count(figures['events'])} events, {figures['repeats']} permutations"


def _fit(figure: Figure) -> None:
    """Begin the panel where the names of the inputs end."""
    ax = figure.axes[0]
    widest = max(label.get_window_extent().width for label in ax.get_yticklabels())
    left = min(widest / figure.dpi / WIDTH + 0.03, 0.6)
    box = ax.get_position()
    ax.set_position((left, box.y0, 1 - left - _RIGHT / WIDTH, box.height))
