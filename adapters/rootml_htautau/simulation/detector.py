"""Resolution, acceptance and selection, about those of ATLAS in 2012 (arXiv:1501.04943)."""

from __future__ import annotations

import numpy as np
import vector

from rootml.spec import Array
from rootml_htautau.simulation.decays import Vectors
from rootml_htautau.simulation.observables import JET_PT, Measured
from rootml_htautau.simulation.processes import Final

LEPTON_RESOLUTION, TAU_RESOLUTION, JET_RESOLUTION = 0.02, 0.08, 0.12
SOFT_PER_ROOT_GEV = 0.5
"""Resolution of a component of the missing momentum, per root of the sum of energies in GeV: Aad
et al. (ATLAS), Eur. Phys. J. C 72 (2012) 1844."""
LEPTON_PT, TAU_PT, MAX_ETA, JET_ETA = 26.0, 20.0, 2.47, 4.5


def measure(final: Final, most: int, rng: np.random.Generator) -> Measured:
    """What is measured of the events that are selected, ``most`` of them at the most."""
    n = len(final.jets)
    lepton = _scaled(final.lepton, rng.normal(1, LEPTON_RESOLUTION, n))
    tau = _scaled(final.tau, rng.normal(1, TAU_RESOLUTION, n))
    true = np.where(np.abs(final.jets[..., 1]) < JET_ETA, final.jets[..., 0], 0.0)
    pt = true * rng.normal(1, JET_RESOLUTION, true.shape)
    pt = np.where(pt > JET_PT, pt, 0.0)
    order = np.argsort(-pt, axis=1, kind="stable")
    jets = np.concatenate([pt[..., None], _wrapped(final.jets[..., 1:])], axis=2)
    jets = np.take_along_axis(jets, order[..., None], axis=1)
    total = lepton.pt + tau.pt + pt.sum(axis=1) + rng.gamma(4, 30, n)
    width = SOFT_PER_ROOT_GEV * np.sqrt(total)
    missing = final.neutrinos + rng.normal(0, 1, (n, 2)) * width[:, None]
    seen = (lepton.pt > LEPTON_PT) & (tau.pt > TAU_PT)
    seen &= (np.abs(lepton.eta) < MAX_ETA) & (np.abs(tau.eta) < MAX_ETA)
    kept = np.flatnonzero(seen)[:most]
    return Measured(lepton[kept], tau[kept], missing[kept], width[kept], total[kept], jets[kept])


def _scaled(particle: Vectors, factor: Array) -> Vectors:
    names = ("px", "py", "pz", "E")
    return vector.array({name: getattr(particle, name) * factor for name in names})


def _wrapped(directions: Array) -> Array:
    """Eta, and phi in -pi to pi."""
    eta, phi = directions[..., 0], (directions[..., 1] + np.pi) % (2 * np.pi) - np.pi
    return np.stack([eta, phi], axis=-1)
