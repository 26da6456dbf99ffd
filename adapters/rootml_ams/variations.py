"""Ways in which the calorimeter's readings may be off."""

from __future__ import annotations

from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Variation
from rootml.errors import InputError
from rootml.spec import Array
from rootml.variations import generators, scaled
from rootml_ams.geometry import CELLS, LAYERS, SIZE


def _replace_image(events: ak.Array, image: Array) -> ak.Array:
    return ak.with_field(events, image.astype(np.float32), "image")


def _spread(events: ak.Array, value: float, seed: int) -> ak.Array:
    """Each cell's gain is off by a normal variate of its own, the same in all events."""
    gains = 1 + value * np.random.default_rng(seed).standard_normal((LAYERS, CELLS))
    return _replace_image(events, ak.to_numpy(events["image"]) * np.maximum(gains, 0))


def _kill(events: ak.Array, value: float, seed: int) -> ak.Array:
    """The nearest whole number of cells reads nothing, the same ones in all events.

    More dead cells contain the fewer.
    """
    if not 0 <= value <= SIZE:
        raise InputError(f"dead_cells {value:g}: expected a number from 0 to {SIZE}")
    dead = np.random.default_rng(seed).permutation(SIZE)[: round(value)]
    alive = np.ones(SIZE, np.float32)
    alive[dead] = 0
    return _replace_image(events, ak.to_numpy(events["image"]) * alive.reshape(LAYERS, CELLS))


def _add_noise(events: ak.Array, value: float, seed: int) -> ak.Array:
    """Noise on the cells that were read; below zero they read nothing."""
    image = ak.to_numpy(events["image"])
    noisy = np.zeros_like(image)
    for row, into, generator in zip(image, noisy, generators(image, seed), strict=True):
        hit = row > 0
        into[hit] = row[hit] + value * generator.standard_normal(np.count_nonzero(hit))
    return _replace_image(events, np.maximum(noisy, 0))


VARIATIONS: Final = {
    "cell_scale": Variation(
        scaled("image", "energy"),
        nominal=1,
        doc="factor of all deposits and of the reconstructed energy; the energy scale is known to "
        "2 % from 10 to 290 GeV and to 3 % at 500 GeV (L. Accardo et al., PRL 113 (2014) 121101)",
    ),
    "cell_spread": Variation(
        _spread,
        nominal=0,
        doc="standard deviation of the cells' gains, one set of gains for all events; they are "
        "equalised to 2.4 % (On-orbit equalization of the AMS ECAL, Radiat. Detect. Technol. "
        "Methods 5 (2021), doi:10.1007/s41605-021-00267-4)",
    ),
    "dead_cells": Variation(
        _kill,
        nominal=0,
        unit="cells",
        doc="so many of the 1296 cells read nothing, the same ones in all events",
    ),
    "noise": Variation(
        _add_noise,
        nominal=0,
        unit="MeV",
        doc="standard deviation of noise added to each cell that was read; files hold no others",
    ),
}
"""Of all views, as all are made of the image."""
