"""Two-body decays, and decays of tau leptons in the collinear limit."""

from __future__ import annotations

from typing import Any

import numpy as np
import vector

from rootml.spec import Array

TAU_GEV = 1.77693
"""Masses and branching fractions: Particle Data Group, 2024."""
HADRONS = ((0.13957, 0.0, 0.108), (0.775, 0.06, 0.255), (1.23, 0.15, 0.182))
"""Mass, its spread (cut at the kinematic limits) in GeV and branching fraction of tau -> h nu: one
pion, rho, a1."""
_GRID = np.linspace(0, 1, 513)
_LEPTONIC = (5 * _GRID - 3 * _GRID**3 + _GRID**4) / 3

Vectors = Any
"""A NumPy array of four-vectors (n,) of the vector library, GeV."""


def boson(mass: Array, pt: Array, rapidity: Array, rng: np.random.Generator) -> Vectors:
    """Bosons in random azimuth."""
    phi = rng.uniform(-np.pi, np.pi, len(pt))
    across = np.hypot(mass, pt)
    return vector.array(
        {
            "px": pt * np.cos(phi),
            "py": pt * np.sin(phi),
            "pz": across * np.sinh(rapidity),
            "E": across * np.cosh(rapidity),
        }
    )


def two_body(parent: Vectors, mass: float, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    """Isotropic decay into a particle of ``mass`` GeV and its partner of the same mass."""
    energy = parent.mass / 2
    momentum = np.sqrt(np.maximum(energy**2 - mass**2, 0))
    cosine, phi = rng.uniform(-1, 1, len(energy)), rng.uniform(-np.pi, np.pi, len(energy))
    across = momentum * np.sqrt(1 - cosine**2)
    at_rest = {"px": across * np.cos(phi), "py": across * np.sin(phi), "pz": momentum * cosine}
    resting: Vectors = vector.array(at_rest | {"E": energy})
    first = resting.boost_p4(parent)
    return first, parent - first


def leptonic_fraction(n: int, rng: np.random.Generator) -> Array:
    """Share x of a tau's energy in the charged lepton: f(x) = (5 - 9 x^2 + 4 x^3) / 3.

    Unpolarised taus (Bullock, Hagiwara and Martin, Nucl. Phys. B 395 (1993) 499).
    """
    fraction: Array = np.interp(rng.random(n), _LEPTONIC, _GRID)
    return fraction


def hadronic_fraction(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Share of a tau's energy in the hadrons, uniform in m^2/m_tau^2 to 1, and their mass m, GeV.

    That is the two-body decay of unpolarised taus (the same source).
    """
    table = np.array(HADRONS)
    kind = rng.choice(len(table), n, p=table[:, 2] / table[:, 2].sum())
    mass = np.clip(rng.normal(table[kind, 0], table[kind, 1]), 0.13957, 0.95 * TAU_GEV)
    least = (mass / TAU_GEV) ** 2
    return least + (1 - least) * rng.random(n), mass


def along(parent: Vectors, fraction: Array, mass: Array | float = 0.0) -> Vectors:
    """The part of ``parent`` that takes a ``fraction`` of its momentum, with a ``mass``."""
    px, py, pz = (fraction * parent[name] for name in ("px", "py", "pz"))
    energy = np.sqrt(px**2 + py**2 + pz**2 + np.square(mass))
    return vector.array({"px": px, "py": py, "pz": pz, "E": energy})
