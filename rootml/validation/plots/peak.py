"""A fitted peak: entries, the fit with its background, and their difference in errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.plots.canvas import panel_with_lower
from rootml.validation.plots.estimates import residual
from rootml.validation.plots.label import finish
from rootml.validation.plots.residual import residual_label
from rootml.validation.plots.ticks import few_digits
from rootml.validation.statistics.rounding import measured
from rootml.validation.style import Style, look, words


def draw_peak(series: Sequence[Series], output: str, style: Style) -> Figure:
    """A peak fitted to the residuals of the network. Of the first series."""
    report, made = series[0].report, residual(series, output)
    entries, expected = report.hists[f"peak_{output}"], np.asarray(made["peak"]["expected"])
    edges, unit = entries.axes[0].edges, made["unit"]
    errors = np.sqrt(entries.variances())
    figure, ax, lower = panel_with_lower("(Entries \N{MINUS SIGN} fit)\n/ error")
    some = errors > 0
    x, y = entries.axes[0].centers[some], entries.values()[some]
    ax.errorbar(
        x, y, errors[some], fmt="o", ms=3, lw=1, color="black", label=series[0].title, zorder=1
    )
    ax.stairs(expected, edges, baseline=None, lw=2, **_line(1), label=_text(made["peak"]))
    lower.axhline(0, color="0.6", lw=1)
    pulls = _pulls(entries.values(), expected, errors)
    lower.plot(entries.axes[0].centers[some], pulls[some], "o", ms=3, color="black")
    lower.set_ylim(-5, 5)
    lower.set_xlim(edges[0], edges[-1])
    ax.set_ylim(0, max((y + errors[some]).max(), expected.max()))
    few_digits(lower.xaxis)
    lower.set_xlabel(residual_label(made))
    ax.set_ylabel(f"Entries / {edges[1] - edges[0]:.2g} {unit}".rstrip())
    finish(ax, series, style)
    figure.align_ylabels()
    return figure


def _line(i: int) -> dict[str, Any]:
    return {"color": look(i).colour}


def _text(fit: Mapping[str, Any]) -> str:
    """The fit's shape, where its peak is and how wide, and how well it follows."""
    lines = [words(fit["model"]).capitalize()]
    lines += [f"  {name} {measured(fit['parameters'][name])}" for name in ("mean", "width")]
    lines.append(f"  $\\chi^2$/ndf {fit['chi2']:.1f}/{fit['ndof']}")
    return "\n".join((*lines, *([] if fit["valid"] else ["  (fit not valid)"])))


def _pulls(entries: Array, fitted: Array, errors: Array) -> Array:
    """Differences in errors of the entries, or of what is expected where there are none."""
    errors = np.where(errors > 0, errors, np.sqrt(fitted.clip(1e-12)))
    return np.asarray(((entries - fitted) / errors).clip(-4.9, 4.9))
