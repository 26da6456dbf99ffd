"""The cells that tracks cross."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np

from rootml.spec import Array
from rootml_supernemo.geometry import (
    FIRST_WIRE_MM,
    LAYERS,
    MIDDLE_ROW,
    PITCH_MM,
    ROWS,
    cell_number,
    wire_y,
)
from rootml_supernemo.simulation.arcs import Arcs, Index

REACH_MM: Final = 0.51 * PITCH_MM
"""From a wire, within which a track makes its cell answer (SN-IEgenerator)."""
_WIRES = FIRST_WIRE_MM + PITCH_MM * np.arange(LAYERS)


@dataclass(frozen=True)
class Hits:
    """Cells (h,): ``track`` and, from 0 to 2033, ``cell``; ``distance`` of the track from the wire.

    ``path``: to where the track is nearest to the wire, and ``z`` there; all in mm. Noise has
    ``track`` -1.
    """

    track: Index
    cell: Index
    distance: Array
    path: Array
    z: Array

    def take(self, which: Array) -> Hits:
        """Some of the hits."""
        return Hits(*(getattr(self, item.name)[which] for item in fields(self)))

    def __add__(self, other: Self) -> Hits:
        columns = ((getattr(self, i.name), getattr(other, i.name)) for i in fields(self))
        return Hits(*(np.concatenate(both) for both in columns))


def crossed(arcs: Arcs, side: Index, highest: float) -> Hits:
    """Cells that arcs cross below abs(z) = ``highest``, one arc a track, in the half ``side`` (m,).

    In each layer only the rows are looked at between which the arc's edges, ``REACH_MM`` to the
    left and to the right of it, cross the layer, and those as near to its end.
    """
    end, last_y = (values[:, None] for values in arcs.at(arcs.length)[:2])
    edges = [arcs.crossing(_WIRES, beside) for beside in (-REACH_MM, REACH_MM)]
    ends = np.abs(end - _WIRES) < REACH_MM
    edges += [np.where(ends, last_y + beside, edges[0]) for beside in (-REACH_MM, REACH_MM)]
    rows = np.stack(edges) / PITCH_MM + MIDDLE_ROW
    first = np.clip(np.ceil(rows.min(axis=0)), 0, ROWS).astype(np.int64)
    last = np.clip(np.floor(rows.max(axis=0)), -1, ROWS - 1).astype(np.int64)
    start = arcs.u[:, None]
    passed = (start - REACH_MM < _WIRES) & (end + REACH_MM > _WIRES)
    count = np.where(passed & (arcs.length > 0)[:, None], np.maximum(last - first + 1, 0), 0)
    piece, layer = (index.ravel() for index in np.indices(count.shape))
    count = count.ravel()
    piece, layer = np.repeat(piece, count), np.repeat(layer, count)
    before = np.cumsum(count) - count
    row = np.arange(len(piece)) + np.repeat(first.ravel() - before, count)
    near = arcs.take(piece)
    path, distance = near.nearest(_WIRES[layer], wire_y(row))
    z = near.z + near.slope * path
    hits = Hits(piece, cell_number(side[piece], row, layer), distance, path, z)
    return hits.take((distance < REACH_MM) & (np.abs(z) < highest))


def followed(first: Arcs, second: Arcs, side: Index, highest: float) -> Hits:
    """Cells along both legs of tracks, the second's paths counted from the foil.

    Near a kink both may cross a cell.
    """
    before, behind = (crossed(leg, side, highest) for leg in (first, second))
    ahead = first.length[behind.track]
    return before + Hits(behind.track, behind.cell, behind.distance, behind.path + ahead, behind.z)
