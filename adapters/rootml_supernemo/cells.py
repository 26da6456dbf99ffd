"""All that is known of each cell, as an image of the cells: nothing is projected away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_supernemo.geometry import CELL_RADIUS_MM, HALF_LENGTH_MM, LAYERS, ROWS, SIDES
from rootml_supernemo.variations import variations

QUANTITIES: Final = ("hit", "z", "z_known", "radius")
LARGEST: Final = 1.5
"""Of z and radius over half the length and the radius of a cell; what is beyond is cut (chosen)."""
_COLUMNS: Final = ("layer", "row", "side", "z", "radius")


def build(events: ak.Array) -> Batch:
    """One row an event. Of two hits of a cell the one that comes last counts."""
    event = np.repeat(np.arange(len(events)), ak.to_numpy(ak.num(events["layer"], axis=1)))
    hit = {name: ak.to_numpy(ak.flatten(events[name], axis=1)) for name in _COLUMNS}
    image = np.zeros((len(events), SIDES, len(QUANTITIES), LAYERS, ROWS), np.float32)
    known = ~np.isnan(hit["z"])
    values = (
        np.ones(len(event)),
        np.where(known, _cut(hit["z"] / HALF_LENGTH_MM), 0),
        known,
        _cut(np.nan_to_num(hit["radius"]) / CELL_RADIUS_MM),
    )
    for place, value in enumerate(values):
        image[event, hit["side"], place, hit["layer"], hit["row"]] = value
    return Batch({"cells": image})


def _cut(values: Array) -> Array:
    cut: Array = np.clip(values, -LARGEST, LARGEST)
    return cut


def _hits(tensors: Mapping[str, Array]) -> Array:
    image = tensors["cells"]
    count: Array = image[:, :, QUANTITIES.index("hit")].sum(axis=(1, 2, 3), dtype=np.float64)
    return count


VIEWS: Final = (
    View(
        name="cells",
        columns=_COLUMNS,
        tensors=(
            TensorSpec(
                "cells",
                (SIDES, len(QUANTITIES), LAYERS, ROWS),
                axes=("side", "quantity", "layer", "row"),
                doc="1 where hit, z over 1385 mm, 1 where z is known, radius over 22 mm; else 0",
            ),
        ),
        build=build,
        summaries=(Summary("cells", _hits, doc="cells hit"),),
        doc="The cells of both sides with the height and the radius of their hits.",
        variations=variations(_COLUMNS),
        blank=True,
    ),
)
