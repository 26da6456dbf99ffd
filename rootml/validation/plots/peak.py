"""A fitted peak: entries, the fit with its background, and their difference in errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.figures.histograms import by_class
from rootml.validation.plots.canvas import panel_with_lower
from rootml.validation.plots.estimates import residual
from rootml.validation.plots.label import finish
from rootml.validation.plots.residual import FRACTION, residual_label
from rootml.validation.plots.ticks import few_digits
from rootml.validation.statistics.binning import are_equal
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.rounding import measured
from rootml.validation.statistics.shapes import BACKGROUNDS, LENGTHS, MODELS
from rootml.validation.style import Look, Style, look, upper_first

_BLACK = Look("black", "-", "o")
_MOST = 5.0
"""Differences beyond so many errors stand at the edge of their panel."""


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Entries and their fit; ``points``, ``line``: how these are drawn."""

    title: str
    edges: Array
    entries: Counts
    fit: Mapping[str, Any]
    points: Look
    line: Look
    unit: str = ""

    @property
    def shape(self) -> str:
        """What was fitted, in words."""
        peak, background = MODELS[self.fit["model"]], BACKGROUNDS.get(self.fit["background"])
        return upper_first(" + ".join(part.title for part in (peak, background) if part))

    def text(self, title: str) -> str:
        """Where the peak is and how wide, and how well the fit follows, below a title."""
        lines = [title]
        for name in LENGTHS:
            one = self.fit["parameters"].get(name)
            if one and one["low"] < one["high"]:
                lines.append(f"  {name} {measured(one)} {self.unit}".rstrip())
        lines.append(f"  $\\chi^2$/ndf {self.fit['chi2']:.1f}/{self.fit['ndof']}")
        return "\n".join((*lines, *([] if self.fit["valid"] else ["  (fit not valid)"])))


def draw_peak(series: Sequence[Series], output: str, style: Style) -> Figure:
    """A peak fitted to the residuals of the network. Of the first series."""
    made = residual(series, output)
    hist = series[0].report.hists[f"peak_{output}"]
    parts = hist.axes[0].edges, Counts.of(hist), made["peak"], _BLACK, look(1)
    fitted = _Fitted(series[0].title, *parts)
    return _draw([fitted], series, style, residual_label(made), made["unit"])


def draw_variable_peak(series: Sequence[Series], variable: str, style: Style) -> Figure:
    """A peak fitted to a variable; of several samples, each in its own colour, data in black."""
    fitted = []
    for one in series:
        made = one.report.figures["variables"][variable]
        hists = list(by_class(one.report, f"variable_{variable}").values())
        entries = Counts.stack([Counts.of(hist) for hist in hists]).sum(axis=0)
        own = _BLACK if one.role == "data" else one.look
        looks = (own, own) if len(series) > 1 else (_BLACK, look(1))
        title = one.title if len(series) > 1 else "entries"
        fitted.append(
            _Fitted(title, hists[0].axes[0].edges, entries, made["peak"], *looks, made["unit"])
        )
    label = upper_first(made["title"]) + (f" [{made['unit']}]" if made["unit"] else "")
    return _draw(fitted, series, style, label, made["unit"])


def _draw(
    fitted: Sequence[_Fitted], series: Sequence[Series], style: Style, label: str, unit: str
) -> Figure:
    figure, ax, lower = panel_with_lower("(Entries \N{MINUS SIGN} fit)\n/ error")
    lower.axhline(0, color="0.6", lw=1)
    highest = max(_one(ax, lower, one, alone=len(fitted) == 1) for one in fitted)
    edges = fitted[0].edges
    lower.set_ylim(-_MOST, _MOST)
    lower.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, highest)
    few_digits(lower.xaxis)
    lower.set_xlabel(label)
    what = "Entries" if len(fitted) == 1 else FRACTION
    width = f"{edges[1] - edges[0]:.2g} {unit}".rstrip() if are_equal(np.diff(edges)) else "bin"
    ax.set_ylabel(f"{what} / {width}")
    shape = fitted[0].shape.replace(" $", "\n$")  # in short lines, beside the legend
    finish(ax, series, style, *([shape] if len(fitted) > 1 else []))
    figure.align_ylabels()
    return figure


def _one(ax: Axes, lower: Axes, one: _Fitted, *, alone: bool) -> float:
    """Draw entries and their fit, among others as shares; returns how high they reach."""
    expected, entries = np.asarray(one.fit["expected"]), one.entries.values
    scale = 1.0 if alone else 1 / entries.sum()
    errors = np.sqrt(one.entries.squares)
    some = errors > 0
    x, y, error = (
        (one.edges[1:] + one.edges[:-1])[some] / 2,
        scale * entries[some],
        scale * errors[some],
    )
    points: dict[str, Any] = {"fmt": one.points.marker, "color": one.points.colour, "ms": 3}
    line: dict[str, Any] = {"baseline": None, "color": one.line.colour, "lw": 2}
    title, text = (one.title, one.text(one.shape)) if alone else (None, one.text(one.title))
    ax.errorbar(x, y, error, lw=1, zorder=1, label=title, **points)
    ax.stairs(scale * expected, one.edges, label=text, **line)
    if "expected_background" in one.fit and one.fit["background"]:
        below = scale * np.asarray(one.fit["expected_background"])
        ax.stairs(below, one.edges, ls="--", **line | {"lw": 1.5})
    pulls = _pulls(entries, expected, errors)
    lower.plot(x, pulls[some], one.points.marker, ms=3, color=one.points.colour)
    return float(max((y + error).max(), scale * expected.max()))


def _pulls(entries: Array, fitted: Array, errors: Array) -> Array:
    """Differences in errors of the entries, or of what is expected where there are none."""
    errors = np.where(errors > 0, errors, np.sqrt(fitted.clip(1e-12)))
    return np.asarray(((entries - fitted) / errors).clip(-0.98 * _MOST, 0.98 * _MOST))
