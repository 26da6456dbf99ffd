"""What the literature says of the calorimeter and of showers, with sources."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import DEPTH_X0, INTERACTION_LENGTH_X0
from rootml_ams.simulation.material import CRITICAL_MEV, MOLIERE_CM

Floats = npt.NDArray[np.floating[Any]]

PDG = "Particle Data Group, Passage of Particles Through Matter"
ADLOFF = "C. Adloff et al., NIM A 714 (2013) 147"
TALK = "R. K. Hashmani et al., arXiv:2402.16285, and the talk"
FIRST_RESULT = "AMS Collaboration, PRL 110 (2013) 141102"

FALL_PER_X0: Final = 0.5
"""b of the gamma density, about 0.5 in heavy materials (PDG)."""
CONTAINED_AT_TEV: Final = 0.75
"""Share of a 1 TeV shower that is seen (the talk)."""
STOCHASTIC, CONSTANT = 0.104, 0.014
"""Resolution 10.4 % / sqrt(E / GeV) and 1.4 %, added in quadrature (Adloff et al. 2013)."""
MOLIERE_SHARE: Final = 0.9
"""Share of a shower within the Moliere radius of its axis, by definition (PDG)."""
REJECTION: Final = 1e4
"""About this many protons of 3-500 GeV/c for one that passes, at 90 % efficiency for electrons, the
calorimeter's estimator and its energy over the momentum above 0.75 together (PRL 110)."""
ENERGY_OVER_MOMENTUM: Final = 0.75
BDT_OVER_LIKELIHOOD: Final = {"below": 386 / 153, "above": 7 / 5}
"""Rejection of the experiment's boosted trees over that of its likelihood, at 90 %, below and above
1 TeV: from the factors by which one network beats them (the talk)."""
ACCURACY: Final = {"bdt": 0.973, "likelihood": 0.967}
"""Of the experiment's own classifiers on simulated 200-600 GeV, generated (the talk)."""


def shower_maximum(energy: Floats | float) -> Floats:
    """Depth of an electron's shower maximum in X0: ln(E / Ec) - 0.5 (PDG)."""
    return np.asarray(np.log(1000 * np.asarray(energy) / CRITICAL_MEV) - 0.5)


def resolution(energy: Floats | float) -> Floats:
    """Relative energy resolution of electrons in a beam."""
    return np.asarray(np.hypot(STOCHASTIC / np.sqrt(energy), CONSTANT))


def interacting(secant: float) -> float:
    """Share of protons that interact: the calorimeter has 0.6 interaction lengths."""
    return float(1 - np.exp(-secant * DEPTH_X0 / INTERACTION_LENGTH_X0))


MOLIERE: Final = MOLIERE_CM
"""21.2 MeV X0 / Ec (PDG), with the mixture's X0 and critical energy."""
