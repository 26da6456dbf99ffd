"""An estimate of the mass of a pair of taus from what is seen of them."""

from __future__ import annotations

import numpy as np

from rootml.spec import Array

POINTS = 24
WORST = 12.0
"""Of the chi-square of the missing momentum (two components): no mass is given above it."""


def ditau_mass(visible: Array, lepton: Array, tau: Array, missing: Array, width: Array) -> Array:
    """Mass in GeV of each pair (n,), NaN where no pair of taus explains the missing momentum.

    ``visible``: mass of lepton and hadrons (n,); ``lepton``, ``tau`` and ``missing``: transverse
    momenta (n, 2); ``width``: resolution of ``missing`` (n,). Neutrinos go along their taus
    (R. K. Ellis et al., Nucl. Phys. B 297 (1988) 221), so that fractions x1 and x2 of the energy
    that are seen fix the mass, visible / sqrt(x1 x2). It is averaged over them with the weights of
    the decays and of the missing momentum, the idea of the missing mass calculator (Elagin et al.,
    NIM A 654 (2011) 481, arXiv:1012.4686).
    """
    fraction = (np.arange(POINTS) + 0.5) / POINTS
    decay = 5 - 9 * fraction**2 + 4 * fraction**3
    taken = 1 / fraction - 1
    logarithm = np.log(fraction)
    weights, masses = np.zeros(len(visible)), np.zeros(len(visible))
    best = np.full(len(visible), np.inf)
    for x, of_x, log_x in zip(taken, decay, logarithm, strict=True):
        rest = missing[:, None] - x * lepton[:, None] - taken[:, None] * tau[:, None]
        distance = (rest**2).sum(axis=2) / width[:, None] ** 2
        weight = of_x * np.exp(-distance / 2)
        weights += weight.sum(axis=1)
        masses += (weight * -(log_x + logarithm) / 2).sum(axis=1)
        best = np.minimum(best, distance.min(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        mass: Array = np.where(best < WORST, visible * np.exp(masses / weights), np.nan)
    return mass
