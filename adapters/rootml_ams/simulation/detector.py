"""What the photomultipliers and the readout make of the energy in the cells."""

from __future__ import annotations

import numpy as np

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

_GAUSSIAN_FROM = 30.0


def measure(showers: Image, tracks: Image, rng: np.random.Generator) -> Image:
    """Read out images (n, 18, 72): the mean deposits of showers, and the deposits of tracks, MeV.

    Sampling makes each shower deposit a gamma variate of variance ``SAMPLING_MEV`` times its mean.
    These add up to one of the same kind, so that the resolution does not depend on the cell size.
    """
    uniformity = 1 + UNIFORMITY * rng.standard_normal((len(showers), 1, 1), dtype=np.float32)
    mean = np.maximum(showers, 0)
    mean *= 1 / SAMPLING_MEV
    few = mean < _GAUSSIAN_FROM
    sampled = mean.copy()
    sampled[few] = rng.standard_gamma(mean[few], dtype=np.float32)
    sampled *= SAMPLING_MEV
    sampled += tracks
    sampled *= uniformity
    many = np.where(few, 0, mean) * np.float32(SAMPLING_MEV**2)
    spread = np.sqrt(NOISE_MEV**2 + (CELL_SPREAD * sampled) ** 2 + many)
    sampled += spread * rng.standard_normal(sampled.shape, dtype=np.float32)
    sampled[sampled < THRESHOLD_MEV] = 0
    return np.minimum(sampled, np.float32(SATURATION_MEV))
