"""ROC curve and rejection against efficiency, with binomial bands."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.comparing.series import Series, ratio_errors, ratio_title
from rootml.validation.figures.separation import BACKGROUND, SIGNAL
from rootml.validation.plots.canvas import panel, panel_with_lower
from rootml.validation.plots.label import LINE, finish
from rootml.validation.statistics.binomial import LIMIT_LEVEL
from rootml.validation.style import Look, Style, look, upper_first

NONE_PASS = f"none pass: limit at {LIMIT_LEVEL:.0%}".replace("%", " %")
"""What the legend says of lower limits."""

BAND: dict[str, Any] = {"alpha": 0.25, "lw": 0}


def discriminants(
    series: Sequence[Series], output: str
) -> Iterator[tuple[str, Mapping[str, Any], Look]]:
    """Title, figures and look of an output, and of the references that compare with it.

    The file's references are there where all series are of the same sample.
    """
    for one in series:
        yield one.title, _with_arrays(one.report.figures["outputs"][output]), one.look
    if len({one.report.sample.get("name") for one in series}) > 1:
        return
    references = series[0].report.figures["references"].values()
    for i, reference in enumerate(references, start=len(series)):
        if "curve" in reference:
            yield reference["title"], _with_arrays(reference), look(i)


def _with_arrays(made: Mapping[str, Any]) -> Mapping[str, Any]:
    """Figures with their curve as arrays, also where they were read from a report.json."""
    if "curve" not in made:
        return made
    return {**made, "curve": {key: np.asarray(x, np.float64) for key, x in made["curve"].items()}}


def draw_roc(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Signal efficiency against background efficiency, on a logarithmic axis."""
    signal, background = class_names(series)
    figure, ax = panel()
    smallest = 0.1
    for title, made, as_ in discriminants(series, output):
        curve = made["curve"]
        some = curve["background_efficiency"] > 0
        x = curve["background_efficiency"][some]
        smallest = min(smallest, 1 / made["background"])
        low, high = curve["efficiency_low"][some], curve["efficiency_high"][some]
        ax.fill_between(x, low, high, color=as_.colour, **BAND)
        ax.plot(
            x, curve["efficiency"][some], **as_.line, label=f"{title}, AUC {rounded(made['auc'])}"
        )
    chance = np.geomspace(smallest, 1, 200)
    ax.plot(chance, chance, color="0.6", lw=1)
    ax.set_xscale("log")
    ax.set_xlim(smallest, 1)
    ax.set_ylim(0, 1.0)
    ax.set_xlabel(upper_first(f"{background} efficiency"))
    ax.set_ylabel(upper_first(f"{signal} efficiency"))
    finish(ax, series, style)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_yticks(np.linspace(0, 1, 21), minor=True)
    return figure


def draw_rejection(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Background rejection against signal efficiency; a lower limit where nothing passes.

    Of several series, a panel shows the ratio to the first.
    """
    signal, background = class_names(series)
    if len(series) > 1:
        figure, ax, lowest = panel_with_lower(ratio_title(series))
        _ratios(lowest, series, output)
    else:
        figure, ax = panel()
        lowest = ax
    top, limited = 1.0, False
    for title, made, as_ in discriminants(series, output):
        curve = made["curve"]
        limited |= _rejection_curve(ax, curve, as_, title)
        ends = np.where(np.isfinite(curve["rejection"]), curve["rejection_high"], 1.0)
        top = max(top, ends.max(), curve["rejection_low"].max())
    if limited:
        ax.plot([], [], ":", color="0.3", lw=1.5, label=NONE_PASS)
    ax.set_yscale("log")
    lowest.set_xlim(0, 1)
    ax.set_ylim(1, top)
    lowest.set_xlabel(upper_first(f"{signal} efficiency"))
    ax.set_ylabel(upper_first(f"{background} rejection"))
    pairs = {one.title: one.paired for one in series[1:]}
    finish(ax, series, style, textwrap.fill(ratio_errors(pairs), LINE) if pairs else "")
    figure.align_ylabels()
    return figure


def _rejection_curve(ax: Axes, curve: Mapping[str, Any], as_: Look, title: str) -> bool:
    """Draw one curve and its band; True where a part of it is a lower limit."""
    x, y = curve["efficiency"], curve["rejection"]
    low, high = curve["rejection_low"], curve["rejection_high"]
    known = np.isfinite(y)
    ax.fill_between(x[known], low[known], high[known], color=as_.colour, **BAND)
    ax.plot(x[known], y[known], **as_.line, label=title)
    if known.all():
        return False
    ax.hlines(low[~known].max(), 0, x[~known].max(), colors=as_.colour, linestyles=":", lw=1.5)
    return True


def _ratios(ax: Axes, series: Sequence[Series], output: str) -> None:
    """Rejections over that of the first series at the same efficiency."""
    ax.axhline(1, **series[0].look.line)
    bounds = [1.0]
    for one in series[1:]:
        x, value, low, high = _paired(one.paired) if one.paired else _apart(one, series[0], output)
        ax.fill_between(x, low, high, color=one.look.colour, **BAND)
        ax.plot(x, value, **one.look.line)
        bounds += [*value[(x > 0.1) & (x < 0.999)]]
    low, high = min(bounds), max(bounds)
    margin = max(0.15 * (high - low), 0.02)
    ax.set_ylim(max(low - margin, 0), high + margin)


def _paired(figures: Mapping[str, Any]) -> Array:
    """Efficiencies, and ratios of the same events with both ends, where something passes."""
    rows = [
        (row["target"], *(row["ratio"][key] for key in ("value", "low", "high")))
        for row in figures["efficiencies"]
    ]
    table = np.array(rows, np.float64)
    known = np.isfinite(table).all(axis=1) & (table[:, 1] > 0)
    return np.asarray(table[known].T)


def _apart(one: Series, first: Series, output: str) -> list[Array]:
    """Efficiencies, and ratios of independent samples with both ends, errors as of logarithms."""
    efficiency, *theirs = _rejections(first, output)
    x, *ours = _rejections(one, output)
    common = (x >= efficiency.min()) & (x <= efficiency.max())
    x = x[common]
    value, low, high = (np.log(y[common]) for y in ours)
    under, under_low, under_high = (np.interp(x, efficiency, np.log(y)) for y in theirs)
    down, up = np.hypot(value - low, under_high - under), np.hypot(high - value, under - under_low)
    ratio = value - under
    return [x, *(np.exp(end) for end in (ratio, ratio - down, ratio + up))]


def _rejections(one: Series, output: str) -> list[Array]:
    """Efficiencies, and rejections with both ends, where any background passes; increasing."""
    curve = _with_arrays(one.report.figures["outputs"][output])["curve"]
    known = np.isfinite(curve["rejection"])
    order = np.argsort(curve["efficiency"][known], kind="stable")
    names = "efficiency", "rejection", "rejection_low", "rejection_high"
    return [curve[name][known][order] for name in names]


def class_names(series: Sequence[Series]) -> tuple[str, str]:
    """Names of signal and background."""
    classes = series[0].report.sample["classes"]
    return classes[SIGNAL], classes[BACKGROUND]


def rounded(estimate: Mapping[str, float]) -> str:
    """Value and error to the error's first digit; both ends where they differ by much."""
    down, up = estimate["value"] - estimate["low"], estimate["high"] - estimate["value"]
    error = max(down, up, 1e-6)
    digits = min(max(-math.floor(math.log10(error)), 2), 6)
    if abs(up - down) < 0.3 * error:
        return f"{estimate['value']:.{digits}f} ± {error:.{digits}f}"
    ends = f"^{{+{up:.{digits}f}}}_{{-{down:.{digits}f}}}"
    return f"${estimate['value']:.{digits}f}{ends}$"
