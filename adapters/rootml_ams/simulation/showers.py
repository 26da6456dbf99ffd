"""Whole electromagnetic showers: their first steps and the parametrised showers these start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootml_ams.geometry import DEPTH_X0, LAYERS
from rootml_ams.simulation.onset import draw_onset
from rootml_ams.simulation.rays import Flags, Floats, Rays, sum_by


@dataclass(frozen=True)
class Showers:
    """Showers along ``axes``, with the paths of their first electrons as ``tracks``."""

    axes: Rays
    energy: Floats
    """GeV"""
    layers: Floats
    """Mean deposit in each layer, (n, 18) MeV."""
    maximum: Floats
    """Path (X0) from the beginning to the maximum."""
    tracks: Rays
    track_end: Floats
    """Depth, X0."""

    def of(self, events: Flags) -> Showers:
        """The part of the ``events`` that the mask picks, numbered anew."""
        number = np.cumsum(events) - 1
        axes, tracks = events[self.axes.event], events[self.tracks.event]
        return Showers(
            self.axes.take(axes).renumbered(number),
            self.energy[axes],
            self.layers[axes],
            self.maximum[axes],
            self.tracks.take(tracks).renumbered(number),
            self.track_end[tracks],
        )


def draw_showers(axes: Rays, energy: Floats, pions: bool, rng: np.random.Generator) -> Showers:
    """Showers of ``energy`` GeV that electrons (or neutral ``pions``) begin where ``axes`` do."""
    n, secant = len(axes), axes.secant
    onset = draw_onset(energy, pions, rng)
    start = axes.depth[onset.shower] + onset.start / secant[onset.shower]
    inside = start < DEPTH_X0
    shower = onset.shower[inside]
    shares = onset.profile.take(inside).layer_shares(start[inside], secant[shower])
    deposit = 1000 * onset.energy[inside, None] * shares
    place = shower[:, None] * LAYERS + np.arange(LAYERS)
    layers = sum_by(place.ravel(), deposit.ravel(), n * LAYERS).reshape(n, LAYERS)
    deepest = onset.energy * (onset.start + onset.profile.maximum)
    maximum = sum_by(onset.shower, deepest, n) / energy
    single = axes.take(onset.track_shower)
    begin, end = (
        single.depth + path / single.secant for path in (onset.track_start, onset.track_end)
    )
    seen = begin < DEPTH_X0
    tracks = single.moved(begin).take(seen)
    return Showers(axes, energy, layers, maximum, tracks, np.minimum(end, DEPTH_X0)[seen])
