"""Detector and beam as simulated, and as in 'data', which are deliberately others.

A network trained on the simulation meets differences of the kinds that set data apart from it.
Their sizes are those of the corrections that ATLAS finds (M. Aaboud et al., JINST 14 (2019) P03017;
G. Aad et al., JINST 14 (2019) P12006), in round numbers; ``mismatch`` scales all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootml_atlas.simulation.material import Floats


@dataclass(frozen=True)
class Conditions:
    """How a detector departs from the one that is simulated, and its pile-up.

    ``material``: X0 more in the tracker at eta = 0, growing as cosh(eta). ``layers``: scale of the
    cells' energies in presampler, strips, middle and back. ``wave``: amplitude of a change of the
    scale with eta. ``noise``: over that of the simulation. ``constant``: term that comes on top of
    the simulation's in the resolution. ``width``: of showers, over the simulation's. ``mu``: mean
    and spread of <mu>.
    """

    material: float = 0.0
    layers: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    wave: float = 0.0
    noise: float = 1.0
    constant: float = 0.0
    width: float = 1.0
    mu: tuple[float, float] = (33.7, 11.0)
    """Run 2: 33.7 on average (ATLAS, EPJC 83 (2023) 982)."""

    def scale(self, eta: Floats) -> Floats:
        """Relative change of all energies at ``eta``."""
        found: Floats = 1 + self.wave * np.sin(4.0 * eta)
        return found

    def extra(self, eta: Floats) -> Floats:
        """X0 more than simulated at ``eta``."""
        found: Floats = self.material * np.cosh(eta)
        return found


SIMULATED: Final = Conditions()
_LAYERS = (0.04, -0.015, 0.0, 0.02)


def taken(mismatch: float) -> Conditions:
    """Conditions of 'data'; ``mismatch`` 1 is the usual one, 0 the simulation."""
    presampler, strips, middle, back = (1 + mismatch * change for change in _LAYERS)
    return Conditions(
        material=0.08 * mismatch,
        layers=(presampler, strips, middle, back),
        wave=0.01 * mismatch,
        noise=1 + 0.08 * mismatch,
        constant=0.008 * mismatch,
        width=1 + 0.04 * mismatch,
        mu=(33.7 + 3.0 * mismatch, 11.0),
    )
