"""Events of double beta decay: two electrons from a point in the foil into the calorimeter."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml_supernemo.simulation import foil, spectra
from rootml_supernemo.simulation.arcs import Arcs, Index
from rootml_supernemo.simulation.options import Settings
from rootml_supernemo.simulation.tracks import (
    ATTEMPTS,
    CURVED,
    STEEPEST,
    Tracks,
    curvature,
    replaced,
    seen,
    vertices,
)
from rootml_supernemo.simulation.walls import ends

CLASSES: Final = ("2nubb", "0nubb")
"""By ``truth_class``."""
OTHER: Final = -1
"""``truth_class`` of events that are no decays."""


def classes(n: int, asked: Settings, rng: np.random.Generator) -> Index:
    """``truth_class`` of n events."""
    if asked.events == "both":
        return rng.integers(0, len(CLASSES), n)
    return np.full(n, CLASSES.index(asked.events) if asked.events in CLASSES else OTHER)


def draw(kind: Index, asked: Settings, rng: np.random.Generator) -> Tracks:
    """Two tracks for each event of the class ``kind`` (n,).

    Decays are drawn anew until both electrons reach a block of the calorimeter and cross enough
    cells: what is left of the spectra is what the detector accepts. Raises DataError where next to
    none does.
    """
    event = np.arange(len(kind))
    made = _attempt(event, kind, asked, rng)
    for _ in range(ATTEMPTS):
        missed: Index = np.flatnonzero(~made.end.hit.reshape(-1, 2).all(axis=1))
        if not len(missed):
            return made
        again = np.stack([2 * missed, 2 * missed + 1], axis=1).ravel()
        made = replaced(made, again, _attempt(missed, kind[missed], asked, rng))
    raise DataError(
        f"electrons of double beta decay turn back before they reach the calorimeter in "
        f"{asked.field:g} T: expected less field"
    )


def _attempt(event: Index, kind: Index, asked: Settings, rng: np.random.Generator) -> Tracks:
    """Tracks of decays, two an event, some of which miss the calorimeter."""
    n = len(event)
    sums = np.where(kind == 0, spectra.sums(n, asked.least_energy, rng), spectra.Q_MEV)
    one = spectra.shares(sums, rng)
    emitted = np.stack([one, sums - one], axis=1).ravel()
    way = _ways(spectra.cosines(one, sums - one, rng), rng).reshape(-1, 3)
    side = (way[:, 0] > 0).astype(np.int64)
    out = np.abs(way[:, 0])
    depth = np.repeat(rng.uniform(0, foil.THICKNESS, n), 2)
    before = np.where(side == 1, depth, foil.THICKNESS - depth)
    steep = out < np.cos(STEEPEST)
    energy = foil.left(emitted, before / np.where(steep, 1, out))
    angle = np.arctan2(way[:, 1], out)
    slope = way[:, 2] / np.hypot(out, way[:, 1])
    lost = steep | (energy == 0) | (np.abs(angle) > STEEPEST)
    y, z = (np.repeat(place, 2) for place in vertices(event, n, False, rng))
    bent = curvature(spectra.momentum(np.where(lost, 1, energy)), slope, side, asked.field)
    start = Arcs(np.zeros(2 * n), y, z, np.where(lost, 0, angle), bent, slope, np.zeros(2 * n))
    end = ends(start)
    first, second = replace(start, length=end.path), replace(start, length=np.zeros(2 * n))
    end = replace(end, hit=end.hit & ~lost)
    end = replace(end, hit=end.hit & seen(first, second, side, end, asked))
    curved, none = np.full(2 * n, CURVED), np.full(2 * n, -1)
    kinks = np.zeros(2 * n)
    return Tracks(
        np.repeat(event, 2), side, curved, first, second, kinks, none, end, emitted, energy
    )


def _ways(cosine: Array, rng: np.random.Generator) -> Array:
    """Directions (n, 2, 3) of both electrons: the first anywhere, the second around it."""
    n = len(cosine)
    height, around, turned = rng.uniform(-1, 1, n), *rng.uniform(0, 2 * np.pi, (2, n))
    flat = np.sqrt(1 - height**2)
    first = np.stack([flat * np.cos(around), flat * np.sin(around), height], axis=1)
    up = np.stack([-height * np.cos(around), -height * np.sin(around), flat], axis=1)
    beside = np.cross(first, up)
    sine = np.sqrt(1 - np.clip(cosine, -1, 1) ** 2)
    second = (
        cosine[:, None] * first
        + (sine * np.cos(turned))[:, None] * up
        + (sine * np.sin(turned))[:, None] * beside
    )
    return np.stack([first, second], axis=1)
