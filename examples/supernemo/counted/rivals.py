"""Agglomerative clustering as a counter of tracks."""

from __future__ import annotations

import awkward as ak
import numpy as np
from joined.methods import METHODS, Chosen, Hits, choose

from rootml.spec import Array
from rootml_supernemo.simulation import simulate

TUNING, SEED = 1500, 21
"""Events on which its settings are chosen, and their seed, as in clusters.py."""


def tuned(conditions: str) -> Chosen:
    """Nearest hits joined, the best of the ways in clusters.py, for a kind of detector."""
    events = simulate(TUNING, np.random.default_rng(SEED), tracks="1:3", conditions=conditions)
    return choose(METHODS["single"], Hits.of(events))


def right(chosen: Chosen, events: ak.Array) -> Array:
    """Which events (n,) have as many clusters as tracks; those that ``Hits`` leaves out do not
    count."""
    hits = Hits.of(events)
    assert hits.events is not None
    found = [len(np.unique(one)) for one in chosen.clusters(hits)]
    return np.array(found, int) == ak.to_numpy(hits.events.truth_ntracks)
