"""Straight lines through the calorimeter: tracks, and the axes of showers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import MEASURES_X, X0_CM

Floats = npt.NDArray[np.floating[Any]]
Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rays:
    """Lines that start at (``x``, ``y``) cm in ``depth`` X0, (n,) each.

    ``slope_x`` and ``slope_y`` are dx/dz and dy/dz with z downwards; ``event`` is the event's
    number in the chunk.
    """

    event: Index
    x: Floats
    y: Floats
    depth: Floats
    slope_x: Floats
    slope_y: Floats

    def __len__(self) -> int:
        return len(self.event)

    @property
    def secant(self) -> Floats:
        """Path length per depth."""
        return np.sqrt(1 + self.slope_x**2 + self.slope_y**2)

    def take(self, index: npt.NDArray[Any]) -> Self:
        """Those rays that ``index`` (numbers or a mask) picks."""
        return type(self)(*(getattr(self, item.name)[index] for item in fields(self)))

    def renumbered(self, number: Index) -> Self:
        """The same lines, each of the event ``number[event]``."""
        return replace(self, event=number[self.event])

    def moved(self, depth: Floats) -> Self:
        """The same lines, starting at ``depth``."""
        step = (depth - self.depth) * X0_CM
        x, y = self.x + step * self.slope_x, self.y + step * self.slope_y
        return replace(self, x=x, y=y, depth=depth)

    def measured(self, depth: Floats, layer: Index) -> tuple[Floats, Floats]:
        """Coordinate (cm) at ``depth`` and slope along the axis that ``layer`` measures."""
        along_x = MEASURES_X[layer]
        slope = np.where(along_x, self.slope_x, self.slope_y)
        start = np.where(along_x, self.x, self.y)
        return start + (depth - self.depth) * X0_CM * slope, slope


def concatenate(parts: Sequence[Rays]) -> Rays:
    """All rays of ``parts``, in order."""
    names = [item.name for item in fields(Rays)]
    return Rays(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def sum_by(number: Index, values: Floats, n: int) -> Floats:
    """Sums of ``values`` over each ``number`` from 0 to ``n`` - 1, (n,)."""
    return np.bincount(number, values, n).astype(np.float64)
