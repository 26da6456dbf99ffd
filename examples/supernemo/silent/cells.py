"""Images of the cells of events, and events with further hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import awkward as ak
import numpy as np
from scipy.ndimage import uniform_filter

from rootml.spec import Array
from rootml_supernemo.geometry import CELL_RADIUS_MM, LAYERS, ROWS, SIDES, wire_x, wire_y

SHAPE: Final = (SIDES, LAYERS, ROWS)
AROUND: Final = (1, 1, 5, 5)
"""Events, sides, layers and rows around a cell whose heights tell its own (a choice)."""
PLACES: Final = ("side", "layer", "column")
USED: Final = ("grid_side", "grid_layer", "grid_column", "wirex", "wirey", "wirez", "radius")


@dataclass(frozen=True, eq=False)
class Cells:
    """Of n simulated events (n, 2, 9, 113): cells that were ``hit``, and that were ``lost``."""

    hit: Array
    lost: Array

    @classmethod
    def of(cls, events: ak.Array) -> Cells:
        """From what the simulation says of hits and of cells that were crossed in vain."""
        return cls(image(events, "grid"), image(events, "truth_lost"))


def image(events: ak.Array, prefix: str) -> Array:
    """Which cells are in lists of their sides, layers and rows."""
    lists = [events[f"{prefix}_{name}"] for name in PLACES]
    event = np.repeat(np.arange(len(events)), ak.to_numpy(ak.num(lists[0])))
    found = np.zeros((len(events), *SHAPE), np.bool_)
    found[event, *(ak.to_numpy(ak.flatten(part)) for part in lists)] = True
    return found


def between(hit: Array) -> Array:
    """Silent cells with hits on opposite sides: the rule without a network."""
    wide = np.pad(hit, [(0, 0), (0, 0), (1, 1), (1, 1)])

    def moved(layer: int, row: int) -> Array:
        return wide[:, :, 1 + layer : 1 + layer + LAYERS, 1 + row : 1 + row + ROWS]

    ways = ((1, -1), (1, 0), (1, 1), (0, 1))
    found: Array = ~hit & np.any([moved(*way) & moved(-way[0], -way[1]) for way in ways], axis=0)
    return found


def with_hits(events: ak.Array, more: Array) -> ak.Array:
    """Events with hits in further cells (n, 2, 9, 113).

    Their heights are the mean of those known around, their radii half of a cell's.
    """
    height = _heights(events)
    event, side, layer, row = np.nonzero(more)
    columns = {
        "grid_side": side,
        "grid_layer": layer,
        "grid_column": row,
        "wirex": wire_x(side, layer),
        "wirey": wire_y(row),
        "wirez": height[event, side, layer, row],
        "radius": np.full(len(event), CELL_RADIUS_MM / 2),
    }
    counts = np.bincount(event, minlength=len(events))
    lists = {
        name: ak.concatenate([events[name], ak.unflatten(columns[name], counts)], axis=1)
        for name in USED
    }
    return ak.zip(lists | {"truth_ntracks": events["truth_ntracks"]}, depth_limit=1)


def _heights(events: ak.Array) -> Array:
    """Mean known height around each cell, mm; NaN where none is known."""
    counts = ak.to_numpy(ak.num(events["wirez"]))
    z = ak.to_numpy(ak.flatten(events["wirez"]))
    known = np.isfinite(z)
    places = [ak.to_numpy(ak.flatten(events[f"grid_{name}"]))[known] for name in PLACES]
    where = (np.repeat(np.arange(len(counts)), counts)[known], *places)
    height, there = np.zeros((2, len(counts), *SHAPE), np.float32)
    height[where], there[where] = z[known], 1
    sums, numbers = (uniform_filter(part, AROUND, mode="constant") for part in (height, there))
    some = numbers > 1e-3
    return np.where(some, sums / np.where(some, numbers, 1), np.nan)
