"""The page: a table of all ways to join hits, and figures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import mplhep as mh
import numpy as np
from matplotlib.figure import Figure

from joined.measure import Joined
from rootml.validation import Estimate, Style
from rootml.validation.plots.canvas import SMALL
from rootml.validation.style import look

STYLE = Style(experiment="SuperNEMO tracker", status="Simulation")
Found = Mapping[str, Sequence[Joined]]
"""What was found by conditions of the simulation."""
TALK = 89.34
"""Per cent of events that agglomerative clustering counts right (A. Mendl, Machine learning at
SuperNEMO, of M. Ceschia)."""
FIGURES = {
    "purity": "purity",
    "efficiency": "efficiency",
    "rand": "adjusted Rand index",
    "rejection": "noise left out",
}


def summary(found: Found) -> Figure:
    """What each way to join hits is worth: events counted right, and adjusted Rand index."""
    titles = [_short(one.title) for one in next(iter(found.values()))]
    figure = Figure(figsize=(10.5, 1.8 + 0.42 * len(titles)))
    left, right = figure.subplots(1, 2, sharey=True, gridspec_kw={"wspace": 0.15})
    figure.subplots_adjust(left=0.38, right=0.98, bottom=1.0 / figure.get_figheight(), top=0.9)
    for ax, name, unit in ((left, "right", 100.0), (right, "rand", 1.0)):
        for place, (conditions, ways) in enumerate(found.items()):
            figures = [one.figures[name] for one in ways]
            values = unit * np.array([one.value for one in figures])
            ends = unit * np.array([(one.low, one.high) for one in figures]).T
            as_ = look(place)
            ax.errorbar(
                values,
                np.arange(len(ways)) + 0.12 * (2 * place - 1),
                xerr=np.abs(ends - values),
                fmt=as_.marker,
                color=as_.colour,
                label=conditions,
            )
        ax.set_xlim(0, 1.05 * unit)
        ax.tick_params(axis="y", which="both", length=0)
        ax.grid(axis="y", color="0.9")
    left.axvline(TALK, color="0.35", ls="--", lw=1.5, label="talk")
    left.set_yticks(range(len(titles)), titles)
    left.set_ylim(len(titles) - 0.5, -0.5)
    left.set_xlabel("Events counted right [%]")
    right.set_xlabel("Adjusted Rand index")
    drawn = left.get_legend_handles_labels()
    right.legend(
        *drawn,
        loc="lower right",
        bbox_to_anchor=(1.04, 0.98),
        ncols=3,
        fontsize=SMALL,
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=1.0,
    )
    mh.label.exp_text(STYLE.experiment, STYLE.status, loc=0, ax=left, fontsize=SMALL)
    return figure


def _short(title: str) -> str:
    """A way's name, without its settings; of a network, how many events it learned from."""
    name, _, learned = title.partition(" (")
    if learned:
        thousands = int(learned.split()[0].replace(",", "")) / 1000
        return f"{name.split(' ', 1)[1]}, {thousands:.3g}k"
    return name.split(";")[0].split(", ")[0] + (" (kernel)" if "kernel" in name else "")


def table(found: Found) -> str:
    """All ways, in Markdown."""
    names = " | ".join(FIGURES.values())
    lines = [
        f"| conditions | joined by | counted right, % | {names} | events/s |",
        f"|{'---|' * (4 + len(FIGURES))}",
    ]
    for conditions, ways in found.items():
        for way in ways:
            right = _said(way.figures["right"], 100, 2)
            figures = " | ".join(
                _said(way.figures[name]) if name in way.figures else "-" for name in FIGURES
            )
            lines.append(f"| {conditions} | {way.title} | {right} | {figures} | {way.rate:,.0f} |")
    return "\n".join(lines)


def _said(estimate: Estimate, unit: float = 1.0, digits: int = 4) -> str:
    """Value and half of the interval."""
    half = unit * (estimate.high - estimate.low) / 2
    return f"{unit * estimate.value:.{digits}f} ± {half:.{digits}f}"


def page(found: Found, size: int, figures: Path, folder: Path) -> str:
    """The page, to lie in ``folder``, of figures in ``figures``."""
    there = Path(os.path.relpath(figures, folder)).as_posix()
    return f"""\
# Hits joined to tracks

Which hits are of the same track, and which are noise, in {size:,}
[simulated](supernemo_simulation.md) events of one to three straight tracks: without losses
(`clean`), and with noise, inefficiency and dead cells (`detector`). No way to join hits has seen
these events before. `python examples/supernemo/clusters.py` wrote this page, with a `--model` for
each network. Errors are statistical, one standard deviation; `events/s` are those of a second of
processor time, with all that comes before and after the joining.

{table(found)}

- **Counted right**: as many clusters as tracks that have hits. Of the hits of tracks, **purity** is
  the share of those in a cluster that are of its main track, **efficiency** the share that is in
  the main cluster of its track; the **adjusted Rand index** (L. Hubert, P. Arabie, J. Classif. 2
  (1985) 193) compares pairs of hits. **Noise left out**: share of the noise hits that are in no
  cluster.
- **Agglomerative clustering** begins with each hit alone and joins what is nearest until nothing is
  near any more: by the nearest hits of two clusters, by the mean distance of their hits, or by that
  in the space of a Gaussian kernel. How much heights count, how wide the kernel is and where
  joining ends is chosen on {size:,} other events of the same conditions, by how many are counted
  right. In the talk that this repeats (A. Mendl, Machine learning at SuperNEMO) it counted {TALK} %
  of the events right, in a way that is not described; they had no noise. A gap in a track ends its
  cluster, and each noise hit is one of its own.
- **Networks** learned from events of both conditions at once, those with losses also of kinked and
  curved tracks; in brackets how many. Each gives a hit the probabilities to be noise or of one of
  four tracks, and learns by the best of the 24 ways in which true tracks can be those of the
  network. The talk names the convolutional autoencoder, the adversarial one and capsules as ways to
  cluster hits, and gives no layers and no figures; the transformer is rootml's own. The shipped
  network, `cluster_supernemo`, is the one that learned from most events, in nine epochs. The others
  learned from the same fewer events, in three epochs each: they tell what a few minutes give,
  not what a kind of network can reach.

![What each way to join hits is worth]({there}/ways.png)

*Events counted right and adjusted Rand index of each way to join hits; the line is what the talk
found without noise.*
"""
