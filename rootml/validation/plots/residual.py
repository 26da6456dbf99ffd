"""Residuals of a regression before and after, and its pulls."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.estimates import Estimator, estimators, residual
from rootml.validation.plots.label import finish
from rootml.validation.plots.ticks import few_digits
from rootml.validation.statistics.rounding import measured, percentage
from rootml.validation.style import Look, Style, words

NEAR = 4.0
"""The linear plot shows so many widths of the widest distribution on either side of zero."""

FRACTION = "Fraction of entries"


def draw_residual(series: Sequence[Series], output: str, style: Style) -> Figure:
    """The core of the residuals, with the Gaussians fitted to it."""
    shown = estimators(series, output)
    figure, ax = panel()
    near = max(_reach(one.made) for one in shown)
    width = _bin(shown, near / 40)
    for one in shown:
        text = _numbers(one.title, one.made, ("median",) if len(series) == 1 else ())
        text += _improvement(series, output) if one is shown[-1] else ""
        scale = _scale(series, one.made)
        _steps(ax, one.hist, width, one.look, text, scale)
        _gaussian(ax, one.made["core"], width, one.look, scale)
    return _finished(figure, ax, series, output, style, near, width)


def draw_residual_tails(series: Sequence[Series], output: str, style: Style) -> Figure:
    """All residuals on a logarithmic axis, with the bounds of the tails."""
    shown = estimators(series, output)
    unit = residual(series, output)["unit"]
    figure, ax = panel()
    far = max(one.hist.axes[0].edges[-1] for one in shown)
    width = _bin(shown, far / 50)
    for one in shown:
        tails = [
            f"  beyond {t['bound']:.3g} {unit}".rstrip() + f": {percentage(t['beyond'])}"
            for t in one.made["tails"]
        ]
        text, scale = "\n".join((one.title, *tails)), _scale(series, one.made)
        _steps(ax, one.hist, width, one.look, text, scale)
    for tail in shown[0].made["tails"]:
        for sign in (-1, 1):
            ax.axvline(sign * tail["bound"], ymax=0.55, color="0.6", ls=":", lw=1)
    ax.set_yscale("log")
    ax.set_ylim(0.5 * min(_scale(series, one.made) for one in shown), ax.dataLim.ymax)
    return _finished(figure, ax, series, output, style, far, width)


def draw_pull(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Residuals over their uncertainty, beside the unit Gaussian that they should follow."""
    figure, ax = panel()
    pulls = [(one, one.report.figures["outputs"][output]["pull"]) for one in series]
    hists = [one.report.hists[f"pull_{output}"] for one in series]
    wanted = max(0.1, min(_freedman_diaconis(pull) for _, pull in pulls))
    width = _width(hists[0], wanted)
    for (one, pull), hist in zip(pulls, hists, strict=True):
        text = _numbers(one.title, pull, ("mean", "rms") if len(series) == 1 else ())
        _steps(ax, hist, width, one.look, text, _scale(series, pull))
    x = np.linspace(-5, 5, 200)
    entries = pulls[0][1]["entries"] * _scale(series, pulls[0][1])
    expected = entries * width * _density(x)
    ax.plot(x, expected, color="0.3", ls="--", lw=1.5, label="unit Gaussian")
    ax.set_ylim(0, max(ax.dataLim.ymax, expected.max()))
    ax.set_xlim(-5, 5)
    ax.set_xlabel("(Estimate \N{MINUS SIGN} truth) / uncertainty")
    ax.set_ylabel(f"{_what(series)} / {width:.2g}")
    finish(ax, series, style)
    return figure


def _reach(made: Mapping[str, Any]) -> float:
    """How far from zero the core of residuals is shown, also where it lies far away."""
    width, bias = made["width"]["value"], abs(made["median"]["value"])
    return float(max(NEAR * width, bias + 3 * width))


def _numbers(title: str, made: Mapping[str, Any], first: Sequence[str]) -> str:
    """Title of a distribution, the figures ``first``, and its widths."""
    called = {"median": "bias", "mean": "mean", "rms": "RMS"}
    lines = [title, *(f"  {called[name]} {measured(made[name])}" for name in first)]
    if made["core"]:
        lines.append(f"  core width {measured(made['core']['width'])}")
    return "\n".join((*lines, f"  68 % width {measured(made['width'])}"))


def _improvement(series: Sequence[Series], output: str) -> str:
    """By how much the one network is narrower than the one other estimate, where these are all."""
    found = residual(series, output)["improvement"]
    if len(series) > 1 or len(found) != 1 or not found[0]["eiqr75"]:
        return ""
    percent = {key: 100 * value for key, value in found[0]["eiqr75"].items()}
    return f"\n  reIQR75 {measured(percent)} %"


def residual_label(made: Mapping[str, Any]) -> str:
    """How the axis of residuals is called, with their unit."""
    truth, unit = words(made["truth"]), made["unit"]
    if made["relative"]:
        return f"Estimate / {truth} \N{MINUS SIGN} 1"
    return f"Estimate \N{MINUS SIGN} {truth}" + (f" [{unit}]" if unit else "")


def _finished(
    figure: Figure,
    ax: Axes,
    series: Sequence[Series],
    output: str,
    style: Style,
    end: float,
    width: float,
) -> Figure:
    made = residual(series, output)
    ax.set_xlabel(residual_label(made))
    ax.set_ylabel(f"{_what(series)} / {width:.2g} {made['unit']}".rstrip())
    ax.set_xlim(-end, end)
    few_digits(ax.xaxis)
    finish(ax, series, style)
    return figure


def _what(series: Sequence[Series]) -> str:
    return "Entries" if len(series) == 1 else FRACTION


def _scale(series: Sequence[Series], made: Mapping[str, Any]) -> float:
    """Entries of one report count as they are; those of several are shares."""
    return 1.0 if len(series) == 1 else 1 / float(made["entries"])


def _bin(shown: Sequence[Estimator], least: float) -> float:
    """Width of the bins: what the narrowest distribution bears, at least ``least``."""
    bearable = min(_freedman_diaconis(one.made) for one in shown)
    return _width(shown[-1].hist, max(least, bearable))


def _freedman_diaconis(one: Mapping[str, Any]) -> float:
    """Width of bins after D. Freedman and P. Diaconis, 1981, of a Gaussian's quartiles."""
    return float(2 * 1.349 * one["width"]["value"] / one["effective"] ** (1 / 3))


def _width(hist: Any, least: float) -> float:
    """The narrowest bins of at least ``least`` into which those of a histogram can be joined."""
    fine, bins = hist.axes[0].widths[0], hist.axes[0].size
    joined = [n for n in range(1, bins // 8 + 1) if bins % (2 * n) == 0]
    return float(fine * next((n for n in joined if n * fine >= 0.999 * least), joined[-1]))


def _steps(ax: Axes, hist: Any, width: float, as_: Look, text: str, scale: float) -> None:
    """Bins that come nearest to ``width``; those of another width count as if they had it."""
    own = _width(hist, width)
    merge = round(own / hist.axes[0].widths[0])
    counts = hist.values().reshape(-1, merge).sum(axis=1) * scale * width / own
    edges = hist.axes[0].edges[::merge]
    ax.stairs(counts, edges, color=as_.colour, ls=as_.dashes, lw=2, label=text)


def _gaussian(
    ax: Axes, core: Mapping[str, Any] | None, width: float, as_: Look, scale: float
) -> None:
    """The fitted Gaussian, over the range in which it was fitted."""
    if core is None:
        return
    mean, sigma = core["mean"]["value"], core["width"]["value"]
    x = np.linspace(core["low"], core["high"], 100)
    inside = math.erf((core["high"] - core["low"]) / (2 * math.sqrt(2) * sigma))
    height = scale * core["inside"] / inside * width / sigma
    ax.plot(x, height * _density((x - mean) / sigma), color=as_.colour, lw=1)


def _density(x: Array) -> Array:
    return np.asarray(np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))
