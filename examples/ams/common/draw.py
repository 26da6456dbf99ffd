"""The plots of the studies, in the style of rootml's own."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from common.judged import Judged
from common.learning import Point, PowerLaw
from common.talk import EFFICIENCY, TITLES
from rootml.validation import Separation, Style
from rootml.validation.plots.canvas import panel, plain_ticks
from rootml.validation.plots.label import finish
from rootml.validation.plots.roc import BAND
from rootml.validation.statistics.dependence import Slice
from rootml.validation.style import Look, look

FROM_EFFICIENCY = 0.6
"""Where plots against electron efficiency begin."""
TALK_EVENTS = 0.82e6
"""Training events that the talk's CvT needs to beat the experiment's own classifiers."""
LINE = 48
"""Letters that a line of a plot holds."""
ARROW = 1.6
"""The arrow of a lower limit reaches up to as many times the limit."""
_ORDER = {name: place for place, name in enumerate(TITLES)}


@dataclass(frozen=True, eq=False)
class Curve:
    """A classifier in a plot."""

    title: str
    look: Look
    separation: Separation


def look_of(name: str, others: Sequence[str] = ()) -> Look:
    """The look of a classifier: the same in all plots; of others by their place."""
    return look(_ORDER.get(name, len(_ORDER) + list(others).index(name) if name in others else 0))


def curves(judged: Judged, titles: Mapping[str, str] | None = None) -> list[Curve]:
    """All classifiers of a sample, under other ``titles`` if given."""
    names = list(judged.scores)
    shown = {**judged.titles, **(titles or {})}
    return [Curve(shown[n], look_of(n, names), judged.separation(n)) for n in names]


def against_efficiency(style: Style, drawn: Sequence[Curve], *lines: str) -> Figure:
    """Proton rejection against electron efficiency; dotted: a lower limit, where none pass."""
    figure, ax = panel()
    top, limited = 1.0, False
    for one in drawn:
        roc = one.separation.roc()
        shown = roc.efficiency >= FROM_EFFICIENCY
        known = shown & np.isfinite(roc.rejection)
        x, as_ = roc.efficiency, one.look
        ax.fill_between(
            x[known], roc.rejection_low[known], roc.rejection_high[known], color=as_.colour, **BAND
        )
        ax.plot(x[known], roc.rejection[known], **as_.line, label=one.title)
        limits = shown & ~known
        if limits.any():
            limited = True
            at = roc.rejection_low[limits].max()
            ax.hlines(at, FROM_EFFICIENCY, x[limits].max(), as_.colour, ":", lw=1.5)
            top = max(top, at)
        top = max(top, roc.rejection_high[known].max(initial=1.0))
    if limited:
        ax.plot([], [], ":", color="0.3", lw=1.5, label="lower limit: none pass")
    ax.axvline(EFFICIENCY, color="0.7", lw=1, zorder=0)
    ax.set_yscale("log")
    ax.set_xlim(FROM_EFFICIENCY, 1)
    ax.set_ylim(1, top)
    ax.set_xlabel("Electron efficiency")
    ax.set_ylabel("Proton rejection")
    finish(ax, (), style, *(textwrap.fill(line, LINE) for line in lines))
    return figure


def against_energy(style: Style, drawn: Mapping[str, tuple[str, Look, Sequence[Slice]]]) -> Figure:
    """Proton rejection in bins of energy, at one electron efficiency in each; arrows: limits."""
    figure, ax = panel()
    ends: list[float] = []
    for place, (title, as_, slices) in enumerate(drawn.values()):
        shift = 0.5 + 0.5 * (place - (len(drawn) - 1) / 2) / len(drawn)
        ends += _points(ax, title, as_, slices, shift)
    ax.set_xscale("log")
    ax.set_yscale("log")
    edges = [
        edge for _, _, slices in drawn.values() for one in slices for edge in (one.low, one.high)
    ]
    ax.set_xlim(min(edges), max(edges))
    ax.set_ylim(max(min(ends) / 1.5, 0.8), max(ends))
    plain_ticks(ax.xaxis)
    ax.set_xlabel("Reconstructed energy [GeV]")
    ax.set_ylabel("Proton rejection")
    finish(ax, (), style, f"{100 * EFFICIENCY:g} % electron efficiency in each bin")
    return figure


def _points(ax: Axes, title: str, as_: Look, slices: Sequence[Slice], shift: float) -> list[float]:
    """Draw one classifier, moved within the bins; returns the lowest and highest that is seen."""
    cut = [(one.low, one.high, one.cut.rejection) for one in slices if one.cut is not None]
    table = np.array([(low, high, r.value, r.low, r.high) for low, high, r in cut]).reshape(-1, 5)
    low, high, value, down, up = table.T
    x = low ** (1 - shift) * high**shift
    known = np.isfinite(value)
    common: dict[str, Any] = {"fmt": as_.marker, "ms": 5, "lw": 1.3, "color": as_.colour}
    errors = value[known] - down[known], up[known] - value[known]
    ax.errorbar(x[known], value[known], errors, label=title, **common)
    arrows = np.zeros(np.sum(~known)), (ARROW - 1) * down[~known]
    ax.errorbar(x[~known], down[~known], arrows, lolims=True, mfc="white", **common)
    return [*down, *up[known], *(1.2 * ARROW * down[~known])]


def against_events(
    style: Style,
    title: str,
    as_: Look,
    points: Sequence[Point],
    law: PowerLaw,
    others: Mapping[str, float],
) -> Figure:
    """Proton rejection against the number of training events, with the power law of the fit.

    ``others``: rejections of classifiers that were not trained here, as horizontal lines.
    """
    figure, ax = panel()
    events = np.array([point.events for point in points], np.float64)
    values = np.array([(p.rejection.value, p.rejection.low, p.rejection.high) for p in points])
    x = np.geomspace(events.min() / 1.5, max(4 * events.max(), 1.2 * TALK_EVENTS), 100)
    fitted = np.array([(e.value, e.low, e.high) for e in map(law.at, x)])
    value, low, high = values.T
    known = np.isfinite(value)
    errors = value[known] - low[known], high[known] - value[known]
    ax.errorbar(events[known], value[known], errors, fmt=as_.marker, color=as_.colour, label=title)
    limits = low[~known]
    arrows = np.zeros_like(limits), (ARROW - 1) * limits
    ax.errorbar(events[~known], limits, arrows, lolims=True, fmt=as_.marker, color=as_.colour)
    ax.fill_between(x, fitted[:, 1], fitted[:, 2], color=as_.colour, **BAND)
    error = math.sqrt(law.covariance[1, 1])
    label = f"power law, exponent {law.exponent:.2f} ± {error:.2f}"
    ax.plot(x, fitted[:, 0], color=as_.colour, lw=1.5, label=label)
    for place, (name, height) in enumerate(others.items()):
        ax.axhline(height, **look(place + 1).line, lw=1.2, label=name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(x.min(), x.max())
    seen = np.concatenate([low, high[known], fitted.ravel(), list(others.values())])
    ax.set_ylim(seen.min() / 1.5, seen.max())
    ax.set_xlabel("Training events")
    ax.set_ylabel(f"Proton rejection at {100 * EFFICIENCY:g} % electron efficiency")
    finish(ax, (), style)
    return figure
