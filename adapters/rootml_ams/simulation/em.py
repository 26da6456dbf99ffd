"""Electromagnetic showers as G. Grindhammer and S. Peters parametrise them (hep-ex/0001020).

The coefficients are those of that paper's appendix: for homogeneous media, and on top of them the
corrections for sampling calorimeters. Depths are in X0, radii in Moliere radii until the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial.legendre import leggauss
from scipy.special import gammaln

from rootml_ams.geometry import EDGES_X0
from rootml_ams.simulation.material import (
    CRITICAL_MEV,
    E_OVER_MIP,
    MOLIERE_CM,
    SAMPLING_FREQUENCY,
    Z_EFFECTIVE,
)

Floats = npt.NDArray[np.floating[Any]]

LOWEST_GEV = 0.4
"""Below this energy a shower keeps the shape of this energy: the fits do not reach lower."""
DEPTH_SCALE = 1.06
"""Stretches depths a little beyond the fits, which end at 100 GeV, for AMS reports that about 75 %
of a 1 TeV shower is contained; without it, it would be 82 %. Maxima stay within 0.7 X0 of
ln(E / Ec) - 0.5 (PDG, Passage of Particles Through Matter, Electromagnetic cascades)."""

_QUADRATURE = [(np.float32(1 + x), np.float32(w)) for x, w in zip(*leggauss(3), strict=True)]
_NEAR = np.float32(1e-6)


@dataclass(frozen=True)
class Profile:
    """Longitudinal shape of some showers: dE/dt as a gamma density of ``shape`` and ``rate``."""

    shape: Floats
    rate: Floats
    """1/X0"""

    @property
    def maximum(self) -> Floats:
        """Depth of the shower maximum in X0."""
        return (self.shape - 1) / self.rate

    def take(self, index: npt.NDArray[Any]) -> Profile:
        """Those of the showers that ``index`` (numbers or a mask) picks."""
        return Profile(self.shape[index], self.rate[index])

    def layer_shares(self, start: Floats, secant: Floats) -> Floats:
        """Share of the energy in each layer, (n, 18), for showers that start at depth ``start``.

        ``secant`` is the path length per depth of the shower's axis.
        """
        edges = (np.maximum(EDGES_X0 - start[:, None], 0) * secant[:, None]).astype(np.float32)
        low, half = edges[:, :-1], np.diff(edges, axis=1) / 2
        power = (self.shape - 1).astype(np.float32)[:, None]
        rate = self.rate.astype(np.float32)[:, None]
        norm = self.shape * np.log(self.rate) - gammaln(self.shape)
        scale = norm.astype(np.float32)[:, None]
        total = np.zeros_like(low)
        for node, weight in _QUADRATURE:
            path = low + half * node
            total += weight * np.exp(scale + power * np.log(np.maximum(path, _NEAR)) - rate * path)
        shares: Floats = total * half
        return shares


def _log_y(energy: Floats) -> Floats:
    return np.log(np.maximum(energy, LOWEST_GEV) * 1000 / CRITICAL_MEV)


def draw_profile(energy: Floats, rng: np.random.Generator) -> Profile:
    """Draw profiles of showers of ``energy`` GeV: ln T and ln alpha fluctuate, correlated."""
    log_y = _log_y(energy)
    maximum = log_y - 0.812 - 0.55 / SAMPLING_FREQUENCY - 0.69 * (1 - E_OVER_MIP)
    shape = 0.81 + (0.458 + 2.26 / Z_EFFECTIVE) * log_y - 0.476 / SAMPLING_FREQUENCY
    correlation = 0.784 - 0.023 * log_y
    first, second = rng.standard_normal((2, len(energy)))
    second = correlation * first + np.sqrt(1 - correlation**2) * second
    maximum = DEPTH_SCALE * maximum * np.exp(first / (-2.5 + 1.25 * log_y))
    shape = np.maximum(shape * np.exp(second / (-0.82 + 0.79 * log_y)), 1.1)
    return Profile(shape, (shape - 1) / maximum)


def radial_profile(energy: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """Core radius, tail radius (cm) and core weight at ``tau`` = t / T.

    The radial density is p 2 r C^2 / (r^2 + C^2)^2 + (1 - p) 2 r T^2 / (r^2 + T^2)^2.
    ``energy`` in GeV broadcasts against ``tau``.
    """
    log_e = np.log(np.maximum(energy, LOWEST_GEV))
    absorbed = 1 - E_OVER_MIP
    fading = np.exp(-tau) / SAMPLING_FREQUENCY
    core = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * Z_EFFECTIVE) * tau
    core = core - 0.0203 * absorbed + 0.0397 * fading
    growth = np.exp((0.3585 + 0.0421 * log_e) * (tau - 0.645))
    tail = (0.659 - 0.00309 * Z_EFFECTIVE) * (np.exp(-2.59 * (tau - 0.645)) + growth)
    tail = tail - 0.14 * absorbed - 0.495 * fading
    lag = (0.401 + 0.00187 * Z_EFFECTIVE - tau) / (1.313 - 0.0686 * log_e)
    weight = (2.632 - 0.00094 * Z_EFFECTIVE) * np.exp(lag - np.exp(lag))
    weight = weight + absorbed * (0.348 - 0.642 * np.exp(-((tau - 1) ** 2)) / SAMPLING_FREQUENCY)
    return (
        MOLIERE_CM * np.maximum(core, 0.01),
        MOLIERE_CM * np.maximum(tail, 0.05),
        np.clip(weight, 0, 1),
    )
