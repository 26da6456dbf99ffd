"""Hadronic cascades of protons, one interaction after the other.

A proton ionises until it interacts. The interaction sends a leading hadron and up to ten hard pions
forward; neutral pions become electromagnetic showers, the other hadrons go on and may interact
again; slow fragments of the nucleus leave at wide angles. A proton whose first interaction is early
and hands nearly all energy to neutral pions looks like an electron. The model follows T. Gaisser,
Cosmic Rays and Particle Physics (1990), and R. Wigmans, Calorimetry (2000), in round numbers, which
are choices where no number is cited; it is not a generator of exclusive final states.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from rootml_ams.geometry import DEPTH_X0, INTERACTION_LENGTH_X0
from rootml_ams.simulation.deposit import MIP_MEV_PER_X0
from rootml_ams.simulation.rays import Flags, Floats, Rays, concatenate

PION_LENGTH = 1.2
"""Interaction length of pions over that of protons (ratio of the cross sections on lead)."""
LEADING_BETA = (1.0, 2.0)
"""The leading hadron's share of the energy: mean 1/3 on a heavy nucleus."""
HARD_PIONS, HARD_CONCENTRATION = 10, 0.6
"""The rest is shared by a Dirichlet distribution: few pions take most of it."""
NEUTRAL_PIONS = 1 / 3
NEUTRON_LEADING = 0.4
PION_CHARGE_EXCHANGE = 0.3
TRANSVERSE_GEV = 0.4
"""Mean transverse momentum of secondaries."""
SLOW_FRAGMENTS, SLOW_GEV, SLOW_IONISATION = 6.0, 0.15, 3.0
"""Number, mean kinetic energy and ionisation (minimum = 1) of slow charged fragments."""
LEAST_INTERACTION_GEV, LEAST_HADRON_GEV, LEAST_SHOWER_GEV = 3.0, 0.2, 0.03


@dataclass(frozen=True)
class Hadrons:
    """Hadrons of ``energy`` GeV on ``rays``."""

    rays: Rays
    energy: Floats
    charged: Flags
    pion: Flags

    def take(self, index: Flags) -> Hadrons:
        """Those that the mask ``index`` picks."""
        return Hadrons(
            self.rays.take(index), self.energy[index], self.charged[index], self.pion[index]
        )


@dataclass(frozen=True)
class Cascade:
    """What cascades leave: neutral pions (GeV), and tracks with their end (X0)."""

    pions: Rays
    pion_energy: Floats
    tracks: Rays
    track_end: Floats
    track_ionisation: Floats

    def of(self, events: Flags) -> Cascade:
        """The part of the ``events`` that the mask picks, numbered anew."""
        number = np.cumsum(events) - 1
        pions, tracks = events[self.pions.event], events[self.tracks.event]
        return Cascade(
            self.pions.take(pions).renumbered(number),
            self.pion_energy[pions],
            self.tracks.take(tracks).renumbered(number),
            self.track_end[tracks],
            self.track_ionisation[tracks],
        )


def interaction_depth(
    hadrons: Hadrons, rng: np.random.Generator, within: float = math.inf
) -> Floats:
    """Depth (X0) of the next interaction, which may lie beyond the calorimeter.

    ``within``: only interactions less than so much deeper are drawn.
    """
    length = INTERACTION_LENGTH_X0 * np.where(hadrons.pion, PION_LENGTH, 1.0)
    if math.isinf(within):
        path = rng.exponential(length)
    else:
        share = -np.expm1(-within * hadrons.rays.secant / length)
        path = -length * np.log1p(-share * rng.random(len(length)))
    depth: Floats = hadrons.rays.depth + path / hadrons.rays.secant
    return depth


def protons(rays: Rays, energy: Floats) -> Hadrons:
    """Protons of ``energy`` GeV on ``rays``."""
    yes = np.ones(len(rays), bool)
    return Hadrons(rays, energy, yes, ~yes)


def develop(
    hadrons: Hadrons, depth: Floats, rng: np.random.Generator, neutral_share: float = 0.0
) -> Cascade:
    """Follow ``hadrons``, whose next interactions are at ``depth``, and all that they make.

    ``neutral_share``: least share of the hard pions' energy that neutral ones take in these next
    interactions.
    """
    neutrals: list[tuple[Rays, Floats]] = []
    tracks: list[tuple[Rays, Floats, Floats]] = []
    while len(hadrons.rays):
        reach = 1000 * hadrons.energy / (MIP_MEV_PER_X0 * hadrons.rays.secant)
        end = np.minimum(np.minimum(depth, hadrons.rays.depth + reach), DEPTH_X0)
        ionising = hadrons.charged
        tracks.append((hadrons.rays.take(ionising), end[ionising], np.ones(ionising.sum())))
        interacts = (depth < DEPTH_X0) & (hadrons.energy > LEAST_INTERACTION_GEV)
        struck = hadrons.take(interacts)
        vertex = struck.rays.moved(depth[interacts])
        tracks.append(_slow_fragments(vertex, struck.energy, rng))
        made, neutral = _secondaries(vertex, struck, neutral_share, rng)
        pions = made.take(neutral & (made.energy > LEAST_SHOWER_GEV))
        neutrals.append((pions.rays, pions.energy))
        hadrons = made.take(~neutral & (made.energy > LEAST_HADRON_GEV))
        depth, neutral_share = interaction_depth(hadrons, rng), 0.0
    return Cascade(
        concatenate([rays for rays, _ in neutrals]),
        np.concatenate([energy for _, energy in neutrals]),
        concatenate([rays for rays, _, _ in tracks]),
        np.concatenate([end for _, end, _ in tracks]),
        np.concatenate([ionisation for _, _, ionisation in tracks]),
    )


def _secondaries(
    vertex: Rays, struck: Hadrons, neutral_share: float, rng: np.random.Generator
) -> tuple[Hadrons, Flags]:
    """Leading hadrons and hard pions, and which of them are neutral pions."""
    shares, neutral, charged = _draw_secondaries(struck.pion, rng)
    while len(few := np.flatnonzero(_neutral_share(shares, neutral) < neutral_share)):
        shares[few], neutral[few], charged[few] = _draw_secondaries(struck.pion[few], rng)
    pion = np.ones_like(neutral)
    pion[:, 0] = struck.pion
    rays = vertex.take(np.repeat(np.arange(len(vertex)), 1 + HARD_PIONS))
    energy = (shares * struck.energy[:, None]).ravel()
    made = Hadrons(_deflected(rays, energy, rng), energy, charged.ravel(), pion.ravel())
    return made, neutral.ravel()


def _draw_secondaries(from_pion: Flags, rng: np.random.Generator) -> tuple[Floats, Flags, Flags]:
    """Shares of the energy (n, 1 + HARD_PIONS), and which secondaries are neutral pions, charged.

    The leading hadron comes first.
    """
    n = len(from_pion)
    leading = rng.beta(*LEADING_BETA, n)
    shares = rng.standard_gamma(HARD_CONCENTRATION, (n, HARD_PIONS))
    shares *= ((1 - leading) / shares.sum(axis=1))[:, None]
    chance = rng.random((n, 1 + HARD_PIONS))
    neutral = chance < NEUTRAL_PIONS
    neutral[:, 0] = from_pion & (chance[:, 0] < PION_CHARGE_EXCHANGE)
    charged = ~neutral
    charged[:, 0] &= from_pion | (chance[:, 0] > NEUTRON_LEADING)
    return np.column_stack([leading, shares]), neutral, charged


def _neutral_share(shares: Floats, neutral: Flags) -> Floats:
    """Share of the hard pions' energy that the neutral ones have."""
    share: Floats = (shares * neutral)[:, 1:].sum(axis=1) / shares[:, 1:].sum(axis=1)
    return share


def _deflected(rays: Rays, energy: Floats, rng: np.random.Generator) -> Rays:
    """Turn each ray by its transverse momentum, at most by about 45 degrees."""
    transverse = rng.exponential(TRANSVERSE_GEV, len(rays))
    angle = np.minimum(transverse / np.maximum(energy, 1e-3), 1.0)
    azimuth = rng.uniform(0, 2 * np.pi, len(rays))
    return replace(
        rays,
        slope_x=rays.slope_x + angle * np.cos(azimuth),
        slope_y=rays.slope_y + angle * np.sin(azimuth),
    )


def _slow_fragments(
    vertex: Rays, energy: Floats, rng: np.random.Generator
) -> tuple[Rays, Floats, Floats]:
    """Charged fragments of the nucleus in all directions, until their energy is spent."""
    number = rng.poisson(np.minimum(SLOW_FRAGMENTS, energy / 2))
    rays = vertex.take(np.repeat(np.arange(len(vertex)), number))
    n = len(rays)
    cosine = rng.uniform(0.2, 1.0, n) * np.where(rng.random(n) < 0.3, -1, 1)
    azimuth = rng.uniform(0, 2 * np.pi, n)
    slope = np.sqrt(1 - cosine**2) / cosine
    rays = replace(rays, slope_x=slope * np.cos(azimuth), slope_y=slope * np.sin(azimuth))
    reach = 1000 * rng.exponential(SLOW_GEV, n) / (SLOW_IONISATION * MIP_MEV_PER_X0)
    end = np.clip(rays.depth + reach * cosine, 0, DEPTH_X0)
    return rays, end, np.full(n, SLOW_IONISATION)
