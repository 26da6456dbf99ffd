"""The figures and the page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rootml.validation import Style
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.style import look
from silent.measure import THRESHOLDS, USUAL, Share

STYLE = Style(experiment="SuperNEMO tracker", status="Simulation")
PAGE = """\
# Dead cells of the SuperNEMO tracker

A cell that does not answer leaves a gap in its tracks. `cells_supernemo` tells from the view
`cells` how likely each of the 2034 cells was crossed by a track: `cells_supernemo_crossed`, (2, 9,
113) numbers an event, by side, layer and row. It is a small network, {parameters:,} parameters in
convolutions of 3 x 3 cells, trained on {train:,} simulated events whose truth says which cells
were crossed in vain. It is not shipped; this trains it in some minutes:

```text
DETECTOR="--set conditions=detector --set kind=mixed"
rootml simulate supernemo -n 10000 $DETECTOR --set dead=0.1 --set run=2 --seed 32 -o some.root
rootml simulate supernemo -n 10000 $DETECTOR --set dead=0.3 --set run=4 --seed 34 -o more.root
rootml train cells_supernemo some.root more.root --split 80/10/10 -o run
python examples/supernemo/dead_cells.py run/cells_supernemo.card.yaml
```

The last line measures {events:,} other events for each share of dead cells, in a run of its own,
and wrote this page. Tracks are straight, kinked and curved, 5 % of the live cells do not answer,
there is one noise hit an event. Errors are of one standard deviation; those of cells hold that
cells of an event hang together.

## What is found

Of the cells that were crossed and did not answer, the share that is found (efficiency), and of the
cells that are added the share that was crossed (purity), with a probability above {usual}. The
plain rule adds silent cells that lie between two hits, in a row, in a layer or on a diagonal.

{cells}

![Efficiency and purity of added cells, and what they give the counting]({figure})

*Left: efficiency and purity by the threshold on the probability, for three shares of dead cells;
open markers: the plain rule. Right: events that `ntracks_supernemo` counts right.*

## What it gives the counting

Hits are added in the cells that are found, with the mean of the known heights around and half the
radius of a cell; `ntracks_supernemo` counts the tracks of 0 to 3. "All that were lost" adds the
true cells in the same way: more than that no finder of cells can give.

{counting}

Part of what `ntracks_supernemo` was trained on has 2 % of dead cells: it overlooks such gaps. Up to
10 % of dead cells the added ones are no help to it; beyond they are.
"""


def text(share: Estimate) -> str:
    """Per cent with the error."""
    error = (share.high - share.low) / 2
    return f"{100 * share.value:.1f} ± {100 * error:.1f}"


def tables(found: Sequence[Share]) -> tuple[str, str]:
    """Of cells, and of the counting, in per cent."""
    cells = [
        "| dead, % | lost cells an event | efficiency, % | purity, % | rule: efficiency, % "
        "| rule: purity, % |",
        "|---|---|---|---|---|---|",
    ]
    for one in found:
        worth = [text(part) for part in (*one.curve[USUAL], *one.rule)]
        cells.append(f"| {100 * one.dead:g} | {one.lost:.2f} | " + " | ".join(worth) + " |")
    names = list(found[0].counted)
    counting = [
        f"| dead, % | {' | '.join(names)} | gain by the network |",
        "|---" * (len(names) + 2) + "|",
    ]
    for one in found:
        shares = " | ".join(text(part) for part in one.counted.values())
        gain, error = one.gain
        counting.append(
            f"| {100 * one.dead:g} | {shares} | {100 * gain:+.2f} ± {100 * error:.2f} |"
        )
    return "\n".join(cells), "\n".join(counting)


def figure(found: Sequence[Share]) -> Figure:
    """Efficiency and purity; and the counting against the share of dead cells."""
    made = Figure(figsize=(10.5, 4.4), layout="constrained")
    left, right = made.subplots(1, 2)
    for place, one in enumerate(found[i] for i in (0, len(found) // 2, -1)):
        colour = look(place).colour
        worth = [one.curve[threshold] for threshold in THRESHOLDS]
        x, y = np.array([[100 * part.value for part in both] for both in worth]).T
        name = f"{100 * one.dead:g} % dead"
        left.plot(x, y, marker=look(place).marker, ms=5, color=colour, label=name)
        x, y = (100 * part.value for part in one.rule)
        left.plot(x, y, look(place).marker, ms=8, color=colour, mfc="none", mew=1.6)
    left.set_xlabel("Efficiency of added cells [%]")
    left.set_ylabel("Purity of added cells [%]")
    left.set_ylim(0, 105)
    left.set_xlim(0, 105)
    left.legend(loc="lower left")
    dead = np.array([100 * one.dead for one in found])
    for place, name in enumerate(found[0].counted):
        shares = [one.counted[name] for one in found]
        value = np.array([100 * share.value for share in shares])
        error = np.array([50 * (share.high - share.low) for share in shares])
        at = dead + 0.15 * (place - 1.5)
        right.errorbar(
            at, value, error, fmt=look(place).marker + "-", ms=5, lw=1.2,
            color=look(place).colour, label=name,
        )  # fmt: skip
    right.set_xlim(0, 1.05 * dead[-1])
    right.set_xlabel("Dead cells [%]")
    right.set_ylabel("Events counted right [%]")
    right.legend(loc="lower left")
    return made


def page(found: Sequence[Share], about: dict[str, int], figures: Path, folder: Path) -> str:
    """The page, to lie in ``folder``."""
    cells, counting = tables(found)
    there = Path(os.path.relpath(figures, folder)).as_posix()
    shown = f"{there}/cells.png"
    return PAGE.format(cells=cells, counting=counting, figure=shown, usual=USUAL, **about)
