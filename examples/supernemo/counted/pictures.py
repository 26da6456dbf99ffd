"""Simulated events for pictures, and the tracks that a network finds in them."""

from __future__ import annotations

import awkward as ak
import numpy as np

import rootml
from rootml.spec import Array
from rootml_supernemo.display import Event

CLUSTERS = "cluster_supernemo"


def hits(event: ak.Record, found: Array | None = None) -> Event:
    """The hits of a simulated event."""
    names = ("grid_side", "grid_layer", "grid_column", "wirez", "radius", "truth_track")
    return Event(*(np.asarray(event[name]) for name in names), found)


def found_tracks(events: ak.Array) -> list[Array]:
    """The track of each hit of each event, as the clustering network finds it."""
    labels = rootml.annotate(events, rootml.load(CLUSTERS, threads=1))[f"hit_{CLUSTERS}_label"]
    return [np.asarray(one) for one in labels]


def worth_seeing(events: ak.Array, cells: int = 6, extent: float = 2000.0) -> int:
    """The first event with hits on no track, and tracks on both sides of so many cells each that
    lie within ``extent`` mm along the foil; the first of all where there is none."""
    for number, event in enumerate(events):
        one = hits(event)
        on_track = one.true[one.true >= 0]
        counts = np.bincount(on_track, minlength=int(event["truth_ntracks"]))
        good = counts.min(initial=cells) >= cells and len(on_track) < len(one.true)
        if good and np.ptp(event["wirey"]) < extent and len(np.unique(one.side)) > 1:
            return number
    return 0
