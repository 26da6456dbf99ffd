"""The page: a table of all ways to join hits, and figures."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from joined.measure import Joined
from rootml.validation import Estimate, Style
from rootml.validation.plots.canvas import panel
from rootml.validation.plots.label import finish
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


def accuracies(found: Sequence[Joined], conditions: str) -> Figure:
    """Share of events that are counted right, against the number of tracks."""
    figure, ax = panel()
    numbers = sorted(int(name[9:]) for name in found[0].figures if name.startswith("right_of_"))
    for place, one in enumerate(found):
        shares = [one.figures[f"right_of_{n}"] for n in numbers]
        values = [100 * share.value for share in shares]
        errors = [
            [100 * (share.value - share.low) for share in shares],
            [100 * (share.high - share.value) for share in shares],
        ]
        as_ = look(place)
        x = np.array(numbers) + 0.08 * (place - (len(found) - 1) / 2)
        title = one.title.split(" (")[0].split(";")[0]
        ax.errorbar(x, values, errors, fmt=as_.marker, color=as_.colour, label=title)
    if conditions == "clean":
        ax.axhline(TALK, color="0.35", ls="--", lw=1.5, label="agglomerative, talk, all events")
    ax.set_xticks(numbers)
    ax.set_xlim(min(numbers) - 0.5, max(numbers) + 0.5)
    ax.set_ylim(0, 100)
    ax.minorticks_off()
    ax.set_xlabel("True tracks")
    ax.set_ylabel("Events counted right [%]")
    finish(ax, (), STYLE, conditions)
    return figure


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
    pictures = "\n\n".join(
        f"![Events counted right, {conditions}]({there}/{conditions}.png)\n\n"
        f"*Events counted right, `conditions={conditions}`.*"
        for conditions in found
    )
    return f"""\
# Hits joined to tracks

Which hits are of the same track, and which are noise, in {size:,}
[simulated](supernemo_simulation.md) events of one to three straight tracks: without losses
(`clean`), and with noise, inefficiency and dead cells (`detector`). No way to join hits has seen
these events before. `python examples/supernemo/clusters.py` wrote this page. Errors are
statistical, one standard deviation; `events/s` are those of a second of processor time, with all
that comes before and after the joining.

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
  network, `cluster_supernemo`, is the one that learned from most events; the others show what a few
  minutes on the same events give.

{pictures}
"""
