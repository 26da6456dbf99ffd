"""Energy that electrons of about 100 MeV lose in thin layers.

Ionisation: Landau's distribution around the most probable loss with density effect (Particle Data
Group, Review of Particle Physics, section "Passage of particles through matter", "Fluctuations in
energy loss"). Bremsstrahlung: H. Bethe and W. Heitler, Proc. R. Soc. A 146 (1934) 83.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rootml.spec import Array

ELECTRON_MEV = 0.51099895
RADIATION_CONSTANT = 0.153537
"""2 pi N_A r_e^2 m_e c^2, MeV cm^2 / mol: half of PDG's K."""
MOST_PROBABLE_J = 0.200
"""The j of PDG's most probable energy loss."""
LANDAU_MODE = -0.22278


@dataclass(frozen=True)
class Material:
    """``z_over_a``: mol/g; ``plasma_mev``: plasma energy; ``radiation_length``: g/cm^2 (PDG)."""

    z_over_a: float
    plasma_mev: float
    radiation_length: float


ALUMINIUM = Material(0.48181, 32.86e-6, 24.01)
POLYETHYLENE = Material(0.57034, 21.99e-6, 44.77)
MYLAR = Material(0.52037, 24.59e-6, 39.95)


def width(material: Material, depth: Array) -> Array:
    """Landau's xi in MeV for ``depth`` in g/cm^2."""
    xi: Array = RADIATION_CONSTANT * material.z_over_a * depth
    return xi


def most_probable(material: Material, depth: Array) -> Array:
    """Most probable ionisation loss in MeV for ``depth`` in g/cm^2; 0 without material."""
    xi = width(material, depth)
    ratio = 2 * ELECTRON_MEV * np.maximum(xi, 1e-12) / material.plasma_mev**2
    loss: Array = xi * (np.log(ratio) + MOST_PROBABLE_J)
    return loss


def landau(n: int, rng: np.random.Generator) -> Array:
    """Draw from Landau's distribution, shifted so that its maximum is at 0.

    It is the stable distribution with both parameters 1 (V. M. Zolotarev 1986).
    """
    from scipy.stats import levy_stable

    drawn = levy_stable.rvs(1, 1, size=n, random_state=rng)
    shifted: Array = math.pi / 2 * drawn + math.log(math.pi / 2) - LANDAU_MODE
    return shifted


def ionise(material: Material, depth: Array, momentum: Array, rng: np.random.Generator) -> Array:
    """Energy in MeV that electrons lose by ionisation.

    At most half their energy: of two electrons after a collision the faster one goes on.
    """
    loss = most_probable(material, depth) + width(material, depth) * landau(len(depth), rng)
    possible: Array = np.clip(loss, 0, momentum / 2)
    return possible


def radiate(lengths: Array, momentum: Array, rng: np.random.Generator) -> Array:
    """Energy in MeV lost to bremsstrahlung in ``lengths`` radiation lengths.

    The logarithm of the remaining share is gamma distributed (Bethe and Heitler).
    """
    loss: Array = -momentum * np.expm1(-rng.standard_gamma(lengths / math.log(2)))
    return loss
