"""What collides into a lepton, a hadronic tau decay and jets: signal and background.

Shapes of transverse momenta, rapidities and jets are chosen by physical sense, at 8 TeV; they are
no generator's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import vector

from rootml.spec import Array
from rootml_htautau.simulation.decays import (
    TAU_GEV,
    Vectors,
    along,
    boson,
    hadronic_fraction,
    leptonic_fraction,
    two_body,
)

H_GEV, Z_GEV, Z_WIDTH_GEV, W_GEV = 125.0, 91.188, 2.495, 80.37
"""Masses and width: Particle Data Group, 2024."""
MAX_JETS = 4


@dataclass(frozen=True)
class Final:
    """Particles before the detector. ``jets``: (n, 4, 3) pt in GeV, eta, phi; pt 0 is no jet.

    ``neutrinos``: (n, 2), their transverse momentum.
    """

    lepton: Vectors
    tau: Vectors
    neutrinos: Array
    jets: Array


def gluon_fusion(n: int, rng: np.random.Generator) -> Final:
    """Higgs bosons that recoil against gluons."""
    higgs = boson(np.full(n, H_GEV), rng.gamma(1.8, 25, n), rng.normal(0, 1.1, n), rng)
    return _ditau(higgs, _recoil(higgs, 0.5, rng), rng)


def vector_boson_fusion(n: int, rng: np.random.Generator) -> Final:
    """Higgs bosons between two jets far apart in rapidity."""
    higgs = boson(np.full(n, H_GEV), rng.gamma(2.5, 40, n), rng.normal(0, 0.8, n), rng)
    side = rng.choice([-1, 1], n)
    etas = side * np.abs(rng.normal(2.2, 1, n)), -side * np.abs(rng.normal(2.2, 1, n))
    jets = _two_jets(_transverse(higgs), 30 + rng.exponential(40, n), etas, 0.2, rng)
    return _ditau(higgs, jets, rng)


def z_to_taus(n: int, rng: np.random.Generator) -> Final:
    """Z bosons of Breit and Wigner's mass; for high ones recoil is drawn more often."""
    mass = np.clip(Z_GEV + Z_WIDTH_GEV / 2 * rng.standard_cauchy(n), 66, 116)
    z = boson(mass, rng.gamma(1.2, 25, n), rng.normal(0, 1.5, n), rng)
    return _ditau(z, _recoil(z, 0.4, rng), rng)


def w_and_jets(n: int, rng: np.random.Generator) -> Final:
    """W bosons that decay into a lepton, beside a jet that is taken for a tau."""
    w = boson(np.full(n, W_GEV), rng.gamma(1.5, 22, n), rng.normal(0, 1.5, n), rng)
    lepton, neutrino = two_body(w, 0.0, rng)
    pt, phi = 18 + rng.exponential(15, n), w.phi + np.pi + rng.normal(0, 1, n)
    fake = {"pt": pt, "eta": rng.normal(0, 1.6, n), "phi": phi, "mass": np.full(n, 0.8)}
    tau = vector.array(fake)
    return Final(lepton, _cartesian(tau), _transverse(neutrino), _recoil(w, 0.4, rng))


def top_pairs(n: int, rng: np.random.Generator) -> Final:
    """Two W bosons, into a lepton and into a tau, and two jets of b quarks."""
    first, second = (
        boson(np.full(n, W_GEV), rng.gamma(2.5, 32, n), rng.normal(0, 1, n), rng) for _ in "12"
    )
    lepton, neutrino = two_body(first, 0.0, rng)
    mother, partner = two_body(second, 0.0, rng)
    fraction, mass = hadronic_fraction(n, rng)
    tau = along(mother, fraction, mass)
    missing = (
        _transverse(neutrino) + _transverse(partner) + _transverse(along(mother, 1 - fraction))
    )
    etas = rng.normal(0, 1.2, n), rng.normal(0, 1.2, n)
    bosons = _transverse(first) + _transverse(second)
    jets = _two_jets(bosons, 20 + rng.gamma(2, 25, n), etas, 0.8, rng)
    return Final(lepton, tau, missing, jets)


@dataclass(frozen=True)
class Process:
    """One process: its number in the files, and its share of signal or background."""

    number: int
    draw: Callable[[int, np.random.Generator], Final]
    share: float


BACKGROUND = (Process(0, z_to_taus, 0.6), Process(1, w_and_jets, 0.25), Process(2, top_pairs, 0.15))
SIGNAL = (Process(3, gluon_fusion, 0.7), Process(4, vector_boson_fusion, 0.3))


def _ditau(parent: Vectors, jets: Array, rng: np.random.Generator) -> Final:
    """A pair of taus, one into a lepton and the other into hadrons."""
    n = len(jets)
    first, second = two_body(parent, TAU_GEV, rng)
    leptonic = leptonic_fraction(n, rng)
    hadronic, mass = hadronic_fraction(n, rng)
    missing = _transverse(along(first, 1 - leptonic)) + _transverse(along(second, 1 - hadronic))
    return Final(along(first, leptonic), along(second, hadronic, mass), missing, jets)


def _recoil(parent: Vectors, more: float, rng: np.random.Generator) -> Array:
    """A jet against the boson, and further ones."""
    n = len(parent)
    jets = _more_jets(n, more, rng)
    phi = parent.phi + np.pi + rng.normal(0, 0.15, n)
    jets[:, 0] = np.stack([parent.pt * rng.normal(1, 0.1, n), rng.normal(0, 1.8, n), phi], axis=1)
    return jets


def _two_jets(
    others: Array, pt: Array, etas: tuple[Array, Array], more: float, rng: np.random.Generator
) -> Array:
    """Two jets against ``others`` (n, 2), the first of them of a given ``pt``; and further ones."""
    n = len(pt)
    jets = _more_jets(n, more, rng)
    phi = rng.uniform(-np.pi, np.pi, n)
    x, y = -others.T - pt * np.stack([np.cos(phi), np.sin(phi)])
    jets[:, 0] = np.stack([pt, etas[0], phi], axis=1)
    jets[:, 1] = np.stack([np.hypot(x, y), etas[1], np.arctan2(y, x)], axis=1)
    return jets


def _more_jets(n: int, mean: float, rng: np.random.Generator) -> Array:
    """Jets of radiation in the third and fourth place; the first two are left empty."""
    jets = np.zeros((n, MAX_JETS, 3))
    jets[:, 2:, 0] = 20 + rng.exponential(18, (n, 2))
    jets[:, 2:, 1] = rng.normal(0, 2, (n, 2))
    jets[:, 2:, 2] = rng.uniform(-np.pi, np.pi, (n, 2))
    jets[:, 2:, 0] *= np.arange(2) < rng.poisson(mean, n)[:, None]
    return jets


def _transverse(particle: Vectors) -> Array:
    return np.stack([particle.px, particle.py], axis=1)


def _cartesian(particle: Vectors) -> Vectors:
    return vector.array({"px": particle.px, "py": particle.py, "pz": particle.pz, "E": particle.E})
