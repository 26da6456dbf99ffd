"""Other collisions of the crossing and the rest of the own one: soft photons, hadrons, tracks.

Numbers of charged particles: ATLAS, PLB 758 (2016) 67 (2.9 per unit of eta above 0.5 GeV at 13
TeV); the photons of neutral pions are taken to be as many per charged pion as isospin says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rootml_atlas.simulation.generator import BEAM_SPOT_MM, Particles
from rootml_atlas.simulation.legs import Index, Legs, curvature, lever, merge, turned, wrapped
from rootml_atlas.simulation.material import FIELD_T, SOLENOID_M, Floats

CHARGED_PER_ETA: Final = 2.9
LEAST_CHARGED_GEV, PT_POWER = 0.5, 3.5
"""Of the charged particles that reach the calorimeter; dN/dpT = pT^-(1 + 3.5) above (a choice)."""
PHOTONS_PER_ETA: Final = 2.0
LEAST_PHOTON_GEV, PHOTON_GEV = 0.3, 0.25
"""Photons above 0.3 GeV, falling exponentially; softer ones are lost on the way (choices)."""
UNDERLYING: Final = 2.0
"""The own collision has as many soft particles as this many others (ATLAS, JHEP 03 (2017) 157)."""
VERTEX_EFFICIENCY: Final = 0.6
"""Share of collisions with a vertex of their own (a choice)."""
MIP_GEV: Final = 0.35
"""What a hadron leaves without showering, on the electromagnetic scale (a choice)."""
SHOWERING: Final = 0.45
"""Share of hadrons that shower before the end of some 1.5 interaction lengths (a choice, lower than
the 0.78 of these, since part of their energy goes on)."""
NEAR: Final = 0.3
"""Largest distance in eta and phi of tracks that are recorded (a choice)."""
_CHARGED_AREA, _PHOTON_AREA = (0.3, 0.8), (0.15, 0.2)
"""Half sizes in eta and phi of the regions that soft particles are drawn in, about the particle
(choices: as far as they reach the window, charged ones bent by the field)."""


@dataclass(frozen=True)
class Crossing:
    """One a particle, shared by those of an event; ``z``: of the own vertex, mm."""

    mu: Floats
    collisions: Index
    vertices: Index
    z: Floats


@dataclass(frozen=True)
class Soft:
    """Charged particles about the owner as they leave their collisions; -1: vertex not found."""

    owner: Index
    pt: Floats
    charge: Index
    eta: Floats
    phi: Floats
    z: Floats
    """mm"""
    vertex: Index


def crossings(
    particles: Particles, mu: tuple[float, float], evenly: bool, rng: np.random.Generator
) -> Crossing:
    """``mu``: mean and spread of <mu>, or the range that it is drawn from ``evenly``."""
    _, at = np.unique(particles.event, return_inverse=True)
    n = at.max(initial=-1) + 1
    mean = rng.uniform(*mu, n) if evenly else np.clip(rng.normal(*mu, n), 5.0, 90.0)
    collisions = rng.poisson(mean)
    vertices = 1 + rng.binomial(collisions, VERTEX_EFFICIENCY)
    z = rng.normal(0, BEAM_SPOT_MM, n)
    return Crossing(mean[at], collisions[at], vertices[at], z[at])


def soft_particles(
    particles: Particles,
    crossing: Crossing,
    phi: Floats,
    tracker: Floats,
    rng: np.random.Generator,
) -> tuple[Soft, Legs]:
    """Charged particles near ``particles``, and what they and photons leave around ``phi``."""
    charged = _charged(particles, crossing, rng)
    bend = turned(charged.charge * curvature(FIELD_T, charged.pt) * lever(SOLENOID_M))
    energy = charged.pt * np.cosh(charged.eta)
    showers = rng.random(len(energy)) < SHOWERING
    hadrons = Legs(
        charged.owner,
        np.sinh(charged.eta),
        charged.phi - bend,
        np.where(showers, np.maximum(energy / 2, MIP_GEV), np.minimum(energy, MIP_GEV)),
        # Where hadrons leave their energy is spread over the depth.
        tracker[charged.owner] + rng.uniform(0, 15, len(energy)),
    )
    owner, eta, around = _around(particles.eta, phi, crossing, PHOTONS_PER_ETA, _PHOTON_AREA, rng)
    pt = LEAST_PHOTON_GEV + rng.exponential(PHOTON_GEV, len(owner))
    start = tracker[owner] + rng.exponential(9 / 7, len(owner))
    photons = Legs(owner, np.sinh(eta), around, pt * np.cosh(eta), start)
    inside = [_inside(legs, particles.eta, phi) for legs in (hadrons, photons)]
    return charged, merge(*inside)


def _charged(particles: Particles, crossing: Crossing, rng: np.random.Generator) -> Soft:
    owner, eta, phi = _around(
        particles.eta, particles.phi, crossing, CHARGED_PER_ETA, _CHARGED_AREA, rng
    )
    pt = LEAST_CHARGED_GEV * rng.random(len(owner)) ** (-1 / PT_POWER)
    total = crossing.collisions[owner] + UNDERLYING
    own = rng.random(len(owner)) < UNDERLYING / total
    found = rng.random(len(owner)) < VERTEX_EFFICIENCY
    other = np.where(found, rng.integers(1, np.maximum(crossing.vertices[owner], 2)), -1)
    z = np.where(own, crossing.z[owner], rng.normal(0, BEAM_SPOT_MM, len(owner)))
    charge = rng.choice([-1, 1], len(owner))
    return Soft(owner, pt, charge, eta, phi, z, np.where(own, 0, other))


def _around(
    eta: Floats,
    phi: Floats,
    crossing: Crossing,
    per_eta: float,
    area: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[Index, Floats, Floats]:
    """Owners, eta and phi of particles spread evenly about ``eta`` and ``phi``."""
    mean = per_eta / (2 * np.pi) * 4 * area[0] * area[1]
    count = rng.poisson(mean * (crossing.collisions + UNDERLYING))
    owner: npt.NDArray[np.int64] = np.repeat(np.arange(len(count)), count)
    away = [rng.uniform(-half, half, len(owner)) for half in area]
    return owner, eta[owner] + away[0], phi[owner] + away[1]


def _inside(legs: Legs, eta: Floats, phi: Floats) -> Legs:
    """Those that come near enough to leave energy in the window about ``eta`` and ``phi``."""
    near = np.abs(np.arcsinh(legs.sinh_eta) - eta[legs.owner]) < _PHOTON_AREA[0]
    return legs.take(near & (np.abs(wrapped(legs.phi - phi[legs.owner])) < _PHOTON_AREA[1]))
