"""What the photomultipliers and the readout make of the energy in the cells."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import exp1, ndtr, ndtri

from rootml_ams.geometry import CELLS, LAYERS, SUPERLAYERS
from rootml_ams.simulation.deposit import Image
from rootml_ams.simulation.rays import Floats

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


TEMPERATURE_C = 10.0
"""Of the calorimeter, to which its calibration refers."""
_PMT = 2
"""Cells of a photomultiplier across, and layers (Adloff et al. 2013)."""


@dataclass(frozen=True, eq=False)
class Response:
    """How a detector departs from what its calibration takes it for; the usual one does not.

    ``gain``: of each cell, (18, 72), 0 where it is dead. ``crosstalk``: share of a cell's light
    that goes to either neighbour in the same photomultiplier. ``per_kelvin``: relative change of
    all gains. ``swing``: amplitude of the temperature, K. ``upstream``: material above the
    calorimeter, X0, in which electrons begin to shower.
    """

    gain: Image = field(default_factory=lambda: np.ones((LAYERS, CELLS), np.float32))
    crosstalk: float = 0.0
    saturation: float = SATURATION_MEV
    per_kelvin: float = 0.0
    swing: float = 0.0
    upstream: float = 0.0

    def draw_temperature(self, n: int, rng: np.random.Generator) -> Floats:
        """Temperatures (n,) in degrees Celsius at random times of a slow sinusoidal change."""
        if not self.swing:
            return np.full(n, TEMPERATURE_C)
        return TEMPERATURE_C + self.swing * np.sin(rng.uniform(0, 2 * np.pi, n))

    def light(self, deposit: Image, temperature: Floats) -> Image:
        """What the readout sees of images (n, 18, 72) at ``temperature`` (n,)."""
        if self.crosstalk:
            mixing = np.eye(_PMT) + self.crosstalk * (np.ones((_PMT, _PMT)) - _PMT * np.eye(_PMT))
            tubes = deposit.reshape(-1, SUPERLAYERS, _PMT, CELLS // _PMT, _PMT)
            shared = np.einsum("nsapb,ac,bd->nscpd", tubes, mixing, mixing, optimize=True)
            deposit = shared.reshape(deposit.shape).astype(np.float32)
        warm = 1 + self.per_kelvin * (temperature - TEMPERATURE_C)
        seen: Image = deposit * self.gain * warm.astype(np.float32)[:, None, None]
        return seen


NOMINAL = Response()


def measure(
    showers: Image,
    tracks: Image,
    rng: np.random.Generator,
    response: Response = NOMINAL,
    temperature: Floats | None = None,
) -> Image:
    """Read out images (n, 18, 72): the mean deposits of showers, and the deposits of tracks, MeV.

    Sampling makes each shower deposit a gamma variate of variance ``SAMPLING_MEV`` times its mean.
    These add up to one of the same kind, so that the resolution does not depend on the cell size.
    """
    cell, deposit = _sampled(showers.ravel(), rng)
    seen = tracks.ravel().copy()
    seen[cell] += deposit
    if temperature is None:
        temperature = np.full(len(showers), TEMPERATURE_C)
    seen = response.light(seen.reshape(showers.shape), temperature).ravel()
    hit = np.flatnonzero(seen > 0)
    event = hit // showers[0].size if len(showers) else hit
    gain = 1 + UNIFORMITY * rng.standard_normal(len(showers), np.float32)[event]
    gain += CELL_SPREAD * rng.standard_normal(len(hit), np.float32)
    signal = seen[hit] * gain + NOISE_MEV * rng.standard_normal(len(hit), np.float32)
    read = _noise(seen.size, rng)
    read[hit] = np.where(signal > THRESHOLD_MEV, np.minimum(signal, response.saturation), 0)
    return read.reshape(showers.shape) * (response.gain > 0)


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
