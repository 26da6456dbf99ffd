"""Electrons and photons as they leave the collision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rootml_atlas.simulation.material import Floats
from rootml_atlas.simulation.options import Range

MASS_GEV: Final = 91.1876
WIDTH_GEV: Final = 2.4952
"""Of the Z (Particle Data Group)."""
LEAST_PT_GEV: Final = 15.0
"""Of electrons from Z that are kept, as of the usual selections."""
ZEE, ELECTRON, PHOTON = 361106, 423000, 423001
"""``mcChannelNumber``: of ATLAS for Z -> ee; for single particles numbers of the same kind."""
_PT_GEV, _PT_POWER = 10.0, 1.25
_RAPIDITY = 2.0
BEAM_SPOT_MM: Final = 42.0
"""Spread of collisions along the beam, of Run 2 in round numbers."""


@dataclass(frozen=True)
class Particles:
    """Generated particles: arrays (n,), energies in GeV.

    ``event`` counts from 0; the electrons of a Z follow each other and share it. ``charge`` in e.
    ``paired``: whether it is the electron of a Z.
    """

    event: npt.NDArray[np.int64]
    energy: Floats
    eta: Floats
    phi: Floats
    charge: npt.NDArray[np.int64]
    paired: bool

    @property
    def pt(self) -> Floats:
        """Transverse momentum in GeV."""
        found: Floats = self.energy / np.cosh(self.eta)
        return found

    def take(self, index: slice) -> Particles:
        """Some of them."""
        return Particles(
            self.event[index],
            self.energy[index],
            self.eta[index],
            self.phi[index],
            self.charge[index],
            self.paired,
        )


def single(n: int, energy: Range, eta: float, charged: bool, rng: np.random.Generator) -> Particles:
    """Single electrons or photons, flat in ln(E), eta and phi."""
    low, high = np.log(energy)
    return Particles(
        np.arange(n),
        np.exp(rng.uniform(low, high, n)),
        rng.uniform(-eta, eta, n),
        rng.uniform(-np.pi, np.pi, n),
        rng.choice([-1, 1], n) if charged else np.zeros(n, np.int64),
        False,
    )


def z_decays(n: int, mass: Range, eta: float, rng: np.random.Generator) -> Particles:
    """Pairs of electrons of which both are within ``eta``; at least ``n`` of them together."""
    found: list[Floats] = [np.zeros((0, 2, 4))]
    while 2 * sum(len(part) for part in found) < n:
        pairs = _pairs(4 * n + 100, mass, rng)
        pt, size = pairs[:, :, 1], np.abs(pairs[:, :, 2])
        found.append(pairs[((pt > LEAST_PT_GEV) & (size < eta)).all(axis=1)])
    pairs = np.concatenate(found)[: -(-n // 2)]
    energy, _, eta_, phi = pairs.reshape(-1, 4).T
    charge = np.tile([-1, 1], len(pairs))
    return Particles(np.repeat(np.arange(len(pairs)), 2), energy, eta_, phi, charge, True)


def _pairs(n: int, mass: Range, rng: np.random.Generator) -> Floats:
    """Energy, transverse momentum, eta and phi of e- and e+, (n, 2, 4).

    The mass follows a relativistic Breit-Wigner curve of constant width. The transverse momentum,
    dN/dpT = pT (1 + (pT / 10 GeV)^2)^-2.25, peaks at 5 GeV as measured (ATLAS, EPJC 80 (2020)
    616), and the rapidity is flat, as it is within 2 (ATLAS, EPJC 77 (2017) 367). Photons that
    the electrons radiate are not described.
    """
    low, high = (np.arctan((m**2 - MASS_GEV**2) / (MASS_GEV * WIDTH_GEV)) for m in mass)
    m = np.sqrt(MASS_GEV**2 + MASS_GEV * WIDTH_GEV * np.tan(rng.uniform(low, high, n)))
    pt = _PT_GEV * np.sqrt(rng.random(n) ** (-1 / _PT_POWER) - 1)
    rapidity = rng.uniform(-_RAPIDITY, _RAPIDITY, n)
    azimuth = rng.uniform(-np.pi, np.pi, n)
    cosine, around = _decay_cosine(n, rng), rng.uniform(-np.pi, np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    along = np.stack([sine * np.cos(around), sine * np.sin(around), cosine], axis=1)
    mt = np.hypot(m, pt)
    z = np.stack(
        [
            pt * np.cos(azimuth),
            pt * np.sin(azimuth),
            mt * np.sinh(rapidity),
            mt * np.cosh(rapidity),
        ],
        axis=1,
    )
    return np.stack([_boosted(sign * along, m, z) for sign in (-1, 1)], axis=1)


def _decay_cosine(n: int, rng: np.random.Generator) -> Floats:
    """Cosine to the beam in the Z's frame: density 1 + cos^2, by Cardano's formula."""
    half = 4 * rng.random(n) - 2
    root = np.cbrt(half + np.sqrt(half**2 + 1))
    found: Floats = root - 1 / root
    return found


def _boosted(direction: Floats, mass: Floats, parent: Floats) -> Floats:
    """Energy, pT, eta and phi of a massless daughter along ``direction`` in the parent's frame."""
    momentum, energy = parent[:, :3], parent[:, 3:]
    p = direction * mass[:, None] / 2
    along = (p * momentum).sum(axis=1, keepdims=True)
    lab = p + momentum * (along / (mass[:, None] * (energy + mass[:, None])) + 0.5)
    pt = np.hypot(lab[:, 0], lab[:, 1])
    return np.stack(
        [
            np.linalg.norm(lab, axis=1),
            pt,
            np.arcsinh(lab[:, 2] / pt),
            np.arctan2(lab[:, 1], lab[:, 0]),
        ],
        axis=1,
    )
