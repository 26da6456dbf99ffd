"""Electrons from the stopping target to the entrance of the tracker.

Detector as in the technical design report (Mu2e, arXiv:1501.05241), with the target of 37 foils
that replaced its 17: aluminium foils of 0.1056 mm, an inner proton absorber of 0.5 mm
polyethylene, a field of 1 T in the tracker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootml.spec import Array
from rootml_mu2e.simulation.material import (
    ALUMINIUM,
    POLYETHYLENE,
    ionise,
    radiate,
)

CONVERSION_MEV = 104.97
"""Momentum of conversion electrons from aluminium, MeV/c (Mu2e, arXiv:1501.05241)."""
FOILS = 37
FOIL_DEPTH = 0.01056 * 2.699
"""g/cm^2."""
FOIL_CROSSED = 0.35
"""Share of the foils ahead that a helix meets: it winds around their axis (chosen)."""
ABSORBER_DEPTH = 0.05 * 0.95
ABSORBER_CROSSINGS = 1.5
"""Mean number of times that a helix crosses the absorber (chosen)."""
MEV_PER_MM = 0.299792458
"""Transverse momentum over radius in a field of 1 T."""
D0_LIMIT_MM = 80.0
"""Foils have a radius of 75 mm."""
RMAX_MM = (430.0, 690.0)
"""Helices that reach the straws (from 380 mm on) and miss what is outside them (700 mm)."""
TANDIP, TANDIP_SPREAD = 0.78, 0.20
"""Median and logarithmic width of the tangent of dip angles in the tracker (chosen)."""


@dataclass(frozen=True)
class Electrons:
    """``generated``, ``momentum``: MeV/c at birth and at the tracker's entrance.

    ``tandip``: tangent of the dip angle; ``d0``, ``radius``: of the helix, mm.
    """

    generated: Array
    momentum: Array
    tandip: Array
    d0: Array
    radius: Array

    def __len__(self) -> int:
        return len(self.momentum)


def draw(n: int, momentum: tuple[float, float], rng: np.random.Generator) -> Electrons:
    """Electrons with momenta at birth evenly in a range, as far as they reach the tracker."""
    generated = rng.uniform(*momentum, n)
    tandip = TANDIP * np.exp(TANDIP_SPREAD * rng.standard_normal(n))
    at_entrance = generated - _lost(generated, tandip, rng)
    d0 = rng.uniform(-D0_LIMIT_MM, D0_LIMIT_MM, n)
    radius = at_entrance / np.hypot(1, tandip) / MEV_PER_MM
    reach = d0 + 2 * radius
    seen = (reach > RMAX_MM[0]) & (reach < RMAX_MM[1])
    return Electrons(*(column[seen] for column in (generated, at_entrance, tandip, d0, radius)))


def _lost(momentum: Array, tandip: Array, rng: np.random.Generator) -> Array:
    """Energy in MeV lost in target and absorber on the way."""
    n = len(momentum)
    slant = np.hypot(1, tandip) / tandip
    foils = rng.binomial(rng.integers(0, FOILS, n), FOIL_CROSSED) * FOIL_DEPTH * slant
    absorber = rng.poisson(ABSORBER_CROSSINGS, n) * ABSORBER_DEPTH * slant
    lengths = foils / ALUMINIUM.radiation_length + absorber / POLYETHYLENE.radiation_length
    lost: Array = (
        ionise(ALUMINIUM, foils, momentum, rng)
        + ionise(POLYETHYLENE, absorber, momentum, rng)
        + radiate(lengths, momentum, rng)
    )
    kept: Array = np.minimum(lost, 0.9 * momentum)
    return kept
