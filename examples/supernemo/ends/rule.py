"""Where tracks end without a network: straight on from their last hits, to the next wall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from joined.methods import Chosen
from scipy.cluster.hierarchy import fcluster

from rootml_supernemo.geometry import MAIN_WALL_X_MM, VETO_Z_MM, X_WALL_Y_MM

Floats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]
LAST = 6
"""Hits that a line is laid through (a choice): kinks and curvature are behind it."""
FEWEST = 3
"""Smaller clusters are taken for noise (a choice)."""
REACHES_MM = (150.0, 200.0, 300.0, 450.0, 700.0)
"""Distances from the end of a line within which a module is its own that are tried."""
NONE = -1


@dataclass(frozen=True)
class Event:
    """Hits (h, 3) and modules (m, 3) in mm, NaN where a height is unknown, and what is true.

    ``track`` and ``module`` (h,) of each hit, -1 for none.
    """

    hits: Floats
    modules: Floats
    track: Labels
    module: Labels


def clusters(event: Event, joining: Chosen) -> Labels:
    """Clusters (h,) of hits; unknown heights are the mean of the others."""
    points = event.hits.copy()
    known = np.isfinite(points[:, 2])
    points[~known, 2] = points[known, 2].mean() if known.any() else 0.0
    if len(points) < 2:
        return np.zeros(len(points), np.int64)
    found: Labels = fcluster(joining.tree(points), joining.end, "distance")
    return found


def ends(event: Event, label: Labels) -> dict[int, Floats]:
    """Where the line of each cluster (h,) meets a wall, (3,); not of negative or small ones."""
    numbers, counts = np.unique(label, return_counts=True)
    kept = numbers[(counts >= FEWEST) & (numbers >= 0)]
    return {int(one): end(event.hits[label == one]) for one in kept}


def end(hits: Floats) -> Floats:
    """Where a straight line through the last hits (h, 3) meets the next wall, (3,).

    z is NaN where no hit has a height.
    """
    side = np.sign(hits[0, 0])
    along = _direction(hits[:, :2], side)
    order = np.argsort(hits[:, :2] @ along)
    last = hits[order[-LAST:]]
    along = _direction(last[:, :2], side)
    start = last[:, :2].mean(axis=0)
    path = (last[:, :2] - start) @ along
    known = np.isfinite(last[:, 2])
    slope, height = 0.0, np.nan
    if known.sum() > 1 and np.ptp(path[known]) > 0:
        slope, height = np.polyfit(path[known], last[known, 2], 1)
    elif known.any():
        height = last[known, 2].mean()
    ways = [_way(start[0], along[0], side * MAIN_WALL_X_MM)]
    ways += [_way(start[1], along[1], wall) for wall in (-X_WALL_Y_MM, X_WALL_Y_MM)]
    ways += [_way(height, slope, wall) for wall in (-VETO_Z_MM, VETO_Z_MM)]
    way = min(ways)
    return np.array([*(start + way * along), height + way * slope])


def _direction(points: Floats, side: float) -> Floats:
    """Unit vector (2,) along points (h, 2), away from the foil."""
    _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    along: Floats = axes[0]
    return along if along[0] * side >= 0 else -along


def _way(start: float, step: float, wall: float) -> float:
    """Path to a wall; infinite where it lies behind, or the height is unknown."""
    way = (wall - start) / step if step else np.inf
    return float(way) if way >= 0 else np.inf


def nearest(event: Event, found: dict[int, Floats], label: Labels, reach: float) -> Labels:
    """The module (h,) of each hit: that next to the end of its cluster's line, within ``reach``."""
    place = np.full(len(label), NONE)
    for number, point in found.items():
        if not len(event.modules):
            continue
        apart = np.sqrt(np.nansum((event.modules - point) ** 2, axis=1))
        first = int(apart.argmin())
        if apart[first] < reach:
            place[label == number] = first
    return place


def by_rule(events: Sequence[Event], labels: Sequence[Labels], reach: float) -> list[Labels]:
    """Modules of all hits, by their clusters."""
    pairs = zip(events, labels, strict=True)
    return [nearest(event, ends(event, label), label, reach) for event, label in pairs]


def best_reach(events: Sequence[Event], labels: Sequence[Labels]) -> float:
    """The one of ``REACHES_MM`` with which most hits get the right module."""
    right = []
    for reach in REACHES_MM:
        found = by_rule(events, labels, reach)
        right.append(
            sum((one == event.module).sum() for one, event in zip(found, events, strict=True))
        )
    return REACHES_MM[int(np.argmax(right))]
