"""Hits as lists: all hits of an event together, or the times of each one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_supernemo.geometry import wire_x, wire_y
from rootml_supernemo.variations import variations

MOST_HITS: Final = 160
"""Events with more are not judged (chosen: the busiest of 100 events of Falaise has 101)."""
FEATURES: Final = ("side", "layer", "row", "x", "y", "z", "z_known", "radius", "radius_known")
DELAYS: Final = ("t1", "t2", "t3", "t4", "t5", "t6")
_LISTED: Final = ("side", "layer", "row", "z", "radius")


def build_hits(events: ak.Array) -> Batch:
    """One row an event: its hits in the order of the file, zeros behind the last.

    Not judged are events without hits, and with more than ``MOST_HITS``.
    """
    counts = ak.to_numpy(ak.num(events["layer"], axis=1))
    judged = (counts > 0) & (counts <= MOST_HITS)
    kept = {
        name: ak.to_numpy(ak.flatten(events[name][judged], axis=1)).astype(np.float32)
        for name in _LISTED
    }
    there = np.arange(MOST_HITS) < counts[judged, None]
    table = np.zeros((*there.shape, len(FEATURES)), np.float32)
    table[there] = np.stack(_features(kept), axis=1)
    return Batch({"hits": table, "hits_mask": there}, judged, members=counts)


def _features(hit: Mapping[str, Array]) -> list[Array]:
    """What is known of each hit; what is not is 0, and said to be so."""
    z_known, radius_known = ~np.isnan(hit["z"]), ~np.isnan(hit["radius"])
    return [
        hit["side"],
        hit["layer"],
        hit["row"],
        wire_x(hit["side"], hit["layer"]),
        wire_y(hit["row"]),
        np.where(z_known, hit["z"], 0),
        z_known,
        np.where(radius_known, hit["radius"], 0),
        radius_known,
    ]


def build_times(events: ak.Array) -> Batch:
    """One row a hit whose height its timestamps tell; ``counts`` says how many hits there are."""
    counts = ak.to_numpy(ak.num(events["z_timed"], axis=1))
    flat = {
        name: ak.to_numpy(ak.flatten(events[name], axis=1))
        for name in (*DELAYS, "z_timed", "z_error")
    }
    judged = np.isfinite(flat["z_timed"])
    times = np.stack([flat[name][judged] for name in DELAYS], axis=1)
    height = np.stack([flat[name][judged] for name in ("z_timed", "z_error")], axis=1)
    tensors = {"times": times.astype(np.float32), "height": height.astype(np.float32)}
    return Batch(tensors, judged, counts)


def _count(tensors: Mapping[str, Array]) -> Array:
    count: Array = tensors["hits_mask"].sum(axis=1).astype(np.float64)
    return count


def _unmeasured(tensors: Mapping[str, Array]) -> Array:
    """Share of hits without a height."""
    mask, known = tensors["hits_mask"], tensors["hits"][..., FEATURES.index("z_known")]
    share: Array = ((known == 0) & mask).sum(axis=1) / mask.sum(axis=1)
    return share


def _error(tensors: Mapping[str, Array]) -> Array:
    error: Array = tensors["height"][:, 1].astype(np.float64)
    return error


HITS: Final = View(
    name="hits",
    columns=_LISTED,
    tensors=(
        TensorSpec("hits", (MOST_HITS, len(FEATURES)), columns=FEATURES, doc="lengths in mm"),
        TensorSpec("hits_mask", (MOST_HITS,), "bool", doc="which of the hits are there"),
    ),
    build=build_hits,
    summaries=(
        Summary("hits", _count, doc="hits of the event"),
        Summary("unmeasured", _unmeasured, doc="share of hits without a height"),
    ),
    doc="The hits of an event as a list.",
    variations=variations(_LISTED),
    members=MOST_HITS,
)
TIMESTAMPS: Final = View(
    name="timestamps",
    columns=(*DELAYS, "z_timed", "z_error"),
    tensors=(
        TensorSpec(
            "times",
            (len(DELAYS),),
            unit="us",
            columns=DELAYS,
            allow_nan=True,
            doc="behind the avalanche; NaN: missing",
        ),
        TensorSpec("height", (2,), unit="mm", columns=("z", "z_error"), doc="by the timestamps"),
    ),
    build=build_times,
    summaries=(Summary("z_error", _error, "mm", doc="error of the height"),),
    doc="One row a hit: its timestamps, and the height by the most reliable pair of them.",
)
VIEWS: Final = (HITS, TIMESTAMPS)
