"""How the networks for electron energies in ATLAS are trained.

``energy_atlas`` in all combinations of the lecture's table: what modulates the convolutions
(``film``), and what joins them in the last layers (``top``). ``film_atlas`` is its best one, with
sums of the layers beside; ``film_atlas_reduced`` knows no cells. All learn the logarithm of the
true over the calibrated energy, by the log-cosh of it and two quantiles that make an uncertainty.
``film_atlas_data`` needs no truth: it takes the mass of the Z for it. ``film_atlas_photons`` is of
photons too.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rootml.card import Output
from rootml.training import Flat, LogCosh, Quantiles, Recipe, Regression, Torch
from rootml_zoo.recipes.atlas_labels import MUMUGAMMA_LABEL, Z_LABEL

if TYPE_CHECKING:
    from torch import nn

    from rootml.adapter import View

SCALE = 0.02
"""Usual size of log(E_true / E_calibrated)."""
MATCHED = "abs(energy / truth_energy - 1) < 0.6"
"""Truth of the same electron (the lecture)."""
COMBINATIONS = (
    ("", ""),
    ("scalar", ""),
    ("scalar", "scalar"),
    ("scalar", "scalar track"),
    ("scalar", "track"),
    ("scalar track", ""),
    ("scalar track", "scalar track"),
    ("track", "scalar"),
    ("track", "track"),
    ("", "scalar"),
    ("", "scalar track"),
    ("", "track"),
)
"""FiLM and top of the lecture's table, in its order."""
BEST = COMBINATIONS[4]

ENERGY = Regression(
    target="truth_energy",
    estimates=(
        Output(
            name="energy",
            role="energy",
            unit="GeV",
            estimates="truth_energy",
            tails=(0.1, 0.2),
            doc="energy of the electron",
        ),
        Output(
            name="error",
            role="uncertainty",
            error_of="energy",
            unit="GeV",
            doc="half of the central 68 % of its distribution",
        ),
    ),
    reference="calibrated",
    loss=Quantiles(SCALE, middle=LogCosh(SCALE)),
    select=MATCHED,
    samples={"data": Z_LABEL},
)
ENERGY_FROM_Z = replace(ENERGY, target=Z_LABEL.target, select=Z_LABEL.select, samples={})
"""Of files of Z alone. Training, validation and test all are against the label, of which the width
of the Z and the resolution of the tag are part."""

ENERGY_OF_BOTH = replace(
    ENERGY,
    flat=Flat(log=True),
    samples={"data": Z_LABEL, "mumugamma": MUMUGAMMA_LABEL},
)
"""Electrons and photons. Their energies count evenly in the logarithm, as those of single particles
are drawn: so that Z, of which most are, are not all that is learned (the lecture's outlook)."""


def _network(
    view: View,
    film: str = "",
    top: str = "",
    channels: int = 16,
    upsample: int = 1,
    sums: bool = False,
) -> nn.Module:
    from rootml_zoo.nets.film import EnergyNet

    return EnergyNet(view, film.split(), top.split(), channels, upsample, sums)


def _recipe(
    name: str,
    view: str,
    film: str,
    top: str,
    title: str,
    task: Regression = ENERGY,
    more: str = "",
    sums: bool = False,
) -> Recipe:
    return Recipe(
        name=name,
        adapter="atlas",
        view=view,
        learner=Torch(
            _network,
            learning_rate=1e-3,
            batch_size=512,
            schedule="cosine",
            schedule_warmup=0.05,
            weight_decay=1e-4,
            clip=1.0,
            epochs=30,
            patience=30,
            parameters={"film": film, "top": top, "sums": sums},
        ),
        task=task,
        together="event",
        title=f"Energy of electrons in ATLAS: {title}",
        doc=f"A correction to the calibrated energy, with its uncertainty.{more}",
    )


def _words(film: str, top: str) -> str:
    """What the lecture's table calls a combination."""
    parts = {"FiLM": film, "top": top}
    return " - ".join(f"{part}: {names}" for part, names in parts.items() if names) or "Basic"


def _combined(film: str, top: str) -> Recipe:
    title = _words(film, top)
    name = "_".join(re.findall(r"\w+", title.lower()))
    return _recipe(f"energy_atlas_{name}", "electron", film, top, title)


COMBINED = tuple(_combined(film, top) for film, top in COMBINATIONS)
FILM_ATLAS = _recipe(
    "film_atlas", "electron", *BEST, f"{_words(*BEST)}, with sums of the layers", sums=True
)
FILM_ATLAS_REDUCED = _recipe(
    "film_atlas_reduced", "electron_reduced", "", "scalar track", "scalars and tracks alone"
)
FILM_ATLAS_DATA = _recipe(
    "film_atlas_data",
    "electron",
    *BEST,
    "from the mass of the Z alone",
    ENERGY_FROM_Z,
    " Its figures are against the energy that makes the mass of the Z, not against the truth.",
    sums=True,
)
FILM_ATLAS_PHOTONS = _recipe(
    "film_atlas_photons",
    "electron",
    *BEST,
    "electrons and photons together",
    ENERGY_OF_BOTH,
    " For electrons and photons; what counts is the same at all energies, in the logarithm.",
    sums=True,
)
RECIPES = (FILM_ATLAS, FILM_ATLAS_REDUCED, FILM_ATLAS_DATA, FILM_ATLAS_PHOTONS, *COMBINED)
