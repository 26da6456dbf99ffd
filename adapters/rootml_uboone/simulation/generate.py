"""Simulated events in the branches of the ntuples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml_uboone.branches import BRANCHES, PLANES
from rootml_uboone.simulation import reconstruction
from rootml_uboone.simulation.interactions import Events, draw

if TYPE_CHECKING:
    import awkward as ak

OPTIONS = {
    "signal_fraction": "share of electron neutrinos, 0 to 1",
    "selected_fraction": "share of events that the selection takes, 0 to 1",
}
INTEGERS = {"category": np.int32, "nu_pdg": np.int32, "nslice": np.int32, "selected": np.int32} | {
    f"secondshower_{plane}_nhit": np.int32 for plane in PLANES
}
COUNTS = ("n_tracks_contained", "n_showers_contained", "trk_id", "shr_id")
UNSET_COUNT = 2**31
"""The lowest int32 in a branch of uint32, as the selection leaves numbers that it does not set."""
KEPT = ("category", "nu_pdg", "nu_e", "nslice")


def simulate(
    n: int,
    rng: np.random.Generator,
    *,
    signal_fraction: float = 0.5,
    selected_fraction: float = 0.9,
) -> ak.Array:
    """Simulate ``n`` events; the fields are branches of the ntuples.

    ``signal_fraction``: share of electron neutrinos. ``selected_fraction``: share of events that
    the selection takes; the others hold the values that it leaves unset. Raises DataError for
    values that make no sense.
    """
    import awkward as ak

    for name, value in (("signal", signal_fraction), ("selected", selected_fraction)):
        if not 0 <= value <= 1:
            raise DataError(f"{name}_fraction is {value!r}: expected a number from 0 to 1")
    events = draw(n, signal_fraction, rng)
    flat = _event_branches(events, rng)
    lists = _particle_branches(events, flat, rng)
    _unselect(flat, rng.random(n) >= selected_fraction, rng)
    typed = {name: values.astype(_dtype(name)) for name, values in flat.items() if name in BRANCHES}
    return ak.zip(typed | lists, depth_limit=1)


def _event_branches(events: Events, rng: np.random.Generator) -> dict[str, Array]:
    n = len(events.energy)
    branches = reconstruction.showers(events, rng)
    branches |= reconstruction.ionisation(events, rng)
    branches |= reconstruction.tracks(events, branches["shr_hits_tot"], rng)
    branches |= reconstruction.second_showers(events, rng)
    branches |= reconstruction.surroundings(events, rng)
    more = rng.poisson(0.3, n)
    branches |= {
        "selected": np.ones(n),
        "nslice": np.ones(n),
        "n_tracks_contained": np.where(events.has_track, 1 + more, 0),
        "n_showers_contained": 1 + (rng.random(n) < 0.15),
        "category": events.category,
        "nu_pdg": events.nu_pdg,
        "nu_e": events.neutrino,
    }
    return branches


def _particle_branches(
    events: Events, flat: dict[str, Array], rng: np.random.Generator
) -> dict[str, ak.Array]:
    """Lists with an element a particle; sets where shower and track are among them."""
    import awkward as ak

    n = len(events.energy)
    count = (flat["n_tracks_contained"] + flat["n_showers_contained"]).astype(np.int64)
    first = np.cumsum(count) - count
    shower = rng.integers(0, count)
    track = (shower + rng.integers(1, np.maximum(count, 2))) % count
    flat["shr_id"] = shower + 1
    flat["trk_id"] = np.where(events.has_track, track + 1, 0)
    total = int(count.sum())
    score = np.tanh(rng.normal(0, 1, total))
    score[(first + track)[events.has_track]] = flat["trk_score"][events.has_track]
    lists = {"trk_llr_pid_score_v": ak.unflatten(score.astype(np.float32), count)}
    mean = np.where(events.shower == "muon", 0.8, 1.5 + 8 * events.energy)
    for plane in PLANES:
        pieces = rng.poisson(0.5, total).astype(np.int32)
        pieces[first + shower] = 1 + rng.poisson(mean, n)
        lists[f"pfpplanesubclusters_{plane}"] = ak.unflatten(pieces, count)
    return lists


def _unselect(flat: dict[str, Array], which: Array, rng: np.random.Generator) -> None:
    """Leave events as the selection leaves those that it does not take; half have no slice."""
    for name in flat.keys() - set(KEPT):
        flat[name] = np.where(which, _unset(name), flat[name])
    flat["nslice"] = np.where(which & (rng.random(len(which)) < 0.5), 0, flat["nslice"])


def _unset(name: str) -> float:
    """What a branch holds that was not set: ``resetTTree`` of the modules that write it."""
    if name == "hits_ratio" or "energy" in name:
        return 0
    if name.startswith("Cosmic"):
        return reconstruction.NO_COSMIC
    if name.endswith("_vtxdist"):
        return -reconstruction.LOWEST
    if name.endswith("_nhit"):
        return -UNSET_COUNT
    if _dtype(name) is np.float32:
        return reconstruction.LOWEST
    return UNSET_COUNT if "_npoints" in name else 0


def _dtype(name: str) -> Any:
    counted = name in COUNTS or "_nhits_" in name or "_npoints" in name
    return INTEGERS.get(name, np.uint32 if counted else np.float32)
