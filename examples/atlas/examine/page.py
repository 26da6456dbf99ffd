"""The page: a table of the simulation's numbers beside the literature's, and the figures."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from pathlib import Path

from examine.generators import table
from examine.measure import Found
from rootml_atlas.simulation import OPTIONS

FIGURES: Mapping[str, str] = {
    "material": "What electrons cross, from the beam line to the end of the calorimeter",
    "images": "Mean windows of electrons from Z",
    "layers": "Energy of the layers' windows against energy",
    "resolution": "Resolution of the baseline against energy, its fit, and the detector's design",
    "eta": "Resolution of the baseline for electrons from Z",
    "tracks": "Momentum of the electron's track over the true one",
    "mass": "Mass of the Z",
    "generators": "Electrons of Z by formulas and by PYTHIA 8",
}
"""Captions by file, in the order of the page."""
WIDTH = 105
INTRODUCTION = """\
`rootml simulate atlas -n 100000 -o electrons.root` writes electrons of Z decays as the ntuple
holds them, some {rate} a second of processor time. Each goes through the tracker, radiates, and
showers; what it and soft particles of other collisions leave is spread over the cells of
presampler, strips, middle and back, measured, and summed to the scalars of the reconstruction.
`python examples/atlas/physics.py` measures these electrons and wrote this page. Errors are
statistical, one standard deviation."""
MODEL = """\
Every stage is a file of `rootml_atlas/simulation`, with the source of each number beside it; "a
choice" there means that no source gives it.

- `bosons`: Z with a relativistic Breit-Wigner mass, a transverse momentum that peaks at 5 GeV, flat
  rapidity and 1 + cos² of the decay angle. What electrons radiate is missing: the generated peak is
  symmetric. Photons of muons have the rate of first order.
- `pythia` (`pip install "rootml[pythia]"`): Z by PYTHIA 8 instead, with what is radiated before
  and after. Photons of electrons shower beside them in the same cells; `p_truth_E` is that of the
  electron alone.
- `generator`: both electrons above 15 GeV in the barrel; or the hardest photon, above 10 GeV in the
  barrel, with both muons above 10 GeV, abs(eta) < 2.5 and further than 0.2 from it. Single
  electrons and photons are flat in ln E.
- `muons`: their measured momenta, `mu1_*` and `mu2_*`.
- `passage`: bremsstrahlung photons above 3 % and conversions in the tracker, and the curved paths
  of all legs to the calorimeter. A track fit sees the curvature's mean along the track.
- `showers`, `deposit`: profiles of Grindhammer and Peters for every leg, integrated over the
  layers' depths and the cells' areas. Radii fluctuate by 25 % from shower to shower, which is a
  choice on which a network's gain on the baseline depends: it is what a window of cells knows and
  a cluster does not.
- `pileup`: soft photons and hadrons of the crossing's other collisions and of the underlying
  event; the same hadrons are the tracks beside the electron. Out-of-time collisions are noise
  with a negative mean.
- `readout`: sampling fluctuations, gain, noise, and times of significant cells.
- `clusters`: 3 x 7 middle cells about the hottest one and their scalars.
- `baseline`: boosted trees of scikit-learn, fitted to single electrons and photons as the
  experiment's are (`python -m rootml_atlas.simulation.calibrate`). They never saw a Z."""
GENERATORS = """\
The same electrons, both in the barrel and before any detector. PYTHIA's lose energy to photons,
hence the tail of masses below the Z; its Z have more transverse momentum than those of the
formulas, and come with virtual photons. It gives some hundreds of electrons a second and, since few
events have one, a few photons of muons."""
LIMITS = """\
- The resolution is worse than the design: what leaks out of a cluster differs from shower
  to shower as radii do, by 25 %, which adds about 1 % to the constant term, and what is lost in
  front adds to the sampling term. The design's numbers are of the calorimeter alone.
- Tracks lose more to bremsstrahlung than those of the experiment, whose fit follows the radiation.
- At most five photons of an electron are followed in the tracker, of eight above 3 % that it has on
  average where the barrel ends: there it radiates too little.
- Every electron has one track assigned, where in reality photons that it radiates add further
  ones: networks learn nothing of the number.
- Below some 15 GeV the baseline is bent towards the 10 GeV at which its samples begin.
- The crack: cells keep to abs(eta) = 1.475 the granularity that they have in reality to 1.4, and
  there is no end-cap. The scintillators there see a share of the lost energy.
- Pile-up noise is independent from cell to cell; in reality neighbours share it.
- The hadronic calorimeter, dead cells, misalignment and the accordion's modulation in phi are
  missing.
- The baseline's resolution on Z is better than that of the experiment's calibration in all of its
  acceptance, with which the table compares the width: the end-caps, radiation and backgrounds are
  not here.

'Data' (`--set version=data`) have 0.08 X0 more in the tracker, presampler and strips off by +4
and -1.5 %, a scale that waves by 1 % with eta, 8 % more noise, 0.8 % more constant term, 4 %
wider showers and a <mu> larger by 3: sizes of the corrections that the experiment publishes, in
round numbers. `--set mismatch=2` doubles all of them."""


def page(found: Found, figures: Path, folder: Path) -> str:
    """The page, to lie in ``folder``, of figures in ``figures``."""
    there = Path(os.path.relpath(figures, folder)).as_posix()
    rows = [
        f"| {row.text} | {row.value} | {row.literature} | {row.source} |" for row in found.rows()
    ]
    shown = [
        f"![{caption}]({there}/{name}.png)\n\n*{caption}.*" for name, caption in FIGURES.items()
    ]
    options = [
        textwrap.fill(f"- `{name}`: {doc}", WIDTH, subsequent_indent="  ")
        for name, doc in OPTIONS.items()
    ]
    rate = f"{round(found.rate, -3):,.0f}"
    parts = [
        "# Is the simulation of the ATLAS calorimeter right?",
        INTRODUCTION.format(rate=rate),
        "\n".join(["| quantity | simulation | literature | source |", "|---|---|---|---|", *rows]),
        "## What is simulated",
        MODEL,
        "Options, as `--set NAME=VALUE`:",
        "\n".join(options),
        "## Two generators",
        GENERATORS,
        table(found.generated),
        "## What it leaves out",
        LIMITS,
        "## Figures",
        *shown,
    ]
    return "\n\n".join(parts) + "\n"
