"""Simulated tracks as ROOT files: one an entry, or several an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.rootio.writing import Shape, SimulationWriter, flat_branches
from rootml_mu2e.simulation import simulate

if TYPE_CHECKING:
    import awkward as ak

TRACKS = (0.15, 0.6, 0.2, 0.05)
"""Share of events with no, one, two and three fitted tracks (chosen)."""

_MEMBERS = ("status", "pdg", "nhits", "nactive", "ndactive", "nnullambig", "nmatactive", "fitcon")


def _events(n: int, rng: np.random.Generator, **options: Any) -> ak.Array:
    """``n`` events of the layout ``tracks``: a list of tracks each."""
    import awkward as ak

    counts = rng.choice(len(TRACKS), n, p=TRACKS)
    tracks = simulate(int(counts.sum()), rng, **options)
    return ak.unflatten(ak.zip(_listed(tracks, rng)), counts)


def _listed(tracks: ak.Array, rng: np.random.Generator) -> dict[str, Any]:
    """The branches of the layout ``tracks``, one value a track."""
    import awkward as ak

    flat = {name: ak.to_numpy(tracks[name]) for name in tracks.fields}
    azimuth = rng.uniform(-np.pi, np.pi, len(tracks))
    branches = {f"trk.{name}": flat[f"de.{name}"] for name in _MEMBERS}
    branches |= {
        "trk.goodfit": np.ones(len(tracks), np.int32),
        "trk_ent.momerr": flat["deent.momerr"],
        "trk_ent_pars.t0err": flat["de.t0err"],
    }
    for prefix, momentum in (("trk_ent", "deent.mom"), ("trk_ent_mc", "truth_momentum")):
        for axis, values in _vector(flat[momentum], flat["deent.td"], azimuth).items():
            branches[f"{prefix}.mom.fCoordinates.f{axis}"] = values.astype(np.float32)
    return branches


def _vector(momentum: Any, tandip: Any, azimuth: Any) -> dict[str, Any]:
    transverse = momentum / np.hypot(1, tandip)
    return {
        "X": transverse * np.cos(azimuth),
        "Y": transverse * np.sin(azimuth),
        "Z": transverse * tandip,
    }


write = SimulationWriter(
    adapter="mu2e",
    simulate=simulate,
    shapes={
        "flat": Shape("trkana", flat_branches),
        "tracks": Shape(
            "ntuple",
            lambda events: {"": events},
            counter_name=lambda name: "ntrk",
            field_name=lambda outer, inner: inner,
            simulate=_events,
        ),
    },
    step=100_000,
)
"""Writes simulated tracks, or events in layout ``tracks``."""
