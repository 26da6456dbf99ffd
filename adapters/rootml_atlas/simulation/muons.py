"""Muons of Z as they are measured."""

from __future__ import annotations

from typing import Final

import numpy as np

from rootml_atlas.simulation.material import Floats

RESOLUTION: Final = (0.017, 3.6e-4)
"""Relative resolution of pT: by scattering, and per GeV. ATLAS has 1.7 % at 10 GeV and small
abs(eta), 4 % at 100 GeV and large ones (EPJC 74 (2014) 3130); the same at all is a choice."""


def measured(muons: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    """Branches of the two muons (n, 2, 4), the one with more transverse momentum first, in MeV."""
    floor, slope = RESOLUTION
    pt, eta, phi = (muons[:, :, place] for place in (1, 2, 3))
    pt = pt * (1 + np.hypot(floor, slope * pt) * rng.standard_normal(pt.shape))
    order = np.argsort(-pt, axis=1)
    columns = {"e": 1000 * pt * np.cosh(eta), "eta": eta, "phi": phi}
    sorted_ = {name: np.take_along_axis(each, order, axis=1) for name, each in columns.items()}
    return {
        f"mu{number + 1}_{name}": each[:, number]
        for number in (0, 1)
        for name, each in sorted_.items()
    }
