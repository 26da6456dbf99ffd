"""The figures and the page."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from rootml.validation import Style
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.style import look
from told.measure import EFFICIENCIES, ENERGY, NETWORK, TRACKS, Sample

STYLE = Style(experiment="SuperNEMO", status="Simulation")
PAGE = """\
# Double beta decay with and without neutrinos

Without neutrinos both electrons have all the energy of the decay of 82Se, 2.998 MeV; with two
neutrinos they have less, and nearly as much in a few decays only, which no search can avoid.
`events_supernemo` tells them apart by the hits of the tracker and the modules of the calorimeter
with their energies (view `energies`): `events_supernemo_score` is the probability that there were
no neutrinos, if both kinds were as many above 2.4 MeV. It has {parameters:,}
parameters and was trained on {train:,} events. It is not shipped; this trains it in some minutes:

```text
SIMULATE="rootml simulate supernemo -n 20000 --set conditions=detector"
$SIMULATE --set events=0nubb --seed 50 -o 0nubb.root
$SIMULATE --set events=2nubb --set least_energy=2.4 --seed 52 -o 2nubb.root
rootml train events_supernemo 0nubb.root 2nubb.root --split 80/10/10 -o run
python examples/supernemo/decay_classes.py run/events_supernemo.card.yaml
```

The last line measures {signal:,} and {background:,} other events and wrote this page. Decays with
two neutrinos are those above {least:g} MeV, {share:.2g} % of all. The simulation has 0.5 modules an
event that answer without a track, walls that measure to 8, 12 and 15 % at 1 MeV, and a loss in the
foil that depends on the angle; [what it leaves out](supernemo_simulation.md#what-it-leaves-out).
Errors are 68 % intervals.

## Against the energy alone

The sum of all measured energies needs no network, and is spoilt by noise in the calorimeter. The
sum in the modules on which tracks end is what a search would use; here it takes the modules from
the truth, as no reconstruction could. Rejection: decays with two neutrinos above {least:g} MeV,
over those that pass.

{table}

Background that passes by the energy where tracks end, over that which passes by the network:
{gains}.

![Background that passes against signal, and energies of both kinds]({figure})

*Left: background that passes against signal that passes. Right: energy in the modules on which
tracks end, of both kinds, and of the background that passes at 90 % of the signal.*

## Where the difference comes from

The same at 90 % of the signal, of events that differ in how their energy is measured. Cuts are made
in each kind of events by itself.

{groups}

Where noise answers, the network has to find out which modules count, and comes near to who knows
it. In events of two modules there is little to learn but their sum: the spectra of the single
electrons and the angle between them are the same for both kinds of decays near the end of the
spectrum.

As a reference beside the network, `calo_total` is in every validation of such files:

```text
rootml-tag 0nubb.root tagged.root --model run/events_supernemo.card.yaml
```
"""


def text(one: Estimate, digits: int = 4) -> str:
    """A number with its interval; or the limit."""
    if not np.isfinite(one.value):
        return f"> {one.low:.0f} (95 %)"
    return f"{one.value:.{digits}g} ({one.low:.{digits}g} to {one.high:.{digits}g})"


def table(found: Sample) -> str:
    """Areas and rejections, by both ways."""
    rows = ["| | area under the ROC curve | " + " | ".join(
        f"rejection at {100 * e:g} %" for e in EFFICIENCIES
    ) + " |", "|---" * (2 + len(EFFICIENCIES)) + "|"]  # fmt: skip
    every = np.ones(len(found.total), np.bool_)
    for way in (ENERGY, TRACKS, NETWORK):
        separation = found.separation(way, every)
        cuts = [text(separation.at_efficiency(e).rejection, 3) for e in EFFICIENCIES]
        rows.append(f"| {way} | {text(separation.auc(), 5)} | " + " | ".join(cuts) + " |")
    return "\n".join(rows)


def groups(found: Sample) -> str:
    """Rejections in kinds of events."""
    ways = (ENERGY, TRACKS, NETWORK)
    rows = [f"| events | signal | {' | '.join(ways)} |", "|---|---|---|---|---|"]
    for name, chosen in found.groups():
        cuts = [text(found.separation(way, chosen).at_efficiency(0.9).rejection, 3) for way in ways]
        number = int((chosen & found.signal).sum())
        rows.append(f"| {name} | {number:,} | " + " | ".join(cuts) + " |")
    return "\n".join(rows)


def figure(found: Sample) -> Figure:
    """Both ways to tell."""
    made = Figure(figsize=(10.5, 4.4), layout="constrained")
    left, right = made.subplots(1, 2)
    energy = found.said[TRACKS]
    background = energy[~found.signal]
    bins = np.linspace(1.5, 3.5, 41)
    right.hist(energy[found.signal], bins, histtype="step", color="0.5", ls="--", label="0nubb")
    right.hist(background, bins, histtype="step", color="black", label="2nubb")
    for place, way in enumerate((ENERGY, TRACKS, NETWORK)):
        said = found.said[way]
        signal, other = said[found.signal], said[~found.signal]
        efficiency = np.linspace(0.3, 0.999, 200)
        passed = np.array([(other > cut).sum() for cut in np.quantile(signal, 1 - efficiency)])
        some = passed > 0
        share, error = passed[some] / len(other), np.sqrt(passed[some]) / len(other)
        colour = look(place).colour
        left.plot(100 * efficiency[some], 100 * share, color=colour, label=way)
        left.fill_between(
            100 * efficiency[some], 100 * (share - error).clip(1e-6), 100 * (share + error),
            color=colour, alpha=0.25, lw=0,
        )  # fmt: skip
        if way != ENERGY:
            kept = background[other > np.quantile(signal, 0.1)]
            right.hist(kept, bins, histtype="step", color=colour, lw=1.6, label=f"by {way}")
    left.set_yscale("log")
    left.set_ylim(100 / (~found.signal).sum(), 30)
    left.set_xlim(30, 100)
    left.set_xlabel("0nubb that pass [%]")
    left.set_ylabel("2nubb that pass [%]")
    left.legend(loc="lower left")
    right.set_yscale("log")
    right.set_xlim(1.5, 3.5)
    right.set_xlabel("Energy where tracks end [MeV]")
    right.set_ylabel("Events")
    right.set_ylim(0.7, 3e5 * len(background) / 40_000)
    right.legend(loc="upper left", fontsize="x-small")
    return made


def page(found: Sample, about: dict[str, float], figures: Path, folder: Path) -> str:
    """The page, to lie in ``folder``."""
    there = Path(os.path.relpath(figures, folder)).as_posix()
    rng = np.random.default_rng(1)
    gains = ", ".join(
        f"{text(found.gain(TRACKS, e, rng), 3)} at {100 * e:g} % of the signal"
        for e in EFFICIENCIES
    )
    return PAGE.format(
        table=table(found),
        groups=groups(found),
        gains=gains,
        figure=f"{there}/told.png",
        signal=int(found.signal.sum()),
        background=int((~found.signal).sum()),
        **about,
    )
