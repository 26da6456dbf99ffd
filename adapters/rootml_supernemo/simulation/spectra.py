"""Double beta decay of 82Se to the ground state of 82Kr: energies of both electrons, their angle.

Energies are kinetic ones in MeV. The density of both electrons is that of two neutrinos with the
energy that is left, or of none (H. Primakoff, S. P. Rosen, Rep. Prog. Phys. 22 (1959) 121; V. I.
Tretyak, Yu. G. Zdesenko, At. Data Nucl. Data Tables 61 (1995) 43), with the relativistic Fermi
function of a point-like nucleus, as in DECAY0 (O. A. Ponkratenko, V. I. Tretyak, Yu. G. Zdesenko,
Phys. At. Nucl. 63 (2000) 1282).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.special import loggamma

from rootml.spec import Array

Q_MEV: Final = 2.9979
"""D. L. Lincoln et al., Phys. Rev. Lett. 110 (2013) 012501."""
ELECTRON_MEV: Final = 0.51099895
"""Mass of the electron (CODATA 2018)."""
ALPHA: Final = 1 / 137.035999
"""Fine structure constant (CODATA 2018)."""
DAUGHTER: Final = 36
"""Charge of 82Kr."""
STEPS: Final = 3000
"""Of tables, of 1 keV."""
NEUTRINOS: Final = 5
"""Power of the energy that two neutrinos share: their phase space."""


def momentum(energy: Array) -> Array:
    """Momenta in MeV/c of electrons."""
    found: Array = np.sqrt(energy * (energy + 2 * ELECTRON_MEV))
    return found


def kinetic(p: Array) -> Array:
    """Energies of electrons of momenta in MeV/c."""
    found: Array = np.hypot(p, ELECTRON_MEV) - ELECTRON_MEV
    return found


def fermi(energy: Array) -> Array:
    """Attraction of electrons above 0 by the daughter, but for a factor."""
    p, total = momentum(energy) / ELECTRON_MEV, 1 + energy / ELECTRON_MEV
    strength = ALPHA * DAUGHTER
    order = np.sqrt(1 - strength**2)
    y = strength * total / p
    found: Array = p ** (2 * order - 2) * np.exp(np.pi * y + 2 * loggamma(order + 1j * y).real)
    return found


def phase_space(energy: Array) -> Array:
    """Of one electron above 0, but for a factor: p E F(E)."""
    return momentum(energy) * (energy + ELECTRON_MEV) * fermi(energy)


_ENERGIES: Final = np.linspace(0, Q_MEV, STEPS + 1)
_PHASE_SPACE: Final = phase_space(np.maximum(_ENERGIES, _ENERGIES[1] / 100))


def of_one(energy: Array) -> Array:
    """:func:`phase_space` between 0 and Q, from a table."""
    return np.interp(energy, _ENERGIES, _PHASE_SPACE)


def sum_density() -> tuple[Array, Array]:
    """Sums of both electrons with two neutrinos, (STEPS + 1,), and their density in 1/MeV."""
    step = _ENERGIES[1]
    both = np.convolve(_PHASE_SPACE, _PHASE_SPACE)[: len(_ENERGIES)]
    ends = _PHASE_SPACE[0] * _PHASE_SPACE  # of the trapezoidal rule
    density = (both - ends) * (Q_MEV - _ENERGIES) ** NEUTRINOS
    return _ENERGIES, density / (density.sum() * step)


def sums(n: int, least: float, rng: np.random.Generator) -> Array:
    """Sums of both energies (n,) with two neutrinos, of ``least`` or more."""
    energy, density = sum_density()
    upto = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    upto /= upto[-1]
    return np.interp(rng.uniform(np.interp(least, energy, upto), 1, n), upto, energy)


def shares(total: Array, rng: np.random.Generator) -> Array:
    """What the first electron gets of sums (n,), which is likeliest to be half."""
    first = np.empty_like(total)
    left = np.arange(len(total))
    while len(left):
        mine = total[left]
        tried = mine * rng.random(len(left))
        height = of_one(tried) * of_one(mine - tried) / of_one(mine / 2) ** 2
        taken = rng.random(len(left)) < height
        first[left[taken]] = tried[taken]
        left = left[~taken]
    return first


def cosines(first: Array, second: Array, rng: np.random.Generator) -> Array:
    """Cosines of the angle between both electrons (n,), of density 1 - beta1 beta2 cos.

    So it is with two neutrinos as with none, where a light one is exchanged (M. Doi, T. Kotani, E.
    Takasugi, Prog. Theor. Phys. Suppl. 83 (1985) 1).
    """
    slow = _velocity(first) * _velocity(second)
    rest = 2 + slow - 4 * rng.random(len(first))
    found: Array = -rest / (1 + np.sqrt(np.maximum(1 + slow * rest, 0)))
    return found


def _velocity(energy: Array) -> Array:
    """Of electrons, in that of light."""
    found: Array = momentum(energy) / (energy + ELECTRON_MEV)
    return found
