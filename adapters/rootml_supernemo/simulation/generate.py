"""Simulated events in the branches of ``hit_tree``."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml_supernemo.geometry import TIMESTAMPS, cell_address, wire_x, wire_y
from rootml_supernemo.modules import NONE, address
from rootml_supernemo.simulation import decays, deposits, drift, response, tracks
from rootml_supernemo.simulation.arcs import Index
from rootml_supernemo.simulation.cells import followed
from rootml_supernemo.simulation.deposits import Modules
from rootml_supernemo.simulation.drift import Measured
from rootml_supernemo.simulation.options import Settings, settings
from rootml_supernemo.simulation.response import Answers
from rootml_supernemo.simulation.tracks import CHARGE, CURVED, KINKED, Tracks
from rootml_supernemo.simulation.walls import VETO_ROW

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
    """The whole chain, from top to bottom.

    Energies have random numbers of their own: tracks do not depend on what modules measure.
    """
    import awkward as ak

    own = rng.spawn(1)[0]
    kind = decays.classes(n, asked, own)
    if asked.events == "tracks":
        made = tracks.with_energies(tracks.draw(n, asked, rng), asked, own)
    else:
        made = decays.draw(kind, asked, rng)
    hits = followed(made.first, made.second, made.side, asked.share("reach"))
    seen = response.answer(hits, made.event, n, asked, rng)
    started = rng.integers(0, RUN_TICKS, n)
    measured = drift.measure(
        seen.hits.distance, seen.hits.z, started[seen.event], asked.share("missing"), rng
    )
    modules = deposits.answer(made, n, asked, own)
    first = np.searchsorted(made.event, np.arange(n))
    broken = made.kind == KINKED
    groups = (
        (_of_tracks(made, seen), made.event),
        (_of_kinks(made, broken), made.event[broken]),
        (_of_hits(seen, measured, first) | _module_of_hits(seen, modules), seen.event),
        (_of_modules(modules), modules.event),
        (_of_lost(seen), seen.lost_event),
    )
    lists = {
        name: ak.unflatten(values.astype(_type(name, values)), np.bincount(event, minlength=n))
        for columns, event in groups
        for name, values in columns.items()
    }
    per_event = {
        "truth_ntracks": np.bincount(made.event, minlength=n).astype(np.int32),
        "truth_class": kind.astype(np.int32),
        "truth_start": started,
    }
    return ak.zip(lists | per_event, depth_limit=1)


def _of_tracks(made: Tracks, answers: Answers) -> Columns:
    """What is true of tracks, and the hits of an event up to the end of each."""
    arcs, end, track = made.first, made.end, answers.hits.track
    sign = 2.0 * made.side - 1
    seen = np.bincount(track[track >= 0], minlength=len(made))
    total = np.cumsum(seen)
    before = total - seen
    start = before[np.searchsorted(made.event, made.event)]
    return {
        "dirx": sign * np.cos(arcs.angle),
        "diry": np.sin(arcs.angle),
        "dirz": arcs.slope,
        "charge": np.where(made.kind == CURVED, CHARGE, 0),
        "pointx": sign * end.u,
        "pointy": end.y,
        "pointz": end.z,
        "track_split": total - start,
        "truth_vertexy": arcs.y,
        "truth_vertexz": arcs.z,
        "truth_energy": made.emitted,
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


def _of_hits(answers: Answers, measured: Measured, first: Index) -> Columns:
    event, hits = answers.event, answers.hits
    side, row, layer = cell_address(hits.cell)
    noise = hits.track == response.NOISE
    columns = {
        "wirex": wire_x(side, layer),
        "wirey": wire_y(row),
        "wirez": measured.z,
        "radius": measured.radius,
        "grid_id": _place(event),
        "grid_side": side,
        "grid_layer": layer,
        "grid_column": row,
        "truth_track": np.where(noise, response.NOISE, hits.track - first[event]),
        "truth_z": hits.z,
    }
    return columns | {f"tsp{place}": measured.ticks[:, place] for place in range(TIMESTAMPS)}


def _module_of_hits(answers: Answers, modules: Modules) -> Columns:
    """The module at the end of the track of each hit."""
    of_noise = np.append(modules.of_track, deposits.NO_MODULE)
    return {"truth_module": of_noise[answers.hits.track]}


def _of_modules(modules: Modules) -> Columns:
    """The blocks of the calorimeter that answer."""
    found = address(modules.number)
    found["row"] = np.where(found["row"] == NONE, VETO_ROW, found["row"])
    named = {f"calo_{'type' if name == 'kind' else name}": part for name, part in found.items()}
    return named | {"calo_id": modules.first_track, "calo_energy": modules.energy}


def _of_lost(answers: Answers) -> Columns:
    """Cells that tracks crossed and that are missing among the hits."""
    side, row, layer = cell_address(answers.lost)
    return {"truth_lost_side": side, "truth_lost_layer": layer, "truth_lost_column": row}


def _place(event: Index) -> Index:
    """Places in lists, whose events are in order."""
    place: Index = np.arange(len(event)) - np.searchsorted(event, event)
    return place


def _type(name: str, values: Array) -> type:
    """As the tree holds them: floats of 64 bits, integers of 32, but for timestamps."""
    if values.dtype.kind == "f":
        return np.float64
    return np.int64 if name.startswith("tsp") else np.int32
