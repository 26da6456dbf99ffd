"""The first steps of electromagnetic showers, particle by particle.

The parametrised profile lets two numbers fluctuate; the beginning of a shower, a handful of
electrons and photons, is more irregular than that. Here electrons radiate and photons make pairs
until their energy is below a share of the shower's; each then starts a parametrised shower of its
own. Rates and spectra are those of complete screening (B. Rossi, High-Energy Particles, 1952; PDG,
Passage of Particles Through Matter, on bremsstrahlung and on pair production).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootml_ams.simulation.em import Profile, draw_profile
from rootml_ams.simulation.rays import Flags, Floats, Index

LEAST_SHARE = 0.15
"""Particles with less of the shower's energy are not followed singly."""
LEAST_GEV = 30.0
"""Nor are those of showers below this energy, but for their first step."""
MOST_STEPS = 5
SOFTEST = 0.08
"""Softest photon, as share of the electron's energy, that counts as radiation of its own."""
PAIRS_PER_X0 = 7 / 9

_V = np.geomspace(SOFTEST, 1.0, 400)
_INTENSITY = 4 / 3 - 4 / 3 * _V + _V**2
"""dN/dt d(ln v) of photons with the share v of the energy."""
_EMITTED = np.concatenate(
    [[0.0], np.cumsum((_INTENSITY[1:] + _INTENSITY[:-1]) / 2 * np.diff(np.log(_V)))]
)
PHOTONS_PER_X0 = float(_EMITTED[-1])


@dataclass(frozen=True)
class Onset:
    """What the first steps leave: parametrised showers, and paths of single electrons.

    ``shower`` and ``track_shower`` number the showers they belong to; ``start`` and the ends of
    tracks are paths along the axis in X0.
    """

    shower: Index
    start: Floats
    energy: Floats
    """GeV"""
    profile: Profile
    """Of showers that begin at ``start``."""
    track_shower: Index
    track_start: Floats
    track_end: Floats


def draw_onset(energy: Floats, pions: bool, rng: np.random.Generator) -> Onset:
    """Follow showers of ``energy`` GeV that electrons (or neutral ``pions``) begin."""
    n = len(energy)
    shower: Index = np.arange(n)
    share: Floats = np.ones(n)
    if pions:
        share = rng.random(n)
        shower, share = np.tile(shower, 2), np.concatenate([share, 1 - share])
    path: Floats = np.zeros(len(shower))
    photon: Flags = np.full(len(shower), pions)
    ended: list[tuple[Index, Floats, Floats, Flags]] = []
    tracks: list[tuple[Index, Floats, Floats]] = []
    for step in range(MOST_STEPS + 1):
        last = (share < LEAST_SHARE) | (energy[shower] < LEAST_GEV) | (step == MOST_STEPS)
        # The last electron starts its shower where it is, the last photon where it converts.
        free = rng.exponential(size=len(share)) / np.where(photon, PAIRS_PER_X0, PHOTONS_PER_X0)
        end = path + np.where(last & ~photon, 0.0, free)
        single = ~last & ~photon
        tracks.append((shower[single], path[single], end[single]))
        ended.append((shower[last], share[last], end[last], photon[last]))
        on = ~last
        shower, share, path, photon = shower[on], share[on], end[on], photon[on]
        given = np.where(photon, _pair_share(len(share), rng), _photon_share(len(share), rng))
        shower, path = np.tile(shower, 2), np.tile(path, 2)
        share = np.concatenate([share * given, share * (1 - given)])
        # Radiation makes a photon (first half) and leaves the electron; a pair is two electrons.
        photon = np.concatenate([~photon, np.zeros_like(photon)])
    owner, part, start, paired = (np.concatenate(column) for column in zip(*ended, strict=True))
    track = (np.concatenate(column) for column in zip(*tracks, strict=True))
    amount = part * energy[owner]
    # A converted photon is two electrons of half its energy.
    profile = draw_profile(np.where(paired, amount / 2, amount), rng)
    return Onset(owner, start, amount, profile, *track)


def _photon_share(n: int, rng: np.random.Generator) -> Floats:
    log_v = np.interp(rng.random(n) * PHOTONS_PER_X0, _EMITTED, np.log(_V))
    share: Floats = np.exp(log_v)
    return share


def _pair_share(n: int, rng: np.random.Generator) -> Floats:
    """Share of one electron of a pair: density 1 - 4/3 x (1 - x)."""
    share = rng.random(n)
    refused = np.flatnonzero(rng.random(n) > 1 - 4 / 3 * share * (1 - share))
    while len(refused):
        share[refused] = rng.random(len(refused))
        again = rng.random(len(refused)) > 1 - 4 / 3 * share[refused] * (1 - share[refused])
        refused = refused[again]
    return share
