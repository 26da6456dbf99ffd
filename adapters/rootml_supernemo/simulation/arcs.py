"""Paths of particles: arcs in the plane across the wires, that rise evenly along the wires.

Each half of the tracker has a frame of its own: u = abs(x) grows from the foil at 0 to the main
wall, y and z are those of the detector. Lengths in mm; along an arc they are measured in the plane.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from rootml.spec import Array

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Arcs:
    """Pieces of tracks, (m,) each.

    ``u``, ``y``, ``z``: where the piece begins; ``angle``: from the u axis, rad, between -pi/2 and
    pi/2; ``curvature``: 1/mm, turning to larger y where it is positive, 0 for a straight line;
    ``slope``: mm that z rises by in one of path; ``length``. No arc turns back: u grows along it.
    """

    u: Array
    y: Array
    z: Array
    angle: Array
    curvature: Array
    slope: Array
    length: Array

    def take(self, which: Index) -> Arcs:
        """Some of the arcs, perhaps several times."""
        return Arcs(*(getattr(self, item.name)[which] for item in fields(self)))

    def at(self, path: Array) -> tuple[Array, Array, Array]:
        """u, y and z after ``path`` mm, (m,) each."""
        half = self.curvature * path / 2
        chord = path * np.sinc(half / np.pi)
        direction = self.angle + half
        return (
            self.u + chord * np.cos(direction),
            self.y + chord * np.sin(direction),
            self.z + self.slope * path,
        )

    def nearest(self, u: Array, y: Array) -> tuple[Array, Array]:
        """Path to where arcs come nearest to points (m,), and the distance there."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        along = cos * (u - self.u) + sin * (y - self.y)
        across = cos * (y - self.y) - sin * (u - self.u)
        turned = np.arctan2(self.curvature * along, 1 - self.curvature * across)
        straight = self.curvature == 0
        path = np.where(straight, along, turned / np.where(straight, 1, self.curvature))
        path = np.clip(path, 0, self.length)
        near_u, near_y, _ = self.at(path)
        return path, np.hypot(u - near_u, y - near_y)

    def crossing(self, u: Array, beside: float) -> Array:
        """y (m, k) where curves ``beside`` mm to the left of the arcs cross u (k,).

        Of the two points of a circle that on the way out; where it does not reach so far, the y of
        its outermost one. See V. Karimäki, NIM A 305 (1991) 187, eq. 1, for the distance from an
        arc of any curvature.
        """
        cos, sin, bend = (
            values[:, None] for values in (np.cos(self.angle), np.sin(self.angle), self.curvature)
        )
        away = u - self.u[:, None]
        rest = bend * away**2 + 2 * sin * away + 2 * beside - bend * beside**2
        root = cos**2 - bend * rest
        reached = root >= 0
        found = rest / (cos + np.sqrt(np.where(reached, root, 0)))
        outermost = cos / np.where(bend == 0, 1, bend)
        y: Array = self.y[:, None] + np.where(reached, found, outermost)
        return y
