"""Ways in which a real detector's hits differ from those a network was trained on."""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.adapter import Variation
from rootml_supernemo.geometry import LAYERS, ROWS

HEIGHTS = ("z", "z_best")


def dead_cells(events: ak.Array, share: float, seed: int) -> ak.Array:
    """Events without the hits of some cells, the same on both sides, which ``seed`` chooses."""
    alive = np.random.default_rng(seed).random((LAYERS, ROWS)) >= share
    counts = ak.num(events["layer"], axis=1)
    layer, row = (ak.to_numpy(ak.flatten(events[name], axis=1)) for name in ("layer", "row"))
    kept = ak.unflatten(alive[layer, row], counts)
    columns = {
        name: events[name][kept] if _of_hits(name, events) else events[name]
        for name in events.fields
    }
    return ak.zip(columns, depth_limit=1)


def _of_hits(name: str, events: ak.Array) -> bool:
    return events[name].ndim == 2 and not name.startswith("calo_")


def shifted(events: ak.Array, shift: float, seed: int) -> ak.Array:
    """Events with all heights higher by ``shift`` mm."""
    higher = {name: events[name] + np.float32(shift) for name in HEIGHTS if name in events.fields}
    return ak.zip({name: events[name] for name in events.fields} | higher, depth_limit=1)


_DEAD = Variation(dead_cells, nominal=0, doc="share of cells that do not answer")
_SHIFT = Variation(shifted, nominal=0, unit="mm", doc="shift of all heights")


def variations(columns: tuple[str, ...]) -> dict[str, Variation]:
    """Those that change a view of these columns."""
    found = {"dead_cells": _DEAD} if {"layer", "row"} <= {*columns} else {}
    return found | ({"z_shift": _SHIFT} if {*HEIGHTS} & {*columns} else {})
