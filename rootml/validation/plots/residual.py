"""Residuals of a regression before and after, and its pulls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.label import finish
from rootml.validation.report import Report
from rootml.validation.series import Series
from rootml.validation.style import Look, Style, look, words
from rootml.validation.text import measured, percentage

NEAR = 4.0
"""The linear plot shows so many widths of the widest distribution on either side of zero."""


def draw_residual(series: Sequence[Series], output: str, style: Style) -> Figure:
    """The core of the residuals, with the Gaussians fitted to it."""
    report = series[0].report
    made = report.figures["outputs"][output]["residual"]
    figure, ax = panel()
    near = NEAR * max(one["width"]["value"] for one in made["estimators"])
    width = _bin(report, output, near / 40)
    for i, one in enumerate(made["estimators"]):
        numbers = f"{one['title']}\n  bias {measured(one['median'])}\n"
        if one["core"]:
            numbers += f"  core width {measured(one['core']['width'])}\n"
        text = f"{numbers}  68 % width {measured(one['width'])}"
        _steps(ax, report.hists[one["name"]], width, look(i), text)
        _gaussian(ax, one["core"], width, look(i))
    return _finished(figure, ax, series, output, style, near, width)


def draw_residual_tails(series: Sequence[Series], output: str, style: Style) -> Figure:
    """All residuals on a logarithmic axis, with the bounds of the tails."""
    report = series[0].report
    made = report.figures["outputs"][output]["residual"]
    unit = f" {made['unit']}" if made["unit"] else ""
    figure, ax = panel()
    far = report.hists[made["estimators"][-1]["name"]].axes[0].edges[-1]
    width = _bin(report, output, far / 50)
    for i, one in enumerate(made["estimators"]):
        tails = [
            f"  beyond {t['bound']:.3g}{unit}: {percentage(t['beyond'])}" for t in one["tails"]
        ]
        text = "\n".join((one["title"], *tails))
        _steps(ax, report.hists[one["name"]], width, look(i), text)
        for tail in one["tails"] if i == 0 else ():
            for sign in (-1, 1):
                ax.axvline(sign * tail["bound"], ymax=0.55, color="0.6", ls=":", lw=1)
    ax.set_yscale("log")
    ax.set_ylim(0.5, ax.dataLim.ymax)
    return _finished(figure, ax, series, output, style, far, width)


def draw_pull(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Residuals over their uncertainty, beside the unit Gaussian that they should follow."""
    report = series[0].report
    pull = report.figures["outputs"][output]["pull"]
    figure, ax = panel()
    hist = report.hists[f"pull_{output}"]
    width = _width(hist, max(0.1, _freedman_diaconis(pull)))
    text = (
        f"{report.model['name']}\n  mean {measured(pull['mean'])}\n  RMS {measured(pull['rms'])}\n"
        f"  68 % width {measured(pull['width'])}"
    )
    if pull["core"]:
        text += f"\n  core width {measured(pull['core']['width'])}"
    _steps(ax, hist, width, look(0), text)
    x = np.linspace(-5, 5, 200)
    expected = pull["entries"] * width * _density(x)
    ax.plot(x, expected, color="0.3", ls="--", lw=1.5, label="unit Gaussian")
    ax.set_ylim(0, max(ax.dataLim.ymax, expected.max()))
    ax.set_xlim(-5, 5)
    ax.set_xlabel("(Estimate \N{MINUS SIGN} truth) / uncertainty")
    ax.set_ylabel(f"Entries / {width:.2g}")
    finish(ax, series, style)
    return figure


def _finished(
    figure: Figure,
    ax: Axes,
    series: Sequence[Series],
    output: str,
    style: Style,
    end: float,
    width: float,
) -> Figure:
    made = series[0].report.figures["outputs"][output]["residual"]
    truth, unit = words(made["truth"]), made["unit"]
    if made["relative"]:
        ax.set_xlabel(f"Estimate / {truth} \N{MINUS SIGN} 1")
    else:
        ax.set_xlabel(f"Estimate \N{MINUS SIGN} {truth}" + (f" [{unit}]" if unit else ""))
    ax.set_ylabel(f"Entries / {width:.2g} {unit}".rstrip())
    ax.set_xlim(-end, end)
    finish(ax, series, style)
    return figure


def _bin(report: Report, output: str, least: float) -> float:
    """Width of the bins: what the narrowest distribution bears, at least ``least``."""
    estimators = report.figures["outputs"][output]["residual"]["estimators"]
    bearable = min(_freedman_diaconis(one) for one in estimators)
    return _width(report.hists[estimators[-1]["name"]], max(least, bearable))


def _freedman_diaconis(one: Mapping[str, Any]) -> float:
    """Width of bins after D. Freedman and P. Diaconis, 1981, of a Gaussian's quartiles."""
    return float(2 * 1.349 * one["width"]["value"] / one["entries"] ** (1 / 3))


def _width(hist: Any, least: float) -> float:
    """The narrowest bins of at least ``least`` into which those of a histogram can be joined."""
    fine, bins = hist.axes[0].widths[0], hist.axes[0].size
    joined = [n for n in range(1, bins // 8 + 1) if bins % (2 * n) == 0]
    return float(fine * next((n for n in joined if n * fine >= 0.999 * least), joined[-1]))


def _steps(ax: Axes, hist: Any, width: float, as_: Look, text: str) -> None:
    merge = round(width / hist.axes[0].widths[0])
    counts = hist.values().reshape(-1, merge).sum(axis=1)
    edges = hist.axes[0].edges[::merge]
    ax.stairs(counts, edges, color=as_.colour, ls=as_.dashes, lw=2, label=text)


def _gaussian(ax: Axes, core: Mapping[str, Any] | None, width: float, as_: Look) -> None:
    """The fitted Gaussian, over the range in which it was fitted."""
    if core is None:
        return
    mean, sigma = core["mean"]["value"], core["width"]["value"]
    x = np.linspace(core["low"], core["high"], 100)
    inside = math.erf((core["high"] - core["low"]) / (2 * math.sqrt(2) * sigma))
    scale = core["inside"] / inside * width / sigma
    ax.plot(x, scale * _density((x - mean) / sigma), color=as_.colour, lw=1)


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))
