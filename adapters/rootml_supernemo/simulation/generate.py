"""Simulated events in the branches of ``hit_tree``."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml_supernemo.geometry import TIMESTAMPS, cell_address, wire_x, wire_y
from rootml_supernemo.simulation import drift, response, tracks
from rootml_supernemo.simulation.arcs import Index
from rootml_supernemo.simulation.cells import Hits, followed
from rootml_supernemo.simulation.drift import Measured
from rootml_supernemo.simulation.options import Settings, settings
from rootml_supernemo.simulation.tracks import CHARGE, CURVED, KINKED, Tracks

if TYPE_CHECKING:
    import awkward as ak

Columns = dict[str, Array]

BATCH: Final = 5000
"""Events that are made at a time."""
RUN_TICKS: Final = 80_000_000 * 3600
"""Ticks of an hour, in which events happen at any time."""


def simulate(n: int, rng: np.random.Generator, **options: Any) -> ak.Array:
    """Simulate ``n`` events; the fields are the branches of ``hit_tree``, its truth among them.

    ``options``: fields of :class:`.options.Settings`. Raises DataError for values that make no
    sense.
    """
    import awkward as ak

    if not isinstance(n, Integral) or n < 0:
        raise DataError(f"the number of events is {n!r}: expected 0 or more")
    asked = settings(options)
    sizes = [min(BATCH, n - start) for start in range(0, int(n), BATCH)] or [0]
    return ak.concatenate([_events(size, asked, rng) for size in sizes])


def _events(n: int, asked: Settings, rng: np.random.Generator) -> ak.Array:
    """The whole chain, from top to bottom."""
    import awkward as ak

    made = tracks.draw(n, asked, rng)
    hits = followed(made.first, made.second, made.side, asked.share("reach"))
    event, hits = response.answer(hits, made.event, n, asked, rng)
    started = rng.integers(0, RUN_TICKS, n)
    measured = drift.measure(hits.distance, hits.z, started[event], asked.share("missing"), rng)
    first = np.searchsorted(made.event, np.arange(n))
    counts = np.bincount(made.event, minlength=n)
    broken = made.kind == KINKED
    groups = (
        (_of_tracks(made, event, hits), counts),
        (_of_kinks(made, broken), np.bincount(made.event[broken], minlength=n)),
        (_of_hits(event, hits, measured, first), np.bincount(event, minlength=n)),
        (_of_modules(made, first), counts),
    )
    lists = {
        name: ak.unflatten(values.astype(_type(name, values)), count)
        for columns, count in groups
        for name, values in columns.items()
    }
    per_event = {"truth_ntracks": counts.astype(np.int32), "truth_start": started}
    return ak.zip(lists | per_event, depth_limit=1)


def _of_tracks(made: Tracks, event: Index, hits: Hits) -> Columns:
    """Directions at the foil, charge, and hits of an event up to the end of each track."""
    arcs = made.first
    sign = 2.0 * made.side - 1
    seen = np.bincount(hits.track[hits.track >= 0], minlength=len(made))
    total = np.cumsum(seen)
    before = total - seen
    start = before[np.searchsorted(made.event, made.event)]
    return {
        "dirx": sign * np.cos(arcs.angle),
        "diry": np.sin(arcs.angle),
        "dirz": arcs.slope,
        "charge": np.where(made.kind == CURVED, CHARGE, 0),
        "track_split": total - start,
        "truth_vertexy": arcs.y,
        "truth_vertexz": arcs.z,
    }


def _of_kinks(made: Tracks, broken: Array) -> Columns:
    place = np.flatnonzero(broken)
    x = (2.0 * made.side - 1) * made.second.u
    return {
        "breakpointx": x[place],
        "breakpointy": made.second.y[place],
        "bpangle": made.bend[place],
        "break_layer": made.layer[place],
    }


def _of_hits(event: Index, hits: Hits, measured: Measured, first: Index) -> Columns:
    side, row, layer = cell_address(hits.cell)
    noise = hits.track == response.NOISE
    place = np.arange(len(event)) - np.searchsorted(event, event)
    columns = {
        "wirex": wire_x(side, layer),
        "wirey": wire_y(row),
        "wirez": measured.z,
        "radius": measured.radius,
        "grid_id": place,
        "grid_side": side,
        "grid_layer": layer,
        "grid_column": row,
        "truth_track": np.where(noise, response.NOISE, hits.track - first[event]),
        "truth_z": hits.z,
    }
    return columns | {f"tsp{place}": measured.ticks[:, place] for place in range(TIMESTAMPS)}


def _of_modules(made: Tracks, first: Index) -> Columns:
    """The calorimeter's block at the end of each track."""
    end = made.end
    return {
        "calo_id": np.arange(len(made)) - first[made.event],
        "calo_type": end.type,
        "calo_side": made.side,
        "calo_wall": end.wall,
        "calo_row": end.row,
        "calo_column": end.column,
        "pointx": (2.0 * made.side - 1) * end.u,
        "pointy": end.y,
        "pointz": end.z,
    }


def _type(name: str, values: Array) -> type:
    """As the tree holds them: floats of 64 bits, integers of 32, but for timestamps."""
    if values.dtype.kind == "f":
        return np.float64
    return np.int64 if name.startswith("tsp") else np.int32
