"""What reaches the calorimeter of one particle: an electron and its photons, or a pair."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from rootml_atlas.simulation.material import RADIUS_M, SOLENOID_M, TRACKER_M, Floats

Index = npt.NDArray[np.int64]

_GEV_PER_TESLA_METRE = 0.299792458
_MIDDLE_M = RADIUS_M[2]


@dataclass(frozen=True)
class Legs:
    """Particles that begin a shower: arrays (m,), sorted by the electron or photon they belong to.

    ``owner``: its number. ``sinh_eta``: of their direction. ``phi``: in the middle layer.
    ``energy`` in GeV. ``start``: depth from the beam line at which the shower begins, X0.
    """

    owner: Index
    sinh_eta: Floats
    phi: Floats
    energy: Floats
    start: Floats

    def __len__(self) -> int:
        return len(self.owner)

    def take(self, index: npt.NDArray[Any]) -> Legs:
        """Those that ``index`` (numbers or a mask) picks."""
        return Legs(*(getattr(self, item.name)[index] for item in fields(self)))


def merge(*parts: Legs) -> Legs:
    """All legs of ``parts``, sorted."""
    joined = Legs(
        *(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Legs))
    )
    return joined.take(np.argsort(joined.owner, kind="stable"))


def curvature(field_t: float, pt: Floats) -> Floats:
    """Change of direction per metre of a particle of charge 1, ``pt`` in GeV."""
    bend: Floats = _GEV_PER_TESLA_METRE * field_t / pt
    return bend


def lever(radius: Floats | float) -> Floats:
    """Displacement in the middle layer (m) of a path with curvature 1/m within ``radius`` (m).

    A bend at r moves the path by R - r at R; this is the integral of R - r. Behind the solenoid
    paths are straight.
    """
    inside = np.minimum(radius, SOLENOID_M)
    moved: Floats = _MIDDLE_M * inside - inside**2 / 2
    return moved


def turned(displacement: Floats) -> Floats:
    """Change of phi of a ``displacement`` (m) in the middle layer."""
    return displacement / _MIDDLE_M


def radius_of(share: Floats) -> Floats:
    """Radius (m) within which lies that ``share`` of the tracker's material: spread evenly."""
    first, last = TRACKER_M
    found: Floats = first + (last - first) * share
    return found


def wrapped(phi: Floats) -> Floats:
    """Angles between -pi and pi."""
    found: Floats = np.remainder(phi + np.pi, 2 * np.pi) - np.pi
    return found
