"""Room on a panel: where data are drawn, and how far an axis must reach to free a corner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import Collection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import Bbox

from rootml.spec import Array

GAP = 0.03
"""Free share of a panel between its label or legend and the data."""

COLUMNS = 200
"""So many columns of a panel are looked at."""


@dataclass(frozen=True, eq=False)
class Skyline:
    """The highest and lowest that is drawn in each column, as shares of the panel's height."""

    highest: Array
    lowest: Array

    @classmethod
    def of(cls, ax: Axes) -> Skyline:
        """What is drawn in data coordinates on a panel, with its present limits."""
        highest, lowest = np.full(COLUMNS, -np.inf), np.full(COLUMNS, np.inf)
        for x, y in _points(ax):
            column = np.floor(x * COLUMNS)
            seen = (column >= 0) & (column < COLUMNS)
            at = column[seen].astype(np.intp)
            np.maximum.at(highest, at, y[seen])
            np.minimum.at(lowest, at, y[seen])
        return cls(highest, lowest)

    def stretch(self, boxes: Sequence[Bbox]) -> float:
        """How many times longer the y axis must be for all data to lie below the boxes."""
        needs = [self.highest.max(initial=0.0) / (1 - GAP)]
        for box in boxes:
            below = max(box.y0 - GAP, 0.05)
            needs.append(self.highest[_columns(box)].max(initial=0.0) / below)
        return float(max(1.0, *needs))

    def clears(self, box: Bbox, stretch: float) -> bool:
        """Whether all data of an axis so stretched lie above a box."""
        return bool(self.lowest[_columns(box)].min(initial=np.inf) / stretch > box.y1 + GAP)


def _columns(box: Bbox) -> slice:
    first, last = np.floor(COLUMNS * np.clip((box.x0 - 0.01, box.x1 + 0.01), 0, 1)).astype(int)
    return slice(first, last + 1)


def _points(ax: Axes) -> Iterator[tuple[Array, Array]]:
    """Points along all that is drawn, in shares of the panel, at least one a column."""
    to_axes = ax.transAxes.inverted()
    drawn: Iterable[Line2D | Patch | Collection] = (*ax.lines, *ax.patches, *ax.collections)
    for artist in drawn:
        transform = artist.get_transform()
        if not transform.contains_branch_seperately(ax.transData)[1]:
            continue
        for path in artist.get_paths() if isinstance(artist, Collection) else [artist.get_path()]:
            for pixels in path.transformed(transform).to_polygons(closed_only=False):
                yield _filled(to_axes.transform(pixels))


def _filled(points: Array) -> tuple[Array, Array]:
    """A line's points, and more between them where they are columns apart."""
    x, y = points[np.isfinite(points).all(axis=1)].clip(-10, 10).T
    widest = np.abs(np.diff(x)).max(initial=0.0)
    steps = int(np.ceil(min(widest, 1.0) * COLUMNS)) + 1
    at = np.arange(0, len(x) - 1 + 1e-9, 1 / steps)
    known = np.arange(len(x))
    return np.interp(at, known, x), np.interp(at, known, y)
