"""Distribution of an output that is not a score."""

from __future__ import annotations

from matplotlib.figure import Figure

from rootml.validation.histograms import identifier
from rootml.validation.report import Report
from rootml.validation.style import COLOURS, headroom, label, panel


def values(report: Report, output: str) -> Figure:
    """Entries of an output by class, and by component where it has several."""
    figure, ax = panel()
    for name in (*report.sample["classes"], "unlabelled"):
        for key, hist in report.hists.items():
            if key.startswith(f"{output}_") and key.endswith(f"_{identifier(name)}"):
                counts = hist.values()
                ax.stairs(counts, hist.axes[0].edges, lw=2, label=name, color=COLOURS[0])
                ax.set_xlabel(hist.axes[0].label)
    ax.set_ylabel("Entries")
    headroom(ax, 0.3)
    label(ax, report.sample, f"{report.model['name']} {report.model['version']}")
    ax.legend(loc="upper right")
    return figure
