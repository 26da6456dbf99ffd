"""The page: a table of the simulation's numbers beside the literature's, and the figures."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rootml.validation import Estimates, Ratio
from rootml_ams.simulation.datasets import PUBLISHED_FRACTIONS
from rootml_ams.simulation.em import DEPTH_SCALE
from rootml_ams.simulation.onset import LEAST_GEV
from validity import literature
from validity.draw import TITLES
from validity.electrons import DISTANCES_CM, Showers, Value
from validity.protons import Interactions, Rejections

FIGURES: Mapping[str, str] = {
    "profiles": "Longitudinal profiles of electrons, beside the gamma density with the PDG's "
    "maximum and b = 0.5 (no fit)",
    "maximum": "Depth of the shower maximum against energy",
    "containment": "Share of the energy that the calorimeter sees",
    "resolution": "Energy resolution after the correction for leakage",
    "width": "Share of the deposits by distance from the track, in projection",
    "angle": "Angle between the shower's axis and the track",
    "interactions": "Protons that have not interacted so far, by depth",
    "seen": "Reconstructed energy of protons over their true energy",
    "rejection": "Protons for one that passes, against momentum; arrows are limits of 95 %",
}
"""Captions by file, in the order of the page."""
WIDTH = 105
"""Columns of a line of text."""


@dataclass(frozen=True)
class Found:
    """All that was measured."""

    showers: Sequence[Showers]
    terms: tuple[Value, Value]
    interactions: Interactions
    matched: Estimates
    rejections: Mapping[str, Rejections]
    accuracies: Mapping[str, Estimates]
    ratios: Mapping[str, Ratio]
    per_energy: int
    selected: int
    generated: int

    def at(self, energy: float) -> Showers:
        """The showers of one energy, GeV."""
        return next(one for one in self.showers if one.energy == energy)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """What, here, in the literature, source."""
        return [*_electron_rows(self), *_proton_rows(self), *_score_rows(self)]

    def lines(self) -> list[str]:
        """The table as plain text."""
        return [f"{what}: {here} (literature: {there})" for what, here, there, _ in self.rows()]

    def record(self) -> dict[str, Any]:
        """Numbers for a file."""
        names = ("quantity", "here", "literature", "source")
        table = [dict(zip(names, row, strict=True)) for row in self.rows()]
        return {"table": table, "showers": [_plain(asdict(one)) for one in self.showers]}


def page(found: Found, figures: Path, folder: Path) -> str:
    """The page in Markdown; the figures lie in ``figures``, the page in ``folder``."""
    table = "\n".join(f"| {' | '.join(row)} |" for row in found.rows())
    where = os.path.relpath(figures, folder)
    shown = "\n\n".join(
        f"![{caption}]({where}/{name}.png)\n\n*{caption}.*" for name, caption in FIGURES.items()
    )
    return PAGE.format(
        electrons=found.per_energy,
        protons=found.interactions.protons,
        generated=found.generated,
        selected=found.selected,
        table=table,
        differences="\n".join(
            textwrap.fill(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
            for sentence in differences(found)
        ),
        figures=shown,
    )


def differences(found: Found) -> Iterator[str]:
    """Where the simulation departs from the literature, in sentences."""
    shift = {
        one.energy: one.maximum.value - float(literature.shower_maximum(one.energy))
        for one in found.showers
    }
    yield (
        f"Shower maxima lie {min(shift.values()):+.1f} to {max(shift.values()):+.1f} X0 from the"
        f" PDG's formula, which is a rough guide. Depths are stretched by {DEPTH_SCALE - 1:.0%} on"
        " purpose, to approach the containment at 1 TeV."
    )
    step = shift[50.0] - shift[20.0]
    yield (
        f"Between 20 and 50 GeV the maximum moves by {step:+.1f} X0 more than the formula: from"
        f" {LEAST_GEV:g} GeV up the first steps of a shower are followed particle by particle, and"
        " the two descriptions do not meet exactly. The talk's energies lie above."
    )
    contained = found.at(1000).contained
    missing = 100 * (contained.value - literature.CONTAINED_AT_TEV)
    yield (
        f"At 1 TeV {contained.value:.1%} of the energy is seen, {missing:+.1f} points from the"
        f" experiment's {literature.CONTAINED_AT_TEV:.0%}."
    )
    times = {
        one.energy: one.resolution.value / float(literature.resolution(one.energy))
        for one in found.showers
    }
    worst = max(times, key=lambda energy: times[energy])
    yield (
        f"The resolution is up to {times[worst]:.2f} times that of the test beam (at {worst:g}"
        " GeV): the beam entered at one place and angle, this is over the whole acceptance, and"
        " the correction for leakage is simpler than the experiment's."
    )
    share = _within_moliere(found.at(100))
    yield (
        f"Within a Molière radius of the track lie {share.value:.1%} of a 100 GeV shower's deposits"
        " in projection. The radius is that of 90 % in a cylinder, of which the projection holds"
        " more; seen through sampling the parametrised showers are narrower than that, too."
    )
    yield from _proton_sentences(found)


def _proton_sentences(found: Found) -> Iterator[str]:
    one = found.interactions
    yield (
        f"{float(one.share.value):.1%} of the protons are seen to interact before the last two"
        f" layers, {one.expected:.1%} are expected. Slow fragments that go upwards make an"
        " interaction seem to begin earlier, up to the first layer, and some late ones are missed:"
        " the curve of the figure falls too early, and ends too flat."
    )
    yield (
        f"Of all protons of 50-500 GeV {float(found.matched.value):.2%} leave 75 % of their"
        " momentum or more as energy. That, and the shape, make the rejection; the tail that"
        " decides it is a model's in round numbers, and was not tuned to the experiment's."
    )
    alone = [one.alone.value for one in found.rejections.values()]
    here = " and ".join(f"{float(found.accuracies[name].value):.3f}" for name in TITLES)
    there = " and ".join(f"{literature.ACCURACY[name]:.3f}" for name in TITLES)
    yield (
        "The reference scores stand in for the experiment's. Of all protons that cross, most of"
        f" which never shower, they reject all but one in {np.min(alone):,.0f} or more without the"
        " energy over the momentum (open symbols); samples of reconstructed energy hold only those"
        f" that shower, and rejections there are lower. Their accuracies of {here} against {there}"
        " in the talk say little more than the efficiency of the usual cuts:"
        f" {PUBLISHED_FRACTIONS['generated']:.0%} of that data set are electrons. The experiment's"
        " were trained on flight data."
    )


def _electron_rows(found: Found) -> Iterator[tuple[str, str, str, str]]:
    for energy in (20, 200, 2000):
        one = found.at(energy)
        yield (
            f"shower maximum at {energy} GeV, X0",
            _value(one.maximum, 2),
            f"{float(literature.shower_maximum(energy)):.2f}",
            literature.PDG,
        )
    fall = [one.fall.value for one in found.showers]
    yield (
        "fall b behind the maximum, per X0",
        f"{min(fall):.2f} to {max(fall):.2f}",
        f"about {literature.FALL_PER_X0}",
        literature.PDG,
    )
    contained = found.at(1000).contained
    yield (
        "share of 1 TeV that is seen, %",
        _value(contained, 1, 100),
        f"{100 * literature.CONTAINED_AT_TEV:.0f}",
        literature.TALK,
    )
    for name, term, known in zip(
        ("stochastic term, % √GeV", "constant term, %"),
        found.terms,
        (literature.STOCHASTIC, literature.CONSTANT),
        strict=True,
    ):
        digits = 1 if known > 0.1 else 2
        yield name, _value(term, digits, 100), f"{100 * known:g}", literature.ADLOFF
    yield (
        "deposits of 100 GeV within a Molière radius, in projection, %",
        _value(_within_moliere(found.at(100)), 1, 100),
        f"more than {100 * literature.MOLIERE_SHARE:.0f}",
        literature.PDG,
    )
    yield "68 % of axes at 50 GeV within, degrees", _value(found.at(50).angle, 2), "-", "no number"


def _proton_rows(found: Found) -> Iterator[tuple[str, str, str, str]]:
    yield (
        "protons that interact before the last two layers, %",
        _percent(found.interactions.share),
        f"{100 * found.interactions.expected:.1f}",
        "0.6 interaction lengths: " + literature.ADLOFF,
    )
    for name, one in found.rejections.items():
        yield (
            f"protons for one that passes, 50-500 GeV, {TITLES[name]} and E/p > 0.75",
            _rejection(one),
            f"about {literature.REJECTION:,.0f}",
            literature.FIRST_RESULT,
        )


def _score_rows(found: Found) -> Iterator[tuple[str, str, str, str]]:
    for name, one in found.accuracies.items():
        yield (
            f"accuracy, 200-600 GeV generated, {TITLES[name]}",
            f"{float(one.value):.3f} ± {float(one.high - one.low) / 2:.3f}",
            f"{literature.ACCURACY[name]:.3f}",
            literature.TALK,
        )
    for place, ratio in found.ratios.items():
        yield (
            f"rejection of the boosted trees over the likelihood's, {place} 1 TeV",
            f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})",
            f"{literature.BDT_OVER_LIKELIHOOD[place]:.1f}",
            literature.TALK,
        )


def _within_moliere(one: Showers) -> Value:
    value, error = (
        float(np.interp(literature.MOLIERE, DISTANCES_CM, part)) for part in one.within.T
    )
    return Value(value, error)


def _value(one: Value, digits: int, scale: float = 1) -> str:
    return f"{scale * one.value:.{digits}f} ± {scale * one.error:.{digits}f}"


def _percent(one: Estimates) -> str:
    return f"{100 * float(one.value):.1f} ± {50 * float(one.high - one.low):.1f}"


def _rejection(one: Rejections) -> str:
    """All momenta together, with the interval."""
    found = one.all_matched.one()
    if not np.isfinite(found.value):
        return f"> {found.low:,.0f}"
    return f"{found.value:,.0f} ({found.low:,.0f} to {found.high:,.0f})"


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.round(6).tolist() if isinstance(value, np.ndarray) else value
        for name, value in record.items()
    }


PAGE = """# Is the simulation of the AMS calorimeter right?

`python examples/ams/physics.py` measures simulated events and writes this page: {electrons:,}
electrons at each of eight energies and {protons:,} protons of 50-500 GeV that cross, over the
whole acceptance. Accuracies are those of {generated:,} events of the talk's first data set,
ratios of rejections those of {selected:,} events of 200-2000 GeV reconstructed energy. Errors are
statistical, one standard deviation.

| quantity | simulation | literature | source |
|---|---|---|---|
{table}

"No number": it is measured here for the record, without one to compare with. The experiment's
rejection is that of its own estimator in flight data; the simulation's is that of the models of its
scores, on its own protons.

## Where it differs

{differences}

What follows from this: means and resolutions are the literature's to the precision above, so that
images look right; a rejection of thousands is decided by rare protons, whose model is a model. A
network's rejection on these events is not its rejection on those of AMS.

## Figures

{figures}
"""
