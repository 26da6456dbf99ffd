"""The page: a table of the methods, and a figure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from joined.measure import Figures
from joined.methods import Chosen
from rootml.validation import Style
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.label import finish
from rootml.validation.style import look

STYLE = Style(experiment="SuperNEMO tracker", status="Simulation")
Found = Mapping[str, tuple[Chosen, Figures]]
TALK = 89.34
"""Per cent of events that agglomerative clustering counts right (A. Mendl, Machine learning at
SuperNEMO, of M. Ceschia)."""


def accuracies(found: Found) -> Figure:
    """Share of events that are counted right, against the number of tracks."""
    figure, ax = panel()
    for place, (chosen, figures) in enumerate(found.values()):
        numbers = [n for n in figures.right if n]
        values = [100 * figures.right[n].value for n in numbers]
        errors = [
            [100 * (figures.right[n].value - figures.right[n].low) for n in numbers],
            [100 * (figures.right[n].high - figures.right[n].value) for n in numbers],
        ]
        as_ = look(place)
        x = np.array(numbers) + 0.08 * (place - 1)
        ax.errorbar(x, values, errors, fmt=as_.marker, color=as_.colour, label=chosen.method.title)
    ax.axhline(TALK, color="0.35", ls="--", lw=1.5, label="talk, all events")
    ax.set_xticks(numbers)
    ax.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
    ax.set_ylim(0, 100)
    ax.minorticks_off()
    ax.set_xlabel("True tracks")
    ax.set_ylabel("Events counted right [%]")
    finish(ax, (), STYLE, "agglomerative clustering")
    return figure


def table(found: Mapping[str, Found]) -> str:
    """All methods, in Markdown."""
    lines = [
        "| conditions | joined by | z scale | kernel, mm | counted right, % | purity | efficiency "
        "| adjusted Rand index |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for conditions, methods in found.items():
        for chosen, figures in methods.values():
            all_ = figures.right[0]
            half = 50 * (all_.high - all_.low)
            width = f"{chosen.width:g}" if np.isfinite(chosen.width) else "-"
            lines.append(
                f"| {conditions} | {chosen.method.title} | {chosen.height:g} | {width} "
                f"| {100 * all_.value:.2f} ± {half:.2f} | {figures.purity} | {figures.efficiency} "
                f"| {figures.rand} |"
            )
    return "\n".join(lines)


def page(found: Mapping[str, Found], size: int, figures: Path, folder: Path) -> str:
    """The page, to lie in ``folder``, of figures in ``figures``."""
    there = Path(os.path.relpath(figures, folder)).as_posix()
    return f"""\
# Hits joined to tracks without a network

Agglomerative clustering begins with each hit alone and joins what is nearest until nothing is near
any more: by the nearest hits of two clusters, by the mean distance of their hits, or by that in the
space of a Gaussian kernel. How much heights count, how wide the kernel is and where joining ends is
chosen on {size:,} [simulated](supernemo_simulation.md) events of one to three straight tracks, by
how many are counted right; the table is of {size:,} others. `python examples/supernemo/clusters.py`
wrote this page. Errors are statistical, one standard deviation.

{table(found)}

In the talk that this repeats (A. Mendl, Machine learning at SuperNEMO) agglomerative clustering
counted {TALK} % of the events right, in a way that it does not describe; they had no noise.
`conditions=detector` has noise, inefficiency and dead cells: a gap in a track ends its cluster, and
each noise hit is one of its own, so that only about half of the events are counted right. Purity,
efficiency and the Rand index are of the tracks' hits alone.

![Events counted right, without noise or losses]({there}/accuracy.png)

*Events counted right, without noise or losses.*
"""
