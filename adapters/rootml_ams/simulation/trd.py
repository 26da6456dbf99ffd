"""The transition radiation detector: a likelihood of electrons, protons and helium.

Every charged particle ionises the gas of 20 layers of straw tubes; one with a Lorentz factor above
about 500 may add an X-ray to a layer. Thresholds, saturation and the photons' energy are those of
A. Obermeier and M. Korsmeier, arXiv:1411.3329, and of K. Luebelsmeyer et al., NIM A 654 (2011) 639;
the chance of a photon is chosen such that protons are rejected as well as in flight.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from rootml_ams.simulation.rays import Floats

LAYERS = 20
IONISATION_KEV, STRAGGLING_KEV = 2.0, 0.6
"""Most probable deposit of a singly charged particle in 6 mm of Xe/CO2, and the width of Moyal's
distribution around it (choices); both grow with the square of the charge."""
PHOTON_SHAPE, PHOTON_KEV = 4.0, 1.5
"""Gamma distribution of an absorbed photon's energy: 6 keV on average (a choice)."""
LARGEST_YIELD = 0.35
"""Chance of a photon in a layer far above the threshold; it makes the rejection of protons at 90 %
electron efficiency several thousand at 50-70 GeV (M. Aguilar et al., PRL 110 (2013) 141102)."""
ONSET, SATURATION = 500.0, 20_000.0
"""Lorentz factors between which the yield rises, with its logarithm."""
ELECTRON_GEV, PROTON_GEV = 0.000511, 0.938
TRUNCATED = 14
"""Layers with the smallest deposits, free of photons, that tell the charge."""
ELECTRONS_BELOW, PROTONS_ABOVE = 0.58, 0.72
"""Bounds on the first likelihood between which the detector names no particle (choices)."""

_STEP_KEV, _RANGE_KEV = 0.05, 80.0
_RAREST = 1e-5


@dataclass(frozen=True)
class Identity:
    """What the detector says of particles."""

    likelihood: Floats
    """-ln of the first particle's share in the likelihoods of electron and proton, electron and
    helium, proton and helium, (n, 3): geometric means over the layers."""
    charge: Floats
    """(n,), in units of e."""

    @property
    def label(self) -> npt.NDArray[np.int64]:
        """1 electron or positron, 0 proton, -1 in between, (n,)."""
        first = self.likelihood[:, 0]
        return np.where(first < ELECTRONS_BELOW, 1, np.where(first > PROTONS_ABOVE, 0, -1))


def identify(energy: Floats, label: npt.NDArray[np.int64], rng: np.random.Generator) -> Identity:
    """Measure particles of ``energy`` GeV; ``label``: 1 for electrons and positrons, 0 protons."""
    deposit = _deposits(energy / np.where(label == 1, ELECTRON_GEV, PROTON_GEV), rng)
    grid, densities = _log_densities()
    electron, proton, helium = (
        np.interp(deposit, grid, density).mean(axis=1) for density in densities
    )
    pairs = ((electron, proton), (electron, helium), (proton, helium))
    likelihood = np.stack([np.logaddexp(0, other - one) for one, other in pairs], axis=1)
    least = np.sort(deposit, axis=1)[:, :TRUNCATED].mean(axis=1)
    return Identity(likelihood, np.sqrt(least / IONISATION_KEV))


def _deposits(gamma: Floats, rng: np.random.Generator) -> Floats:
    """Energy in each layer, (n, 20) keV, for particles of Lorentz factor ``gamma`` (n,)."""
    shape = (len(gamma), LAYERS)
    ionisation = IONISATION_KEV - 2 * STRAGGLING_KEV * np.log(np.abs(rng.standard_normal(shape)))
    rise = np.log(gamma / ONSET) / np.log(SATURATION / ONSET)
    radiates = rng.random(shape) < LARGEST_YIELD * np.clip(rise, 0, 1)[:, None]
    photon = PHOTON_KEV * rng.standard_gamma(PHOTON_SHAPE, shape)
    deposit: Floats = np.maximum(ionisation, 0) + radiates * photon
    return deposit


@cache
def _log_densities() -> tuple[Floats, tuple[Floats, ...]]:
    """A grid in keV and ln of the densities of electrons, protons and helium on it."""
    grid = np.arange(0, _RANGE_KEV, _STEP_KEV)
    proton, helium = (_moyal(grid, charge**2) for charge in (1, 2))
    photon = grid ** (PHOTON_SHAPE - 1) * np.exp(-grid / PHOTON_KEV)
    both = np.convolve(proton, photon / photon.sum())[: len(grid)]
    electron = (1 - LARGEST_YIELD) * proton + LARGEST_YIELD * both
    return grid, tuple(np.log(density + _RAREST) for density in (electron, proton, helium))


def _moyal(deposit: Floats, scale: int) -> Floats:
    """Density of Moyal's distribution, per keV."""
    width = scale * STRAGGLING_KEV
    pull = (deposit - scale * IONISATION_KEV) / width
    density: Floats = np.exp(-(pull + np.exp(-pull)) / 2) / (np.sqrt(2 * np.pi) * width)
    return density
