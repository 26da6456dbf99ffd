"""Distribution of an output that is not a score."""

from __future__ import annotations

from matplotlib.figure import Figure

from rootml.validation.histograms import class_title, components
from rootml.validation.report import Report
from rootml.validation.style import count, finish, look, panel


def draw_values(report: Report, output: str) -> Figure:
    """Events against an output's value, by class, and by component where it has several."""
    figure, ax = panel()
    top = 0.0
    ranges: list[float] = []
    series = [
        (name, part, hist)
        for part, hists in components(report, output)
        for name, hist in hists.items()
    ]
    for i, (name, part, hist) in enumerate(series):
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
    finish(ax, report)
    return figure
