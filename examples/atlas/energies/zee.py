"""The peak of the Z in a sample, by what estimated the energies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from energies.draw import peaks
from energies.errors import BASELINE
from energies.peak import Masses, fit, record, widths
from energies.study import Study
from energies.trainings import Trained
from rootml.spec import Array

SAMPLES = ("mc_test", "data_test")


def show(
    study: Study, name: str, models: Mapping[str, Trained], drawn: Sequence[str] = ()
) -> dict[str, Array]:
    """Fit, record and draw; returns the widths (1 + r,) on the same replicas of the events.

    ``drawn``: titles of the networks of which a plot is made; without any, all.
    """
    sample = study.sample(name)
    electrons = sample.electrons()
    energies = {BASELINE: electrons.energy}
    energies |= {title: model.energies(sample) for title, model in models.items()}
    masses = Masses.of_pairs(sample, electrons, energies)
    fits = {title: fit(values) for title, values in masses.of.items()}
    found = widths(masses, fits)
    made = record(masses, fits, found, BASELINE)
    study.note(**{name: {"title": sample.title, **made}})
    texts = {title: _text(row) for title, row in made["fits"].items()}
    for number, title in enumerate(drawn or models):
        pair = (BASELINE, title)
        study.draw(
            f"peak_{name}_{number}",
            f"Mass of the Z by the baseline and by the network {title}: {sample.title}",
            lambda style, p=pair: peaks(
                style, _of(masses.of, p), _of(fits, p), texts, sample.title
            ),
        )
    return found


def _of(every: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: every[name] for name in names}


def _text(row: Mapping[str, Any]) -> str:
    width = row["parameters"]["width"]
    return rf"$\sigma_{{CB}}$ = {width['value']:.3f} $\pm$ {width['error']:.3f} GeV"
