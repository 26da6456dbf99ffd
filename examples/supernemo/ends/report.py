"""The page: a table of rule and network, and a figure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from rootml.validation import Estimate, Style
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.label import finish
from rootml.validation.style import look

STYLE = Style(experiment="SuperNEMO", status="Simulation")
Figures = Mapping[str, Estimate]
ByTracks = Mapping[str, Mapping[int, Figures]]
"""Figures of each way, of events with so many tracks; 0: of all."""


def accuracies(found: ByTracks) -> Figure:
    """Share of hits with the right module, against the number of tracks."""
    figure, ax = panel()
    for place, (name, by_tracks) in enumerate(found.items()):
        numbers = [n for n in by_tracks if n]
        shown = [by_tracks[n]["accuracy"] for n in numbers]
        values = [100 * one.value for one in shown]
        errors = [
            [100 * (one.value - one.low) for one in shown],
            [100 * (one.high - one.value) for one in shown],
        ]
        as_ = look(place)
        x = [n + 0.08 * (place - 1) for n in numbers]
        ax.errorbar(x, values, errors, fmt=as_.marker, color=as_.colour, label=name)
    ax.set_xticks(numbers)
    ax.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
    low = min(one.low for by in found.values() for n in numbers for one in [by[n]["accuracy"]])
    ax.set_ylim(10 * int(10 * low), 106)
    ax.minorticks_off()
    ax.set_xlabel("True tracks")
    ax.set_ylabel("Hits with the right module [%]")
    finish(ax, (), STYLE, "conditions=detector")
    return figure


def table(found: Mapping[str, ByTracks]) -> str:
    """All ways, of all events, in Markdown."""
    names = ("accuracy", "efficiency", "purity", "whole")
    lines = [
        "| conditions | by | hits right, % | efficiency, % | purity, % | events right, % |",
        "|---|---|---|---|---|---|",
    ]
    for conditions, ways in found.items():
        for way, by_tracks in ways.items():
            cells = [_percent(by_tracks[0][name]) for name in names]
            lines.append(f"| {conditions} | {way} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _percent(one: Estimate) -> str:
    return f"{100 * one.value:.2f} ± {50 * (one.high - one.low):.2f}"


def page(found: Mapping[str, ByTracks], size: int, figures: Path, folder: Path) -> str:
    """The page, to lie in ``folder``, of figures in ``figures``."""
    there = Path(os.path.relpath(figures, folder)).as_posix()
    return f"""\
# Where tracks end in the calorimeter

`calo_supernemo` tells of each hit of the tracker at which module of the calorimeter its track ends,
-1 for none, and how sure it is. The rule to compare it with joins hits by the nearest ones
([agglomerative clustering](supernemo_clusters.md)), lays a straight line through the last six of a
cluster, follows it to the next wall and takes the nearest module there, if one is near enough;
clusters of one or two hits are taken for noise. How hits are joined and how near is enough is
chosen on {size:,} [simulated](supernemo_simulation.md) events. With the true tracks the rule is
given what the network has to find out by itself.

Of {size:,} other events with one to three tracks, straight, kinked or curved;
`python examples/supernemo/association.py` wrote this page. `conditions=detector` has noise, lost
hits, and modules that answer without a track. Errors are statistical, one standard deviation.

{table(found)}

*Hits right*: of all hits, noise among them. *Efficiency*: of hits whose track ends at a module that
answered, those that are given it. *Purity*: of hits that are given a module, those whose it is.
*Events right*: all of their hits are.

![Hits with the right module]({there}/accuracy.png)

*Hits with the right module, by the number of tracks.*
"""
