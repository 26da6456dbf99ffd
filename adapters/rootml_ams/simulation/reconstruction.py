"""From images to what the experiment's files carry beside them: energy, axis, reference scores.

The constants are those of :mod:`rootml_ams.simulation.calibration`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import (
    CELL_CENTRES_CM,
    CELLS,
    HALF_WIDTH_CM,
    LAYER_X0,
    LAYERS,
    MEASURES_X,
    PITCH_CM,
    X0_CM,
)
from rootml_ams.simulation.calibration import CALIBRATION, Calibration
from rootml_ams.simulation.deposit import Image

Floats = npt.NDArray[np.floating[Any]]

LEAST_SHOWER_GEV: Final = 5.0
"""Deposit below which the calibration knows of no showers: what is seen is no electron."""
NO_ELECTRON: Final = (-1.0, 16.0)
"""Scores of that: the lowest of ``bdt``, and a ``likelihood`` as protons have it."""
LARGEST_CORRECTION: Final = 2.0
"""No event's energy is corrected for leakage by more than this factor."""
_EARLY = 5
_DEPTHS = (np.arange(LAYERS) + 0.5) * LAYER_X0
_LARGEST_PULL = 6.0


@dataclass(frozen=True)
class Shower:
    """What is measured on each shower, (n,) each where nothing else is said."""

    deposit: Floats
    """Sum of the cells, GeV."""
    depth: Floats
    """Centre of gravity in depth, X0."""
    length: Floats
    """Standard deviation of the depth, X0."""
    early: Floats
    """ln of the share in each of the first five layers (at least 1e-5), (n, 5)."""
    late: Floats
    """Share in the last two layers."""
    core: Floats
    """Share within one cell of each layer's centre of gravity."""
    width: Floats
    """ln of the standard deviation across, cm (at least 0.1 cm)."""
    axis: Floats
    """x, y (cm) on the front face and the slopes dx/dz, dy/dz of the fitted axis, (n, 4)."""


def measure_shower(image: Image) -> Shower:
    """Measure the showers in ``image``, (n, 18, 72) MeV, none of them empty."""
    layers = image.sum(axis=2, dtype=np.float64)
    total = layers.sum(axis=1)
    share = layers / total[:, None]
    depth = share @ _DEPTHS
    length = np.sqrt(np.maximum(share @ _DEPTHS**2 - depth**2, 0))
    safe = np.maximum(layers, 1e-3)
    centre = (image @ CELL_CENTRES_CM.astype(np.float32)) / safe
    spread = np.maximum((image @ (CELL_CENTRES_CM**2).astype(np.float32)) / safe - centre**2, 0)
    middle = np.clip(((centre + HALF_WIDTH_CM) / PITCH_CM).astype(np.int64), 1, CELLS - 2)
    near = np.take_along_axis(image, middle[..., None] + np.array([-1, 0, 1]), axis=2)
    return Shower(
        deposit=total / 1000,
        depth=depth,
        length=length,
        early=np.log(np.maximum(share[:, :_EARLY], 1e-5)),
        late=share[:, -2:].sum(axis=1),
        core=near.sum(axis=(1, 2)) / total,
        width=np.log(np.maximum(np.sqrt((share * spread).sum(axis=1)), 0.1)),
        axis=_fit_axis(centre, layers),
    )


def _fit_axis(centre: Floats, weight: Floats) -> Floats:
    """Weighted straight lines through the centres of gravity of the layers, (n, 4)."""
    depth = _DEPTHS * X0_CM
    found = []
    for chosen in (MEASURES_X, ~MEASURES_X):
        w, u, z = weight[:, chosen] + 1e-9, centre[:, chosen], depth[chosen]
        total = w.sum(axis=1)
        mean_z, mean_u = (w @ z) / total, (w * u).sum(axis=1) / total
        lever = z - mean_z[:, None]
        slope = (w * lever * u).sum(axis=1) / np.maximum((w * lever**2).sum(axis=1), 1e-6)
        found.append((mean_u - slope * mean_z, slope))
    (x, slope_x), (y, slope_y) = found
    return np.stack([x, y, slope_x, slope_y], axis=1)


def leakage_terms(shower: Shower) -> Floats:
    """The terms, (n, 7), whose sum with ``leakage`` is ln(energy / deposit) of a shower."""
    log_e = np.log(np.maximum(shower.deposit, 1e-3))
    late, depth = shower.late, shower.depth
    one = np.ones_like(late)
    return np.stack([one, late, late**2, depth, depth**2, log_e, log_e * depth], axis=1)


def energy(shower: Shower, calibration: Calibration = CALIBRATION) -> Floats:
    """Energy in GeV, corrected for what an electron would leak behind."""
    correction = np.exp(leakage_terms(shower) @ calibration.leakage)
    corrected: Floats = shower.deposit * np.clip(correction, 1, LARGEST_CORRECTION)
    return corrected


def energy_terms(energy: Floats) -> Floats:
    """Powers 0 to 2 of ln(E / 100 GeV), (n, 3)."""
    log_e = np.log(np.maximum(energy, 1.0) / 100)
    return np.stack([np.ones_like(log_e), log_e, log_e**2], axis=1)


def variables(shower: Shower) -> Floats:
    """Depth, length, late share, core, width and the five early shares, (n, 10)."""
    few = [shower.depth, shower.length, shower.late, shower.core, shower.width]
    return np.column_stack([*few, shower.early])


def pulls(shower: Shower, energy: Floats, calibration: Calibration = CALIBRATION) -> Floats:
    """How far the variables are from an electron's, in standard deviations, (n, 10)."""
    terms = energy_terms(energy)
    pull = (variables(shower) - terms @ calibration.means) / np.exp(terms @ calibration.spreads)
    return np.clip(pull, -_LARGEST_PULL, _LARGEST_PULL)


def likelihood(pull: Floats, calibration: Calibration = CALIBRATION) -> Floats:
    """ln of the likelihood of protons over that of electrons, plus 4: electrons are below 4.

    The variables count as independent and normal for both: the ratio is quadratic in each of them.
    """
    score: Floats = 4 - likelihood_terms(pull) @ calibration.likelihood
    return score


def likelihood_terms(pull: Floats) -> Floats:
    """1, the pulls and their squares, (n, 21)."""
    return np.column_stack([np.ones(len(pull)), pull, pull**2])


def bdt(pull: Floats, calibration: Calibration = CALIBRATION) -> Floats:
    """A score from -1 to 1, electrons high, that sees correlations: stands in for the AMS BDT.

    tanh(x / 2) of the logistic discriminant x on the pulls and all their products.
    """
    score: Floats = np.tanh(bdt_terms(pull) @ calibration.discriminant / 2)
    return score


def bdt_terms(pull: Floats) -> Floats:
    """1, the pulls and their products, (n, 66)."""
    first, second = np.triu_indices(pull.shape[1])
    return np.column_stack([np.ones(len(pull)), pull, pull[:, first] * pull[:, second]])
