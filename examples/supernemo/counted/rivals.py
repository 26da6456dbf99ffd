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


def counts(chosen: Chosen, events: ak.Array) -> Array:
    """Clusters of each event, (n,); events of one hit, or of noise alone, have one for each hit."""
    found = ak.to_numpy(ak.num(events.grid_id)).copy()
    kept = (found > 1) & ak.to_numpy(ak.any(events.truth_track >= 0, axis=1))
    clusters = chosen.clusters(Hits.of(events))
    found[kept] = [len(np.unique(one)) for one in clusters]
    return found
