"""Electromagnetic showers as G. Grindhammer and S. Peters parametrise them (hep-ex/0001020).

Longitudinal profiles are gamma densities (E. Longo and I. Sestili, NIM 128 (1975) 283) of which
ln T and ln alpha fluctuate; radial ones have a core and a tail. The coefficients are those of the
paper's appendix for homogeneous media with its corrections for sampling. Depths in X0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import gammainc

from rootml_atlas.simulation.legs import Legs
from rootml_atlas.simulation.material import (
    CRITICAL_MEV,
    E_OVER_MIP,
    MOLIERE_M,
    SAMPLING_FREQUENCY,
    Z_EFFECTIVE,
    Depths,
    Floats,
)

LOWEST_GEV: Final = 0.4
"""Below this energy a shower keeps the shape of this energy: the fits do not reach lower."""
PRESAMPLER_X0: Final = 1.1 / 14.0
"""11 mm of argon (ATLAS, JINST 3 (2008) S08003) of X0 = 14.0 cm (Particle Data Group)."""
PRESAMPLER_GAIN: Final = 13.8
"""Energy in the presampler over that deposited in its argon, as a share of the shower's dE/dt: each
electron that dE/dt means behind aluminium (one in 42.7 MeV/X0) leaves 2.1 MeV/cm there (Particle
Data Group), and the sampling fraction is taken as 0.05 (a choice)."""

HEAD_START_X0: Final = 0.6
"""Depth by which profiles begin before their showers: gamma densities rise too late, as beside the
points of EGS4 in Particle Data Group, Passage of Particles Through Matter (a choice)."""
WIDER: Final = 1.2
"""Radii over the parametrisation's: with it 3 x 7 middle cells have some 0.96 of the energy of 7 x
7, about what electrons have in ATLAS (JINST 14 (2019) P12006; a choice)."""

SPREAD: Final = 0.25
"""Relative fluctuation of a shower's radii, by which its leakage out of a cluster differs from that
of others (a choice; the parametrisation has none)."""


@dataclass(frozen=True)
class Deposits:
    """Mean energies of legs in presampler, strips, middle and back, (m, 4) GeV, and their shape.

    The density is share * R_c^2 / pi / (r^2 + R_c^2)^2 and the same with the tail's radius; radii
    in m.
    """

    energy: Floats
    core: Floats
    tail: Floats
    share: Floats
    lost: Floats
    """Energy before the accordion, (m,) GeV."""


def develop(legs: Legs, depths: Depths, width: float, rng: np.random.Generator) -> Deposits:
    """Showers of ``legs``; ``depths`` are those of their owners, ``width`` scales the radii."""
    log_e = np.log(np.maximum(legs.energy, LOWEST_GEV))
    log_y = log_e + np.log(1000 / CRITICAL_MEV)
    shape, maximum = _profile(log_y, rng)
    rate = ((shape - 1) / maximum)[:, None]
    inner = depths.presampler[legs.owner]
    path = np.hypot(1, legs.sinh_eta) * PRESAMPLER_X0
    layers = (depths.front, depths.strips, depths.middle, depths.back)
    edges = np.column_stack([inner, inner + path, *(layer[legs.owner] for layer in layers)])
    edges = rate * np.maximum(edges - legs.start[:, None] + HEAD_START_X0, 0)
    passed = gammainc(shape[:, None], edges)
    within = np.diff(passed, axis=1)[:, [0, 2, 3, 4]]
    moment = np.diff(gammainc(shape[:, None] + 1, edges), axis=1)[:, [0, 2, 3, 4]]
    depth = np.where(within > 1e-9, shape[:, None] / rate * moment / np.maximum(within, 1e-9), 0)
    within[:, 0] *= PRESAMPLER_GAIN
    core, tail, share = radial_profile(log_e[:, None], depth / maximum[:, None])
    energy = legs.energy[:, None] * within
    scale = width * WIDER * np.exp(SPREAD * rng.standard_normal((len(legs), 1)))
    return Deposits(energy, scale * core, scale * tail, share, legs.energy * passed[:, 2])


def _profile(log_y: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Shape of the gamma density, and depth of its maximum."""
    maximum = log_y - 0.812 - 0.55 / SAMPLING_FREQUENCY - 0.69 * (1 - E_OVER_MIP)
    shape = 0.81 + (0.458 + 2.26 / Z_EFFECTIVE) * log_y - 0.476 / SAMPLING_FREQUENCY
    correlation = 0.784 - 0.023 * log_y
    first, second = rng.standard_normal((2, len(log_y)))
    second = correlation * first + np.sqrt(1 - correlation**2) * second
    maximum = maximum * np.exp(first / (-2.5 + 1.25 * log_y))
    return np.maximum(shape * np.exp(second / (-0.82 + 0.79 * log_y)), 1.1), maximum


def radial_profile(log_e: Floats, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """Radii of core and tail (m), the core's share; ``tau`` is t / T, ``log_e`` ln(E / GeV)."""
    absorbed = 1 - E_OVER_MIP
    fading = np.exp(-tau) / SAMPLING_FREQUENCY
    core = 0.0251 + 0.00319 * log_e + (0.1162 - 0.000381 * Z_EFFECTIVE) * tau
    core = core - 0.0203 * absorbed + 0.0397 * fading
    growth = np.exp((0.3585 + 0.0421 * log_e) * (tau - 0.645))
    tail = (0.659 - 0.00309 * Z_EFFECTIVE) * (np.exp(-2.59 * (tau - 0.645)) + growth)
    tail = tail - 0.14 * absorbed - 0.495 * fading
    lag = (0.401 + 0.00187 * Z_EFFECTIVE - tau) / (1.313 - 0.0686 * log_e)
    share = (2.632 - 0.00094 * Z_EFFECTIVE) * np.exp(lag - np.exp(lag))
    share = share + absorbed * (0.348 - 0.642 * np.exp(-((tau - 1) ** 2)) / SAMPLING_FREQUENCY)
    return (
        MOLIERE_M * np.maximum(core, 0.01),
        MOLIERE_M * np.clip(tail, 0.05, 8.0),
        np.clip(share, 0, 1),
    )
