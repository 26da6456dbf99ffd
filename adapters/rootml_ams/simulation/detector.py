"""What the photomultipliers and the readout make of the energy in the cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import exp1, ndtr, ndtri

from rootml_ams.simulation.deposit import Image

SAMPLING_MEV = 0.104**2 * 1000
"""Variance per energy of sampled showers: 10.4 % / sqrt(E / GeV) (Adloff et al. 2013)."""
CELL_SPREAD = 0.024
"""Equalisation of the cells with cosmic-ray protons: 2.4 % (Radiat. Detect. Technol. Methods 5
(2021), On-orbit equalization of the AMS ECAL)."""
UNIFORMITY = 0.009
"""What else makes up the constant term of 1.4 % (Adloff et al. 2013), such as attenuation."""
NOISE_MEV = 0.6
"""Noise of a cell, and the threshold of its zero suppression: about a twentieth and a sixth of a
minimum ionising particle."""
THRESHOLD_MEV = 2.0
SATURATION_MEV = 120e3
"""End of a cell's range, taken as a 12 bit converter behind the lower of two gains (1 : 33, the
higher about 1 MeV a count). The hottest cell of a 1 TeV electron has about 60 GeV."""

_RARE = 0.1
"""Shape parameter of a gamma variate below which it is replaced by its jumps beyond this size."""
_JUMPS = np.geomspace(_RARE, 20.0, 500)[::-1]
_JUMPS_BEYOND = exp1(_JUMPS)


def measure(showers: Image, tracks: Image, rng: np.random.Generator) -> Image:
    """Read out images (n, 18, 72): the mean deposits of showers, and the deposits of tracks, MeV.

    Sampling makes each shower deposit a gamma variate of variance ``SAMPLING_MEV`` times its mean.
    These add up to one of the same kind, so that the resolution does not depend on the cell size.
    """
    cell, deposit = _sampled(showers.ravel(), rng)
    seen = tracks.ravel().copy()
    seen[cell] += deposit
    hit = np.flatnonzero(seen > 0)
    event = hit // showers[0].size if len(showers) else hit
    gain = 1 + UNIFORMITY * rng.standard_normal(len(showers), np.float32)[event]
    gain += CELL_SPREAD * rng.standard_normal(len(hit), np.float32)
    signal = seen[hit] * gain + NOISE_MEV * rng.standard_normal(len(hit), np.float32)
    read = _noise(seen.size, rng)
    read[hit] = np.where(signal > THRESHOLD_MEV, np.minimum(signal, SATURATION_MEV), 0)
    return read.reshape(showers.shape)


def _sampled(
    mean: npt.NDArray[np.float32], rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Cells with a deposit, and the deposits in MeV.

    A gamma variate of shape k is the sum of jumps with the density k exp(-x) / x. Where k is small
    there is one jump at most that matters, and mostly none: most cells cost one random number.
    """
    shape = mean / np.float32(SAMPLING_MEV)
    chance = rng.random(len(mean), np.float32)
    cell = np.flatnonzero((shape > _RARE) | (chance < np.float32(_JUMPS_BEYOND[-1]) * shape))
    shape, chance = shape[cell], chance[cell]
    rare = shape <= _RARE
    deposit = np.empty_like(shape)
    deposit[~rare] = rng.standard_gamma(shape[~rare], dtype=np.float32)
    deposit[rare] = np.interp(chance[rare] / shape[rare], _JUMPS_BEYOND, _JUMPS)
    return cell, deposit * np.float32(SAMPLING_MEV)


def _noise(size: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Readings of empty cells: few pass the threshold, and only these are drawn."""
    above = float(ndtr(-THRESHOLD_MEV / NOISE_MEV))
    read = np.zeros(size, np.float32)
    hits = rng.binomial(size, above)
    read[rng.integers(0, max(size, 1), hits)] = -NOISE_MEV * ndtri(above * rng.random(hits))
    return read
