"""What the track fit makes of the hits: momentum, its error, consistency, material.

The difference of fitted and true momentum is the sum of

- a Gaussian of the fit's own error, times how far errors are underestimated;
- energy lost inside the tracker: a loss after a share u of the track changes the fitted momentum
  at the entrance by its share 1 - 3u^2 + 2u^3 (curvature weighted as u (1 - u) along the track);
  the fit corrects for the most probable ionisation;
- wrong hits and hits on the wrong side of their wire, by their distance and the leverage of one
  hit among many;
- single scattering by large angles;
- rarely, a second solution: many sides of the wire turned together, which fits nearly as well.

Each but the last shows in the consistency of the fit, too; the last in the number of hits, their
sides, the straws crossed without a hit, and the error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootml.spec import Array
from rootml_mu2e.simulation.electrons import Electrons
from rootml_mu2e.simulation.hits import Hits
from rootml_mu2e.simulation.material import MYLAR, landau, radiate, width

STRAW_LENGTHS = 2.7e-4
"""Radiation lengths of a straw: walls of 15 um Mylar, gas and wire (Mu2e, arXiv:1501.05241)."""
ERROR_MEV, ERROR_HITS = 0.115, 39.0
"""Error of the momentum with so many hits (arXiv:1501.05241: core of 0.12 to 0.2 MeV/c)."""
ERROR_POWER, ERROR_SPREAD = -0.5, 0.22
UNDERESTIMATED = 1.05
HIT_MM, WRONG_MM, SIDE_MM = 0.2, 2.5, 1.2
"""Resolution of a hit; distance of wrong hits, and of those on the wrong side once fitted."""
SCATTER_PER_LENGTH, SCATTER_MEV = 0.7, 0.6
"""Large angles per radiation length (chosen), and what they do to the momentum."""
SECOND, SECOND_HITS, SECOND_POWER = 0.012, 30.0, 2.5
"""Probability of the second solution at so many hits (chosen), falling with their number."""
SECOND_MEV, SECOND_HIGH = 0.8, 0.65
"""How far off it is (gamma distributed), and the share of those that are too high."""
TIME_NS, TIME_SPREAD = 0.44, 0.2
"""Error of the time with a calorimeter cluster."""
NO_CLUSTER, NO_CLUSTER_FACTOR = 0.06, 1.9
LARGEST_LOSS, LEAST_CONSISTENCY = 0.2, 1e-20
"""A fit fails beyond: an excess below -20 % of the momentum, or hits that do not fit at all."""


@dataclass(frozen=True)
class Fit:
    """``excess``: fitted minus true momentum, MeV/c. ``lengths``: radiation lengths crossed.

    ``consistency``: probability of a larger chi-square.
    """

    excess: Array
    momerr: Array
    t0err: Array
    chisq: Array
    consistency: Array
    straws: Array
    lengths: Array


def fit(electrons: Electrons, hits: Hits, rng: np.random.Generator) -> Fit:
    """Fit the tracks."""
    from scipy.special import gammaincc

    n = len(electrons)
    active = hits.active
    second = _second(hits, rng)
    straws = active + rng.poisson(0.045 * active * np.exp(0.5 * rng.standard_normal(n)))
    straws = straws + rng.binomial(active, np.where(second, 0.10, 0.01))
    lengths = STRAW_LENGTHS * straws * np.exp(0.1 * rng.standard_normal(n))
    error = ERROR_MEV * (active / ERROR_HITS) ** ERROR_POWER
    error = error * np.exp(ERROR_SPREAD * rng.standard_normal(n))
    leverage = error / HIT_MM / np.sqrt(active)
    excess = UNDERESTIMATED * error * rng.standard_normal(n)
    ndof = active - 4
    chisq = 2 * rng.standard_gamma(ndof / 2) * np.exp(0.04 + 0.22 * rng.standard_normal(n))
    for shift, penalty in (
        _losses(electrons.momentum, lengths, error, rng),
        _displaced(hits.wrong, WRONG_MM, leverage, rng),
        _displaced(hits.wrong_side, SIDE_MM, leverage, rng),
        _scattered(lengths, rng),
    ):
        excess = excess + shift
        chisq = chisq + penalty
    sign = np.where(rng.random(n) < SECOND_HIGH, 1, -1)
    excess = excess + second * sign * SECOND_MEV * rng.standard_gamma(1.6, n)
    momerr = error * np.where(second, rng.uniform(1.2, 1.9, n), 1)
    t0err = TIME_NS * np.exp(TIME_SPREAD * rng.standard_normal(n))
    t0err = t0err * np.where(rng.random(n) < NO_CLUSTER, NO_CLUSTER_FACTOR, 1)
    consistency = gammaincc(ndof / 2, chisq / 2)
    return Fit(excess, momerr, t0err, chisq, consistency, straws, lengths)


def converged(electrons: Electrons, fitted: Fit) -> Array:
    """Which fits are found and kept."""
    found: Array = fitted.excess > -LARGEST_LOSS * electrons.momentum
    return found & (fitted.consistency > LEAST_CONSISTENCY)


def _second(hits: Hits, rng: np.random.Generator) -> Array:
    """Which tracks are fitted with the second solution."""
    alone = 1 - 2 * hits.active_double / hits.active
    share = 0.2 + 15 * hits.no_side / hits.active + 2 * np.clip(alone, 0, 1)
    chance = SECOND * (SECOND_HITS / hits.active) ** SECOND_POWER * share
    chosen: Array = rng.random(len(chance)) < np.minimum(chance, 0.5)
    return chosen


def _losses(
    momentum: Array, lengths: Array, error: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Energy lost inside the tracker: one photon, and the fluctuation of the ionisation."""
    n = len(momentum)
    place = rng.random(n)
    weight = 1 - 3 * place**2 + 2 * place**3
    photon = radiate(lengths, momentum, rng)
    depth = lengths * MYLAR.radiation_length
    fluctuation = np.clip(width(MYLAR, depth) * landau(n, rng), -1, momentum / 2) / 2
    kink = photon / error * 4 * place * (1 - place)
    return -(weight * photon + fluctuation), 0.1 * np.minimum(kink, 100) ** 2


def _displaced(
    count: Array, distance: float, leverage: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Hits off the track by a typical ``distance`` in mm, the rest of which the fit sees."""
    pull = np.sqrt(count) * distance * leverage
    penalty = 2 * rng.standard_gamma(count / 2 + 1e-9) * (distance / HIT_MM) ** 2 / 10
    return pull * rng.standard_normal(len(count)), np.where(count > 0, penalty, 0)


def _scattered(lengths: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    n = len(lengths)
    hit = rng.random(n) < SCATTER_PER_LENGTH * lengths
    angle = rng.standard_normal(n)
    return hit * SCATTER_MEV * angle, hit * 15 * angle**2
