"""Through the tracker: bremsstrahlung, conversions, and what a track fit makes of them.

Spectra and rates are those of complete screening (Particle Data Group, Passage of Particles
Through Matter, on bremsstrahlung and pair production).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rootml_atlas.simulation.generator import Particles
from rootml_atlas.simulation.legs import Legs, curvature, lever, radius_of, turned
from rootml_atlas.simulation.material import FIELD_T, SOLENOID_M, TRACKER_M, Depths, Floats

SOFTEST: Final = 0.03
"""Softest photon that is followed, as share of the electron's energy; softer ones stay with it (a
choice)."""
MOST_PHOTONS: Final = 5
"""That are followed (a choice): at eta = 0 one electron in 70 has more, where the barrel ends most
have, which so radiate less than they should."""
PAIRS_PER_X0: Final = 7 / 9
LEAST_GEV: Final = 0.1
"""Legs with less energy do not reach the calorimeter (a choice)."""
SILICON_M: Final = 0.4
"""Conversions within this radius leave tracks with silicon hits (a choice)."""
_GRID = np.geomspace(SOFTEST, 1.0, 400)
_RATE = 4 / 3 - 4 / 3 * _GRID + _GRID**2
"""dN/dt d(ln v) of photons with the share v of the energy."""
_EMITTED = np.concatenate([[0.0], np.cumsum((_RATE[1:] + _RATE[:-1]) / 2 * np.diff(np.log(_GRID)))])
PHOTONS_PER_X0: Final = float(_EMITTED[-1])


@dataclass(frozen=True)
class Passage:
    """Legs of the particles, and for each: share of its momentum that a track fit finds (0 without
    a track), number of tracks, and where its most energetic leg is."""

    legs: Legs
    momentum_share: Floats
    tracks: npt.NDArray[np.int64]
    phi: Floats


def electrons(particles: Particles, depths: Depths, rng: np.random.Generator) -> Passage:
    """Electrons that radiate in the tracker."""
    n = len(particles.energy)
    count = np.minimum(rng.poisson(PHOTONS_PER_X0 * depths.tracker), MOST_PHOTONS)
    real = np.arange(MOST_PHOTONS) < count[:, None]
    where = np.sort(np.where(real, rng.random(real.shape), 1.0), axis=1)
    given = np.interp(rng.random(real.shape) * PHOTONS_PER_X0, _EMITTED, np.log(_GRID))
    given = np.where(real, np.exp(given), 0.0)
    left = np.cumprod(np.column_stack([np.ones(n), 1 - given]), axis=1)
    radius = np.where(real, radius_of(where), SOLENOID_M)
    edges = np.column_stack([np.zeros(n), radius, np.full(n, SOLENOID_M)])
    bend = curvature(FIELD_T, particles.pt[:, None] * np.maximum(left, 1e-3))
    moved = np.cumsum(bend * np.diff(lever(edges), axis=1), axis=1)
    phi = particles.phi[:, None] - particles.charge[:, None] * turned(moved)
    photon = depths.tracker[:, None] * where + rng.exponential(1 / PAIRS_PER_X0, real.shape)
    start = np.maximum(np.column_stack([photon, np.zeros(n)]), depths.tracker[:, None])
    share = np.column_stack([given * left[:, :-1], left[:, -1]])
    legs = _legs(particles, share, phi, start)
    fitted = _fitted_curvature(edges, 1 / np.maximum(left, 1e-3))
    return Passage(legs, 1 / fitted, np.ones(n, np.int64), _of_largest(share, phi))


def photons(particles: Particles, depths: Depths, rng: np.random.Generator) -> Passage:
    """Photons, of which some convert in the tracker to pairs that the field opens.

    The pair's energy is shared evenly over all shares; the true density is within a third of that.
    """
    n = len(particles.energy)
    path = rng.exponential(1 / PAIRS_PER_X0, n)
    pair = path < depths.tracker
    radius = radius_of(np.minimum(path / depths.tracker, 1.0))
    first = np.where(pair, rng.uniform(0.02, 0.98, n), 1.0)
    share = np.stack([first, 1 - first], axis=1)
    bend = curvature(FIELD_T, particles.pt[:, None] * np.maximum(share, 1e-3))
    moved = bend * (lever(SOLENOID_M) - lever(radius))[:, None] * [1, -1]
    phi = particles.phi[:, None] + turned(np.where(pair[:, None], moved, 0.0))
    start = np.maximum(path, depths.tracker)[:, None] * np.ones((1, 2))
    seen = pair & (radius < SILICON_M)
    track = np.where(seen, share.max(axis=1), 0.0)
    return Passage(_legs(particles, share, phi, start), track, 2 * seen, _of_largest(share, phi))


def radiated(particles: Particles, depths: Depths, rng: np.random.Generator) -> Legs:
    """What electrons radiated when they were made, of which pairs stay together."""
    photons = particles.photons
    of = photons.of
    energy, _, eta, phi = photons.momenta.T
    start = np.maximum(rng.exponential(1 / PAIRS_PER_X0, len(of)), depths.tracker[of])
    return Legs(of, np.sinh(eta), phi, energy, start).take(energy > LEAST_GEV)


def _fitted_curvature(edges: Floats, curvature: Floats) -> Floats:
    """What a fit finds of a ``curvature`` that changes at ``edges`` (m), (n, k + 1).

    The least squares of a parabola to evenly spaced points weigh the curvature at the share u of
    the length with 30 u^2 (1 - u)^2.
    """
    first, last = TRACKER_M
    u = np.clip((edges - first) / (last - first), 0, 1)
    weight = np.diff(u**3 * (10 - 15 * u + 6 * u**2), axis=1)
    found: Floats = (weight * curvature).sum(axis=1)
    return found


def _legs(particles: Particles, share: Floats, phi: Floats, start: Floats) -> Legs:
    energy = share * particles.energy[:, None]
    owner, leg = np.nonzero(energy > LEAST_GEV)
    return Legs(
        owner, np.sinh(particles.eta)[owner], phi[owner, leg], energy[owner, leg], start[owner, leg]
    )


def _of_largest(share: Floats, phi: Floats) -> Floats:
    largest = share.argmax(axis=1)[:, None]
    found: Floats = np.take_along_axis(phi, largest, axis=1)[:, 0]
    return found
