"""The plots of the studies, in the style of rootml's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from energies.peak import EDGES
from rootml.spec import Array
from rootml.validation import PeakFit, Style
from rootml.validation.plots.canvas import SMALL, panel, panel_with_lower, plain_ticks, within
from rootml.validation.plots.label import finish, header
from rootml.validation.style import Look, look

ERRORS = np.linspace(-0.15, 0.15, 121)
PULL = 5.0
"""Differences beyond so many errors stand at the edge of their panel."""


@dataclass(frozen=True, eq=False)
class Row:
    """A value in a bin of a variable, and its error."""

    low: float
    high: float
    value: float
    error: float


def relative_errors(style: Style, errors: Mapping[str, Array], *lines: str) -> Figure:
    """Distribution of estimate / truth - 1, by the title of the estimate."""
    figure, ax = panel()
    for place, (title, values) in enumerate(errors.items()):
        counts = np.histogram(values, ERRORS)[0] / len(values)
        as_ = look(place)
        ax.stairs(counts, ERRORS, baseline=None, color=as_.colour, ls=as_.dashes, lw=2, label=title)
    ax.set_xlim(ERRORS[0], ERRORS[-1])
    ax.set_ylim(bottom=0)
    ax.set_xlabel("Estimate / truth \N{MINUS SIGN} 1")
    ax.set_ylabel(f"Share of electrons / {ERRORS[1] - ERRORS[0]:.2g}")
    finish(ax, (), style, *lines)
    return figure


def against_truth(style: Style, truth: Array, estimates: Mapping[str, Array]) -> Figure:
    """Estimated against true transverse energy (n,) in GeV, a panel for each estimate."""
    low, high = np.floor(np.quantile(truth, 0.001)), np.ceil(np.quantile(truth, 0.995))
    edges = np.linspace(low, high, 81)
    hists = {t: np.histogram2d(truth, e, (edges, edges))[0].T for t, e in estimates.items()}
    norm = LogNorm(1, max(hist.max() for hist in hists.values()))
    figure = Figure(figsize=(9.0, 4.6))
    axes = figure.subplots(1, len(hists), sharey=True, squeeze=False)[0]
    figure.subplots_adjust(left=0.09, right=0.88, bottom=0.15, top=0.83, wspace=0.08)
    for ax, (title, hist) in zip(axes, hists.items(), strict=True):
        mesh = ax.pcolormesh(edges, edges, np.ma.masked_less(hist, 1), norm=norm, rasterized=True)
        ax.plot(edges[[0, -1]], edges[[0, -1]], color="0.4", ls="--", lw=1)
        ax.set_title(title, size=SMALL)
        ax.set_xlabel(r"True $E_T$ [GeV]")
    axes[0].set_ylabel(r"Estimated $E_T$ [GeV]")
    bar = figure.colorbar(mesh, cax=figure.add_axes((0.9, 0.15, 0.02, 0.68)))
    bar.set_label("Electrons", loc="top")
    header(figure, (), style, 0.09, 0.55)
    return figure


def differential(
    style: Style, rows: Mapping[str, Sequence[Row]], ratios: Sequence[Row], label: str, *lines: str
) -> Figure:
    """eIQR75 in bins by the title of the estimate, and below the ratio of the last to the first."""
    figure, ax, lower = panel_with_lower("Ratio")
    edges = [edge for row in ratios for edge in (row.low, row.high)]
    if min(edges) > 0 and max(edges) > 10 * min(edges):
        lower.set_xscale("log")
    lower.set_xlim(min(edges), max(edges))
    if lower.get_xscale() == "log":
        plain_ticks(lower.xaxis)
    for place, (title, found) in enumerate(rows.items()):
        _points(ax, found, look(place), 100.0, title)
    _points(lower, ratios, look(len(rows) - 1), 1.0)
    lower.axhline(1, color="0.6", lw=1)
    reach = max(abs(row.value - 1) + row.error for row in ratios)
    lower.set_ylim(1 - 1.3 * reach, 1 + 1.3 * reach)
    top = max(100 * (row.value + row.error) for found in rows.values() for row in found)
    ax.set_ylim(0, 1.05 * top)
    ax.set_ylabel("eIQR75 [%]")
    lower.set_xlabel(label)
    finish(ax, (), style, *lines)
    figure.align_ylabels()
    return figure


def _points(
    ax: Axes, rows: Sequence[Row], as_: Look, scale: float, title: str | None = None
) -> None:
    low, high, value, error = np.array([(r.low, r.high, r.value, r.error) for r in rows]).T
    x = within(ax, low, high, 0.5)
    common: dict[str, Any] = {"fmt": as_.marker, "ms": 5, "lw": 1.5, "color": as_.colour}
    ax.errorbar(x, scale * value, scale * error, (x - low, high - x), label=title, **common)


def peaks(
    style: Style,
    masses: Mapping[str, Array],
    fits: Mapping[str, PeakFit],
    texts: Mapping[str, str],
    *lines: str,
) -> Figure:
    """Masses of the Z with their fits, and below the differences in errors, by title."""
    figure, ax, lower = panel_with_lower("(Events \N{MINUS SIGN} fit)\n/ error")
    lower.axhline(0, color="0.6", lw=1)
    centres = (EDGES[1:] + EDGES[:-1]) / 2
    fine = np.linspace(EDGES[0], EDGES[-1], 601)
    per_bin = (EDGES[1] - EDGES[0]) / (fine[1] - fine[0])
    for place, (title, values) in enumerate(masses.items()):
        counts, as_ = np.histogram(values, EDGES)[0], look(place)
        errors = np.sqrt(np.maximum(counts, 1))
        common: dict[str, Any] = {"fmt": as_.marker, "ms": 3, "lw": 1, "color": as_.colour}
        ax.errorbar(centres, counts, errors, label=f"{title}\n{texts[title]}", **common)
        expected = fits[title].expected(fine)[0] * per_bin
        ax.plot((fine[1:] + fine[:-1]) / 2, expected, **as_.line, lw=1.5)
        each = fits[title].expected()[0]
        pull = (counts - each) / np.sqrt(each)
        lower.plot(centres, pull.clip(-PULL, PULL), as_.marker, ms=3, color=as_.colour)
    lower.set_ylim(-PULL, PULL)
    lower.set_xlim(EDGES[0], EDGES[-1])
    ax.set_ylim(bottom=0)
    ax.set_ylabel(f"Events / {EDGES[1] - EDGES[0]:g} GeV")
    lower.set_xlabel(r"$m_{ee}$ [GeV]")
    finish(ax, (), style, *lines)
    figure.align_ylabels()
    return figure


def improvements(
    style: Style, rows: Mapping[str, Mapping[str, tuple[float, float]]], label: str
) -> Figure:
    """Values and errors of each kind by name: names from top to bottom, kinds beside each other."""
    figure, ax = panel()
    figure.set_size_inches(7.5, 1.8 + 0.42 * len(rows))
    figure.subplots_adjust(left=0.46, bottom=0.9 / figure.get_figheight(), top=0.97)
    kinds = list(dict.fromkeys(kind for row in rows.values() for kind in row))
    places = np.arange(len(rows))[::-1]
    for number, kind in enumerate(kinds):
        there = [
            (at, row[kind]) for at, row in zip(places, rows.values(), strict=True) if kind in row
        ]
        y = np.array([at for at, _ in there]) + 0.14 * (len(kinds) - 1 - 2 * number) / 2
        value, error = np.array([one for _, one in there]).T
        as_ = look(number)
        ax.errorbar(
            100 * value, y, xerr=100 * error, fmt=as_.marker, color=as_.colour, ms=5, label=kind
        )
    shown = [sign * e + v for row in rows.values() for v, e in row.values() for sign in (-1, 1)]
    reach = max(*shown, 0.0) - min(*shown, 0.0)
    ax.set_xlim(100 * (min(*shown, 0.0) - 0.06 * reach), 100 * (max(*shown, 0.0) + 0.06 * reach))
    ax.axvline(0, color="0.6", lw=1, zorder=0)
    ax.set_yticks(places, list(rows))
    ax.tick_params(axis="y", which="both", length=0, labelsize=SMALL)
    ax.minorticks_off()
    ax.set_ylim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(label)
    finish(ax, (), style)
    return figure
