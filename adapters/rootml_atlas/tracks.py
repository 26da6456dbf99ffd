"""The tracks near an electron: the nearest ten, as rows of features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from rootml.adapter import Options
from rootml.spec import Array
from rootml_atlas.geometry import MAX_TRACKS

FEATURES: Final = (
    "pt_q", "d0_significance", "dr", "vertex", "z0", "eta", "phi", "n_pixel", "n_sct", "n_trt"
)  # fmt: skip
"""Those of the talk's table, in its order: pt / charge in GeV, z0 in mm, phi in rad."""
REDUCED: Final = tuple(name for name in FEATURES if name not in ("vertex", "n_trt"))
"""Those that PHYSLITE has."""


def nearest(
    features: Mapping[str, Array], counts: Array, eta: Array, phi: Array, names: Sequence[str]
) -> Array:
    """The features ``names`` of each electron's nearest tracks (electrons, 10, names), float32.

    ``features``: one value a track; "dr" is made here, from "eta" and "phi" and the electrons'.
    ``counts``: tracks of each electron. They come by distance, the nearest first, and zeros where
    there are no more. A track whose features are all zero is padding of the file.
    """
    electron = np.repeat(np.arange(len(counts)), counts)
    there = np.any([values != 0 for values in features.values()], axis=0)
    electron, values = electron[there], {k: v[there] for k, v in features.items()}
    values["dr"] = distance(values["eta"], values["phi"], eta[electron], phi[electron])
    order = np.lexsort((values["dr"], electron))
    electron = electron[order]
    counts = np.bincount(electron, minlength=len(counts))
    place = np.arange(len(electron)) - (np.cumsum(counts) - counts)[electron]
    kept = place < MAX_TRACKS
    rows = np.zeros((len(counts), MAX_TRACKS, len(names)), np.float32)
    for column, name in enumerate(names):
        rows[electron[kept], place[kept], column] = values[name][order][kept]
    return rows


def told(counts: Array) -> Options:
    """What there is to tell of files with so many tracks for each electron."""
    most = counts.max(initial=0)
    if most <= MAX_TRACKS:
        return {}
    return {"tracks": f"the nearest {MAX_TRACKS} of up to {most} of an electron are kept"}


def distance(eta: Array, phi: Array, other_eta: Array, other_phi: Array) -> Array:
    """Distance in eta and phi (rad)."""
    dphi = np.mod(phi - other_phi + np.pi, 2 * np.pi) - np.pi
    found: Array = np.hypot(eta - other_eta, dphi)
    return found


def significance(d0: Array, sigma: Array) -> Array:
    """Distance over its error; NaN where there is a distance without error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((d0 == 0) & (sigma == 0), 0.0, np.where(sigma > 0, d0 / sigma, np.nan))
