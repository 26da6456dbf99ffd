"""The page: a table of the simulation's numbers beside others', and the figures."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path

from rootml_supernemo.simulation import OPTIONS
from simulated.measure import Found

FIGURES: Mapping[str, str] = {
    "event": "An event of three tracks with noise: cells with their measured radii from the top, "
    "heights from the side; lines are the true tracks",
    "cells": "Cells that tracks cross",
    "drift": "Drift times",
    "radius": "Measured radii, beside those of another simulation",
    "height": "Resolutions of radii and heights, and what Falaise assumes",
    "timestamps": "Anode times 1 and 2 against the cathodes that they stand in for",
    "decays": "Double beta decays of 82Se: energies of both electrons as they are emitted and as "
    "the calorimeter measures them, and the angle between them",
}
"""Captions by file, in the order of the page."""
WIDTH = 105
INTRODUCTION = """\
`rootml simulate supernemo -n 100000 -o tracks.root` writes events of up to three tracks as
`hit_tree`, the format of SN-IEgenerator, some {rate} a second of processor time; with
`--layout tkevent_flat` as the members of TKEvent's hits. Every hit has its seven timestamps, every
event its true number of tracks (`truth_ntracks`), every hit the track it is of (`truth_track`, -1
for noise) and its true height. `python examples/supernemo/physics.py` measures such events and
wrote this page. Errors are statistical, one standard deviation."""
MODEL = """\
Every stage is a file of `rootml_supernemo/simulation`, with the source of each number beside it; "a
choice" there means that no source gives it.

- `tracks`: vertices on the foil, flat in abs(y) < 2 m and abs(z) < 1.3 m; either half of the
  tracker; both angles flat up to 0.1 rad from the foil, as SN-IEgenerator's "haystacks", or
  isotropic. Tracks are straight, have a kink near one of the layers 1 to 7, or are electrons in a
  field. Directions are drawn anew until the track ends on a block of the calorimeter.
- `walls`: main walls, X walls and gamma veto with the gaps between their blocks.
- `cells`: a cell answers where a track passes within 0.51 of the pitch of 44 mm (SN-IEgenerator);
  all such cells are found exactly, for lines and arcs alike. Of several tracks in a cell the
  nearest one counts.
- `drift`: drift times and resolutions of Falaise. The plasma runs to both ends at 5 cm/us, 10 %
  off from hit to hit; both fronts differ by 1 %, which makes the resolution in z. The four other
  times of the anode follow the fronts with delays and slopes of their own.
- `response`: inefficiency, dead cells, noise, lost timestamps. The truth tells which cells were
  crossed in vain (`truth_lost_side`, `_layer`, `_column`).
- `deposits`: a module measures the energies of all electrons that end on it, 8 % wide (full width
  at half maximum) at 1 MeV in the main wall, 12 % in X walls and 15 % in the veto, from 50 keV on
  (`calo_energy` in MeV). `truth_module` says of a hit on which module its track ends.
- `decays`, `spectra`, `foil`: with `events=2nubb` or `0nubb` two electrons from a point of the
  foil, with the energies and the angle of double beta decay of 82Se (`truth_energy` in MeV,
  `truth_class`: 0 with two neutrinos, 1 with none), the mean loss in 50 mg/cm2 of selenium, and the
  curvature that is left. Decays whose electrons do not both reach the calorimeter are drawn anew:
  spectra of events are those that are accepted."""
LIMITS = """\
- `conditions=clean` is a detector as SN-IEgenerator has it: all cells answer, up to the gamma veto
  at abs(z) = 1550 mm, although wires end at 1385 mm; heights beyond are measured at the end of the
  wire. `conditions=detector` stops there. Its losses and its noise are round numbers.
- A track that no cell sees cannot be counted: unless `least=0`, it is drawn anew.
- Curved tracks do not turn back: those that would before they reach the calorimeter are drawn
  anew, which favours high momenta and angles to one side.
- Electrons lose energy in the foil alone, of decays alone, and its mean: no straggling, nothing in
  gas and wires, no light that depends on the place in a block. Electrons of straight and kinked
  tracks have momenta like those of curved ones. Scattering is a kink of Gaussian angle in the plane
  across the wires; electrons of decays do not scatter.
- Delays and slopes of the anode's times are choices; the talk that shows them has no numbers. A
  cell that fires its neighbours, a plasma that stops on its way, alpha particles, gamma rays and
  tracks that cross the foil are missing.
- Radii below 5 mm: Falaise has fewer hits below 3 mm and more between 3 and 5 mm (see the figure);
  here they are measured without such a step.
- Noise is even over the cells; real cells differ."""


def page(found: Found, figures: Path, folder: Path) -> str:
    """The page, to lie in ``folder``, of figures in ``figures``."""
    there = Path(os.path.relpath(figures, folder)).as_posix()
    rows = [f"| {row.text} | {row.value} | {row.other} | {row.source} |" for row in found.rows()]
    shown = [
        f"![{caption}]({there}/{name}.png)\n\n*{caption}.*" for name, caption in FIGURES.items()
    ]
    options = [
        textwrap.fill(f"- `{name}`: {doc}", WIDTH, subsequent_indent="  ")
        for name, doc in OPTIONS.items()
    ]
    parts = [
        "# Is the simulation of SuperNEMO right?",
        INTRODUCTION.format(rate=f"{round(found.rate, -3):,.0f}"),
        "\n".join(["| quantity | simulation | elsewhere | source |", "|---|---|---|---|", *rows]),
        "## What is simulated",
        MODEL,
        "Options, as `--set NAME=VALUE`:",
        "\n".join(options),
        "## What it leaves out",
        LIMITS,
        "## Figures",
        *shown,
    ]
    return "\n\n".join(parts) + "\n"
