"""What electrons lose in the source foil."""

from __future__ import annotations

from typing import Final

import numpy as np

from rootml.spec import Array
from rootml_supernemo.simulation.spectra import ELECTRON_MEV

THICKNESS: Final = 50.0
"""mg/cm^2, a choice within the 40 to 60 of SuperNEMO's design."""
CHARGE_OVER_MASS: Final = 34 / 81.9167
"""Z/A of 82Se."""
EXCITATION_MEV: Final = 348e-6
"""Mean excitation energy of selenium (ICRU Report 37, 1984)."""
BETHE: Final = 0.153536
"""2 pi r_e^2 m_e c^2 N_A in MeV cm^2 / mol (ICRU Report 37)."""
LEAST_MEV: Final = 0.01
"""Below, electrons stay in the foil (a choice: their range is 0.5 mg/cm^2)."""


def stopping_power(energy: Array) -> Array:
    """Mean loss in MeV cm^2 / g by collisions in selenium, without the density effect.

    M. J. Berger, S. M. Seltzer in ICRU Report 37, eq. 2.7 and 2.9.
    """
    tau = energy / ELECTRON_MEV
    beta2 = tau * (tau + 2) / (tau + 1) ** 2
    rest = 1 - beta2 + (tau**2 / 8 - (2 * tau + 1) * np.log(2)) / (tau + 1) ** 2
    size = np.log(tau**2 * (tau + 2) / 2 * (ELECTRON_MEV / EXCITATION_MEV) ** 2)
    found: Array = BETHE * CHARGE_OVER_MASS / beta2 * (size + rest)
    return found


def left(energy: Array, way: Array) -> Array:
    """Energies in MeV behind ``way`` mg/cm^2 of the foil, 0 of electrons that stay in it.

    The loss is the mean one, taken half way.
    """
    path = way / 1000
    middle = np.maximum(energy - path * _loss(energy) / 2, LEAST_MEV)
    behind = energy - path * _loss(middle)
    return np.where(behind > LEAST_MEV, behind, 0)


def _loss(energy: Array) -> Array:
    return stopping_power(np.maximum(energy, LEAST_MEV))
