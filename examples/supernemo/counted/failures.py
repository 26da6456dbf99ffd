"""What events that are counted wrong have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np

from counted.events import Counted
from rootml.spec import Array
from rootml_supernemo.geometry import VETO_Z_MM
from rootml_supernemo.simulation.cells import REACH_MM

FEW = 3
"""A track of fewer cells is short."""
MOST = 0.5
"""Share of a track's cells from which on it is said to lie in those of another (a choice)."""
NARROW = np.radians(10)
"""Two tracks within this angle are nearly parallel (a choice)."""


@dataclass(frozen=True, eq=False)
class Event:
    """Cells and straight tracks of an event.

    ``own``: the track (h,) that each cell answered to; ``crossed``: which cells (t, h) each track
    passes, whether or not another one was nearer to the wire; ``direction``: unit vectors (t, 3).
    """

    own: Array
    crossed: Array
    direction: Array

    @classmethod
    def of(cls, event: ak.Record) -> Event:
        """Of a simulated event without losses, of straight tracks."""
        way = np.stack([np.asarray(event[f"dir{axis}"]) for axis in "xyz"], axis=1)
        y, z = (np.asarray(event[f"truth_vertex{axis}"])[:, None] for axis in "yz")
        x, along = (np.asarray(event[f"wire{axis}"]) for axis in "xy")
        dx, dy, dz = way.T[:, :, None]
        distance = np.abs(dx * (along - y) - dy * x) / np.hypot(dx, dy)
        inside = (dx * x > 0) & (np.abs(z + dz / dx * x) < VETO_Z_MM)
        length = np.linalg.norm(way, axis=1, keepdims=True)
        own = np.asarray(event["truth_track"])
        return cls(own, (distance < REACH_MM) & inside, way / length)

    @property
    def cells(self) -> Array:
        """Cells that answered to each track, (t,)."""
        return np.bincount(self.own[self.own >= 0], minlength=len(self.direction))

    @property
    def common(self) -> Array:
        """Share of the cells that each track passes which others pass, too, (t,)."""
        shared = self.crossed & (self.crossed.sum(axis=0) > 1)
        return np.asarray(shared.sum(axis=1) / np.maximum(self.crossed.sum(axis=1), 1))

    def short(self) -> bool:
        """Whether a track has few cells."""
        return bool((self.cells < FEW).any())

    def hidden(self) -> bool:
        """Whether a track has no cell of its own: others were nearer to all of its wires."""
        return bool((self.cells == 0).any())

    def meeting(self) -> bool:
        """Whether a cell is crossed by two tracks."""
        return bool((self.common > 0).any())

    def together(self) -> bool:
        """Whether most cells of a track are crossed by others."""
        return bool((self.common >= MOST).any())

    def parallel(self) -> bool:
        """Whether two tracks have nearly the same direction."""
        cosines = self.direction @ self.direction.T
        np.fill_diagonal(cosines, -1)
        return bool((cosines > np.cos(NARROW)).any())


TRAITS: Mapping[str, str] = {
    "short": f"a track has fewer than {FEW} cells",
    "hidden": "a track has no cell of its own",
    "meeting": "two tracks cross the same cell",
    "together": "half of a track's cells are crossed by others",
    "parallel": "two tracks within 10 degrees of each other",
}


def traits(events: ak.Array) -> dict[str, Array]:
    """Which events (n,) have each of the ``TRAITS``, and which have one at least (``any``)."""
    seen = [Event.of(event) for event in events]
    found = {name: np.array([getattr(one, name)() for one in seen], bool) for name in TRAITS}
    return found | {"any": np.logical_or.reduce([*found.values()])}


def surest(found: Counted) -> Array:
    """Numbers of the events that are counted wrong, the surest first, (w,)."""
    wrong = np.flatnonzero(~found.right)
    sure = found.probabilities[wrong, found.count[wrong]]
    return np.asarray(wrong[np.argsort(-sure, kind="stable")])
