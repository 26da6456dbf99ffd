"""What events that are counted wrong have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np

from counted.events import Counted
from rootml.spec import Array

FEW = 3
"""A track of fewer cells is short."""
NEAR_CELLS, NEAR_MM = 1, 100.0
"""Hits of two tracks touch if they are as near in layers and rows, and in z (a choice)."""
TOUCHING = 0.5
"""Share of a track's hits that touch another track from which on the two are together."""
PARALLEL = np.cos(np.radians(10))


@dataclass(frozen=True, eq=False)
class Event:
    """Hits (h,) of an event, and directions (t, 3) of its tracks."""

    track: Array
    cell: Array
    z: Array
    direction: Array

    @classmethod
    def of(cls, event: ak.Record) -> Event:
        """Of a simulated event."""
        cell = np.stack([np.asarray(event[f"grid_{k}"]) for k in ("side", "layer", "column")], 1)
        way = np.stack([np.asarray(event[f"dir{axis}"]) for axis in "xyz"], axis=1)
        length = np.linalg.norm(way, axis=1, keepdims=True)
        return cls(np.asarray(event["truth_track"]), cell, np.asarray(event["wirez"]), way / length)

    @property
    def cells(self) -> Array:
        """Cells of each track, (t,)."""
        seen = self.track[self.track >= 0]
        return np.bincount(seen, minlength=len(self.direction))

    def short(self) -> bool:
        """Whether a track has few cells."""
        return bool((self.cells < FEW).any())

    def hidden(self) -> bool:
        """Whether a track has no cell of its own: others were nearer to all of its wires."""
        return bool((self.cells == 0).any())

    def together(self) -> bool:
        """Whether most hits of a track touch those of another."""
        apart = np.abs(self.cell[:, None] - self.cell)
        near = (apart[..., 0] == 0) & (apart[..., 1:].max(axis=-1, initial=0) <= NEAR_CELLS)
        near &= np.abs(self.z[:, None] - self.z) < NEAR_MM
        other = near & (self.track[:, None] != self.track)
        tracks = range(len(self.direction))
        shares = [
            other[self.track == a][:, self.track == b].any(axis=1).mean()
            for a in tracks
            for b in tracks
            if a != b and (self.track == a).any()
        ]
        return max(shares, default=0.0) >= TOUCHING

    def parallel(self) -> bool:
        """Whether two tracks of a side have nearly the same direction."""
        angles = self.direction @ self.direction.T
        np.fill_diagonal(angles, -1)
        return bool((angles > PARALLEL).any())


TRAITS: Mapping[str, str] = {
    "short": f"a track has fewer than {FEW} cells",
    "hidden": "a track has no cell of its own",
    "together": "most cells of a track touch another track",
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
