"""Distribution of an output that is not a score."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from rootml.validation.histograms import class_title, components
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.label import finish
from rootml.validation.series import Series
from rootml.validation.style import Style, count, look


def draw_values(series: Sequence[Series], output: str, style: Style) -> Figure:
    """Events against an output's value, by class, and by component where it has several."""
    report = series[0].report
    figure, ax = panel()
    top = 0.0
    ranges: list[float] = []
    drawn = [
        (name, part, hist)
        for part, hists in components(report, output)
        for name, hist in hists.items()
    ]
    for i, (name, part, hist) in enumerate(drawn):
        axis = hist.axes[0]
        density = hist.values() / axis.widths / max(hist.sum(flow=True), 1)
        title = class_title(report, name)
        text = ", ".join(filter(None, (title, part, count(int(hist.sum(flow=True))))))
        ax.stairs(density, axis.edges, lw=2, ls=look(i).dashes, color=look(i).colour, label=text)
        filled = hist.values() > 0
        ranges += [*axis.edges[:-1][filled], *axis.edges[1:][filled]]
        top = max(top, density.max())
    ax.set_xlim(min(ranges), max(ranges))
    ax.set_ylim(0, top)
    made = report.figures["outputs"][output]
    ax.set_xlabel(made["branch"] + (f" [{made['unit']}]" if made["unit"] else ""))
    ax.set_ylabel(f"Fraction of events per {made['unit'] or 'unit'}")
    finish(ax, series, style)
    return figure
