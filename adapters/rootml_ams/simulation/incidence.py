"""Where particles enter the calorimeter and at which angle, over the detector's acceptance."""

from __future__ import annotations

import numpy as np

from rootml_ams.geometry import DEPTH_CM, FRONT_Z_CM, HALF_WIDTH_CM
from rootml_ams.simulation.rays import Floats, Rays

UPPER_PLANE_CM = 53.1 - FRONT_Z_CM
"""Height over the calorimeter of layer 2 of the silicon tracker (z = 53.1 cm)."""
UPPER_RADIUS_CM = 62.0
"""Radius of that layer (AMS-02 tracker, B. Alpat et al., NIM A 613 (2010) 207)."""
MARGIN_CM = 1.8
"""Entry and exit keep two cells from the sides, as selections of analyses ask."""


def draw_rays(n: int, rng: np.random.Generator) -> Rays:
    """Draw ``n`` rays of an isotropic flux through the upper tracker and the whole calorimeter.

    Uniform points on two planes weighted by cos^4 of the angle over the squared distance are an
    isotropic flux; rays are drawn by rejection on that weight.
    """
    kept: list[Floats] = [np.empty((4, 0))]
    missing = n
    while missing > 0:
        trial = _draw(max(4 * missing, 1000), rng)
        kept.append(trial[:, :missing])
        missing -= kept[-1].shape[1]
    x, y, slope_x, slope_y = np.concatenate(kept, axis=1)
    return Rays(np.arange(n), x, y, np.zeros(n), slope_x, slope_y)


def _draw(n: int, rng: np.random.Generator) -> Floats:
    inner = HALF_WIDTH_CM - MARGIN_CM
    x, y = rng.uniform(-inner, inner, (2, n))
    upper_x, upper_y = rng.uniform(-UPPER_RADIUS_CM, UPPER_RADIUS_CM, (2, n))
    slope_x, slope_y = (x - upper_x) / UPPER_PLANE_CM, (y - upper_y) / UPPER_PLANE_CM
    weight = (1 + slope_x**2 + slope_y**2) ** -2
    contained = np.maximum(np.abs(x + DEPTH_CM * slope_x), np.abs(y + DEPTH_CM * slope_y)) < inner
    seen = np.hypot(upper_x, upper_y) < UPPER_RADIUS_CM
    return np.stack([x, y, slope_x, slope_y])[:, contained & seen & (rng.random(n) < weight)]
