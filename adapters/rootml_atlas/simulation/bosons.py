"""Decays of the Z by formulas, to electrons or to muons and a photon.

Momenta are arrays (..., 4): energy and transverse momentum in GeV, pseudorapidity, azimuth in rad.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootml_atlas.simulation.legs import Index
from rootml_atlas.simulation.material import Floats
from rootml_atlas.simulation.options import Range

MASS_GEV: Final = 91.1876
WIDTH_GEV: Final = 2.4952
"""Of the Z (Particle Data Group)."""
_PT_GEV, _PT_POWER = 10.0, 1.25
_RAPIDITY = 2.0


@dataclass(frozen=True)
class Photons:
    """Photons with ``momenta`` (k, 4), ordered by the number ``of`` (k,) of what radiated them."""

    momenta: Floats
    of: Index

    def within(self, start: int, stop: int) -> Photons:
        """Those of the numbers from ``start`` to before ``stop``, which count from 0 then."""
        first, last = np.searchsorted(self.of, [start, stop])
        return Photons(self.momenta[first:last], self.of[first:last] - start)


NO_PHOTONS: Final = Photons(np.zeros((0, 4)), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Decays:
    """Decays of Z: momenta of the negative and the positive lepton, (n, 2, 4), and photons."""

    leptons: Floats
    photons: Photons

    def __len__(self) -> int:
        return len(self.leptons)


def to_electrons(n: int, mass: Range, rng: np.random.Generator) -> Decays:
    """Decays to electrons; photons that these radiate are not described."""
    m, z = _bosons(n, mass, rng)
    along = _directions(n, rng)
    pairs = [_boosted(sign * along * m[:, None] / 2, m / 2, m, z) for sign in (-1, 1)]
    return Decays(np.stack(pairs, axis=1), NO_PHOTONS)


def to_muons(n: int, mass: Range, least_gev: float, rng: np.random.Generator) -> Decays:
    """At most ``n`` decays to muons and a photon, which has ``least_gev`` of mass with each muon.

    The energies of the muons over m/2 follow (x1^2 + x2^2) / ((1 - x1) (1 - x2)), as those of
    quarks that radiate a gluon (R. K. Ellis, W. J. Stirling, B. R. Webber, QCD and Collider
    Physics, Cambridge 1996, chapter 3). The harder muon has the direction that it has without
    photon (a choice). Masses of muon and photon begin at ``least_gev`` times m over that of the
    heaviest Z.
    """
    m, z = _bosons(n, mass, rng)
    left = (least_gev / mass[1]) ** (2 * rng.random((2, n)))  # 1 - x, evenly in its logarithm
    x = 1 - left
    kept = (left.sum(axis=0) < 1) & ((x**2).sum(axis=0) > 2 * rng.random(n))
    x, m, z = x[:, kept], m[kept], z[kept]
    along = _directions(len(m), rng)
    across = _across(along, rng)
    soft, hard = np.sort(x, axis=0)
    cosine = 1 - 2 * (soft + hard - 1) / (soft * hard)
    sine = np.sqrt(np.maximum(1 - cosine**2, 0))
    of_hard = (hard * m / 2)[:, None] * along
    of_soft = (soft * m / 2)[:, None] * (cosine[:, None] * along + sine[:, None] * across)
    momenta = [np.where((x[sign] == hard)[:, None], of_hard, of_soft) for sign in (0, 1)]
    muons = [_boosted(p, energy * m / 2, m, z) for p, energy in zip(momenta, x, strict=True)]
    photons = _boosted(-of_hard - of_soft, (2 - soft - hard) * m / 2, m, z)
    return Decays(np.stack(muons, axis=1), Photons(photons, np.arange(len(m))))


def _bosons(n: int, mass: Range, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Masses (n,) in GeV, and momenta and energies (n, 4) in GeV.

    The mass follows a relativistic Breit-Wigner curve of constant width. The transverse momentum,
    dN/dpT = pT (1 + (pT / 10 GeV)^2)^-2.25, peaks at 5 GeV as measured (ATLAS, EPJC 80 (2020)
    616), and the rapidity is flat, as it is within 2 (ATLAS, EPJC 77 (2017) 367).
    """
    low, high = (np.arctan((m**2 - MASS_GEV**2) / (MASS_GEV * WIDTH_GEV)) for m in mass)
    m = np.sqrt(MASS_GEV**2 + MASS_GEV * WIDTH_GEV * np.tan(rng.uniform(low, high, n)))
    pt = _PT_GEV * np.sqrt(rng.random(n) ** (-1 / _PT_POWER) - 1)
    rapidity = rng.uniform(-_RAPIDITY, _RAPIDITY, n)
    azimuth = rng.uniform(-np.pi, np.pi, n)
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
    return m, z


def _directions(n: int, rng: np.random.Generator) -> Floats:
    """Directions (n, 3) with the density 1 + cos^2 of the beam's angle, by Cardano's formula."""
    half = 4 * rng.random(n) - 2
    root = np.cbrt(half + np.sqrt(half**2 + 1))
    cosine, around = root - 1 / root, rng.uniform(-np.pi, np.pi, n)
    sine = np.sqrt(1 - cosine**2)
    return np.stack([sine * np.cos(around), sine * np.sin(around), cosine], axis=1)


def _across(along: Floats, rng: np.random.Generator) -> Floats:
    """Directions (n, 3) at right angles to ``along``."""
    random = rng.standard_normal(along.shape)
    random -= along * (random * along).sum(axis=1, keepdims=True)
    found: Floats = random / np.linalg.norm(random, axis=1, keepdims=True)
    return found


def _boosted(momentum: Floats, energy: Floats, mass: Floats, parent: Floats) -> Floats:
    """Massless daughters (n, 4) that have ``momentum`` (n, 3) in the parent's frame."""
    moving, whole = parent[:, :3], parent[:, 3:]
    along = (momentum * moving).sum(axis=1, keepdims=True)
    mass = mass[:, None]
    lab = momentum + moving * (along / (mass * (whole + mass)) + energy[:, None] / mass)
    return kinematics(lab, np.linalg.norm(lab, axis=1))


def kinematics(momentum: Floats, energy: Floats) -> Floats:
    """Energy, pT, eta and phi (n, 4) of ``momentum`` (n, 3)."""
    pt = np.hypot(momentum[:, 0], momentum[:, 1])
    return np.stack(
        [
            energy,
            pt,
            np.arcsinh(momentum[:, 2] / pt),
            np.arctan2(momentum[:, 1], momentum[:, 0]),
        ],
        axis=1,
    )
