"""Straight tracks in one half of the SuperNEMO tracker, as a ROOT file with one list per event.

    python simulation.py tracks.root --events 10000

Up to three tracks an event leave the source foil at x = 0 and cross nine layers of 113 Geiger cells
of 44 mm. A cell answers when a track comes nearer than 22 mm to its wire, in 95 % of the cases, and
some others answer without a track. The names are those of the simplified generator of the
collaboration's studies (SN-IEgenerator): tree ``hit_tree``, one entry an event; ``grid_layer`` and
``grid_column`` say which cell, ``radius`` how far from its wire (mm), and ``track_split`` how many
hits there are up to the end of each track; hits beyond the last are noise.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

LAYERS, COLUMNS, PITCH_MM, RADIUS_MM = 9, 113, 44.0, 22.0
FIRST_LAYER_MM = 53.0
"""From the foil to the wires of the first layer."""
WIRE_X = FIRST_LAYER_MM + PITCH_MM * np.arange(LAYERS)
WIRE_Y = PITCH_MM * (np.arange(COLUMNS) - COLUMNS // 2)
EFFICIENCY, SIGMA_MM = 0.95, 2.0
NOISE_HITS = 2.0
"""Mean number of cells that answer without a track."""
MOST_TRACKS = 3
SAME_VERTEX = 0.5
"""Share of the events whose tracks leave the foil within a few cm of each other."""
STEP = 5000


def simulate(events: int, rng: np.random.Generator) -> dict[str, ak.Array]:
    """Hits and tracks of each event as lists of records."""
    n_tracks = rng.integers(0, MOST_TRACKS + 1, events)
    event = np.repeat(np.arange(events), n_tracks)
    tracks = draw_tracks(n_tracks, rng)
    distance = np.abs(
        (WIRE_Y - tracks["pointy"][:, None, None]) * tracks["dirx"][:, None, None]
        - WIRE_X[:, None] * tracks["diry"][:, None, None]
    )  # (tracks, layers, columns), in the plane across the wires
    answers = (distance < RADIUS_MM) & (rng.random(distance.shape) < EFFICIENCY)
    track, layer, column = np.nonzero(answers)
    radius = np.abs(distance[answers] + rng.normal(0, SIGMA_MM, len(track)))
    noisy = np.repeat(np.arange(events), rng.poisson(NOISE_HITS, events))
    hit = {
        "event": np.concatenate([event[track], noisy]),
        "track": np.concatenate([track, np.full(len(noisy), len(event))]),
        "grid_layer": np.concatenate([layer, rng.integers(0, LAYERS, len(noisy))]),
        "grid_column": np.concatenate([column, rng.integers(0, COLUMNS, len(noisy))]),
        "radius": np.concatenate([radius, rng.uniform(0, RADIUS_MM, len(noisy))]),
    }
    hit = first_of_each_cell(hit)
    n_hits = np.bincount(hit.pop("event"), minlength=events)
    of_track = np.bincount(hit.pop("track"), minlength=len(event) + 1)[:-1]
    tracks["track_split"] = np.cumsum(of_track) - before(event, of_track)
    hit["wirex"], hit["wirey"] = WIRE_X[hit["grid_layer"]], WIRE_Y[hit["grid_column"]]
    return {"hits": lists(hit, n_hits), "tracks": lists(tracks, n_tracks)}


def before(event: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Hits on tracks of all events before that of each track."""
    total = np.cumsum(hits) - hits
    return total[np.searchsorted(event, event)]


def lists(columns: dict[str, np.ndarray], counts: np.ndarray) -> ak.Array:
    """Columns of all events as a list of records per event; whole numbers in 32 bits."""
    fields = {
        name: values.astype("i4") if values.dtype.kind == "i" else values
        for name, values in columns.items()
    }
    return ak.zip({name: ak.unflatten(values, counts) for name, values in fields.items()})


def draw_tracks(n_tracks: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Points on the foil and directions in the plane of the cells, mm, a track each."""
    together = rng.random(len(n_tracks)) < SAME_VERTEX
    vertex = rng.uniform(-2000, 2000, len(n_tracks))
    total = int(n_tracks.sum())
    near = np.repeat(vertex, n_tracks) + rng.normal(0, 20, total)
    point = np.where(np.repeat(together, n_tracks), near, rng.uniform(-2000, 2000, total))
    angle = rng.uniform(-1.0, 1.0, total)
    return {
        "pointx": np.zeros(total),
        "pointy": point,
        "dirx": np.cos(angle),
        "diry": np.sin(angle),
    }


def first_of_each_cell(hit: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of several answers of one cell the first track's; hits by event, then by track."""
    cell = (hit["event"] * LAYERS + hit["grid_layer"]) * COLUMNS + hit["grid_column"]
    kept = np.sort(np.unique(cell, return_index=True)[1])
    order = kept[np.lexsort((hit["track"][kept], hit["event"][kept]))]
    return {name: values[order] for name, values in hit.items()}


def write(path: Path, events: int, rng: np.random.Generator) -> None:
    """The tree ``hit_tree``."""
    with uproot.recreate(path) as file:
        for start in range(0, events, STEP):
            branches = simulate(min(STEP, events - start), rng)
            if start == 0:
                types = {name: values.type.content for name, values in branches.items()}
                tree = file.mktree(
                    "hit_tree",
                    types,
                    counter_name=lambda name: f"n_{name}",
                    field_name=lambda outer, inner: inner,
                )
            tree.extend(branches)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    write(asked.path, asked.events, np.random.default_rng(asked.seed))
