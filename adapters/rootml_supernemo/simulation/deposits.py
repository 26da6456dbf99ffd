"""What modules of the calorimeter measure of the electrons that end on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootml.spec import Array
from rootml_supernemo.geometry import GAMMA_VETO, MAIN_WALL, X_WALL
from rootml_supernemo.modules import MODULES, address, number
from rootml_supernemo.simulation.arcs import Index
from rootml_supernemo.simulation.options import Settings
from rootml_supernemo.simulation.tracks import Tracks

RESOLUTION: Final = {MAIN_WALL: 0.08, X_WALL: 0.12, GAMMA_VETO: 0.15}
"""Full width at half maximum at 1 MeV, by ``calo_type``; it grows with the root of the energy
(Falaise; that of the gamma veto is a choice)."""
FWHM: Final = 2 * np.sqrt(2 * np.log(2))
"""Of a Gaussian of standard deviation 1."""
THRESHOLD_MEV: Final = 0.05
"""Modules below do not answer (Falaise, ``calorimeter_regime.cc``)."""
NOISE_MEV: Final = 0.5
"""Mean energy of noise, of an exponential distribution (a choice)."""
NO_MODULE: Final = -1
NO_TRACK: Final = -1


@dataclass(frozen=True)
class Modules:
    """Modules that answer (k,), in the order of events and of their numbers.

    ``number``: TKEvent's; ``energy``: measured, MeV; ``of_track`` (m,): the place, in its event, of
    the module that each track ends on, -1 where that does not answer; ``first_track`` (k,): in its
    event, the first track that ends on a module, -1 of noise alone.
    """

    event: Index
    number: Index
    energy: Array
    of_track: Index
    first_track: Index


def answer(made: Tracks, events: int, asked: Settings, rng: np.random.Generator) -> Modules:
    """Tracks in the same module, and noise, add up in it."""
    end = made.end
    mine = number(end.type, made.side, end.wall, end.row, end.column)
    noise = rng.poisson(asked.share("calo_noise"), events)
    others = rng.integers(0, MODULES, noise.sum())
    event = np.concatenate([made.event, np.repeat(np.arange(events), noise)])
    deposit = np.concatenate([made.energy, rng.exponential(NOISE_MEV, len(others))])
    place, which = np.unique(event * MODULES + np.concatenate([mine, others]), return_inverse=True)
    event, om = np.divmod(place, MODULES)
    true = np.bincount(which, deposit, len(place))
    fwhm = np.array([RESOLUTION[kind] for kind in sorted(RESOLUTION)])[address(om)["kind"]]
    energy = true + fwhm / FWHM * np.sqrt(true) * rng.standard_normal(len(true))
    there = energy > THRESHOLD_MEV
    before = np.cumsum(there) - there
    inside = before - before[np.searchsorted(event, event)]
    ends = which[: len(mine)]
    first = np.full(len(place), NO_TRACK)
    first[ends[::-1]] = (np.arange(len(mine)) - np.searchsorted(made.event, made.event))[::-1]
    of_track = np.where(there, inside, NO_MODULE)[ends]
    return Modules(event[there], om[there], energy[there], of_track, first[there])
