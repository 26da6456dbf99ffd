"""Straw hits on a track: found, wrongly added, removed, or without a side of the wire."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootml.spec import Array
from rootml_mu2e.simulation.electrons import Electrons

LEAST, MOST, MEAN = 15, 100, 39.0
"""Hits that a fit needs, that a helix can have, and their mean at the median dip angle."""
SPREAD = 0.26
"""Logarithmic spread of the number beyond Poisson's: where the helix meets the planes."""
WRONG = 0.015
"""Wrong hits per hit in a beam pulse of mean intensity."""
INTENSITY_SPREAD = 0.6
"""Logarithmic spread of the intensity of beam pulses."""
WRONG_REMOVED, RIGHT_REMOVED = 0.75, 0.01
"""Share of wrong and of right hits that the fit deactivates."""
NO_SIDE = 0.035
"""Share of hits too near the wire to tell the side."""
WRONG_SIDE, WRONG_SIDE_ALONE = 0.01, 0.06
"""Share of hits with the wrong side, in panels with two hits and with one."""
DOUBLE = 0.45
"""Panels with two hits per hit."""


@dataclass(frozen=True)
class Hits:
    """Numbers per track. ``wrong``: hits of other particles that the fit uses."""

    hits: Array
    active: Array
    double: Array
    active_double: Array
    no_side: Array
    wrong: Array
    wrong_side: Array


def draw_hits(electrons: Electrons, rng: np.random.Generator) -> Hits:
    """Hits along the helices: a steep track winds less often and has fewer."""
    n = len(electrons)
    spread = np.exp(SPREAD * rng.standard_normal(n) - SPREAD**2 / 2)
    expected = MEAN * (0.78 / electrons.tandip) ** 0.8 * spread
    right = np.clip(rng.poisson(expected), LEAST + 1, MOST)
    intensity = np.exp(INTENSITY_SPREAD * rng.standard_normal(n))
    added = rng.poisson(WRONG * intensity * right)
    wrong = rng.binomial(added, 1 - WRONG_REMOVED)
    active = np.maximum(right - rng.binomial(right, RIGHT_REMOVED), LEAST) + wrong
    double = rng.binomial(active, DOUBLE * np.clip(1 + 0.1 * rng.standard_normal(n), 0, 2))
    double = np.minimum(double, active // 2)
    active_double = rng.binomial(double, 0.97)
    no_side = rng.binomial(active, NO_SIDE * np.minimum(rng.standard_gamma(2, n) / 2, 5))
    alone = active - 2 * active_double
    wrong_side = rng.binomial(2 * active_double, WRONG_SIDE) + rng.binomial(alone, WRONG_SIDE_ALONE)
    return Hits(right + added, active, double, active_double, no_side, wrong, wrong_side)
