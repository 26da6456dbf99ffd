"""What is true of simulated events: their tracks, which one each hit is of, what was lost."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Branch, Options
from rootml.errors import DataError
from rootml.spec import Array
from rootml_supernemo import calorimeter, decoding
from rootml_supernemo.decoding import Source, like, numbers
from rootml_supernemo.geometry import LAYERS, ROWS, SIDES

CLASSES: Final = ("no track", "1 track", "2 tracks", "3 tracks")
NOISE: Final = -1
PLACES: Final = ("side", "layer", "row")
"""Axes of an image of the cells."""

OF_EVENTS: Final = {
    "ntracks": Branch(
        ("truth_ntracks", "track_split", "dirx"),
        optional=True,
        doc="number of true tracks, or a list with one value a track",
    ),
    "class": Branch(
        ("truth_class",),
        optional=True,
        doc="0 double beta decay with two neutrinos, 1 with none; -1 of no class",
    ),
}
LOST: Final = {
    f"lost_{name}": Branch(
        (f"truth_lost_{name}",), optional=True, doc="of a cell that a track crossed in vain"
    )
    for name in ("side", "layer", "column")
}
LOST_NUMBER: Final = {
    "lost": Branch(
        ("truth_lost.cell_num",), optional=True, doc="of a cell that a track crossed in vain"
    )
}
OF_HITS: Final = {
    "truth_track": Branch(
        ("truth_track", "tr_hits.truth_track"), optional=True, doc="track of a hit; -1 noise"
    ),
    "truth_module": Branch(
        ("truth_module", "tr_hits.truth_module"),
        optional=True,
        doc="place of the module where the track of a hit ends; -1 none",
    ),
    "track_split": Branch(("track_split",), optional=True, doc="hits up to the end of a track"),
    "calo_id": Branch(
        ("calo_id", "OM_hits.truth_track"), optional=True, doc="track that ends at a module"
    ),
}


def of_events() -> dict[str, Source]:
    """Columns with one value an event."""
    return {
        "truth_ntracks": Source(("ntracks",), lambda raw, options: ntracks(raw["ntracks"])),
        "truth_label": Source(("ntracks",), lambda raw, options: label(raw["ntracks"])),
        "truth_class": Source(("class",), lambda raw, options: event_class(raw["class"])),
    }


def of_hits(hits: str, modules: str) -> dict[str, Source]:
    """Columns with one value a hit, which ``hits`` is a key of; ``modules``: one of a module."""

    def read(raw: ak.Array, options: Options) -> ak.Array:
        if "truth_track" not in raw.fields:
            return track_of_hits(raw["track_split"], raw[hits])
        tracks = like(numbers(raw["truth_track"], "truth_track"), raw[hits], "truth_track")
        wrong = ~((tracks >= NOISE) & (tracks == np.floor(tracks)))
        decoding.first_wrong(wrong, tracks, "truth_track", "the number of a track, or -1")
        return ak.values_astype(tracks, np.int64)

    track = Source(("truth_track", hits), read, (("track_split", hits),))
    return {"truth_track": track, "truth_module": calorimeter.truth_module(hits, modules, track)}


def lost_by_place() -> dict[str, Source]:
    """Side, layer and row of cells that tracks crossed though no hit says so."""
    sizes = {"side": SIDES, "layer": LAYERS, "column": ROWS}
    found = {}
    for name, size in sizes.items():
        key = f"lost_{name}"
        found[name] = Source((key,), partial(_inside, key, size))
    return {"side": found["side"], "layer": found["layer"], "row": found["column"]}


def _inside(key: str, size: int, raw: ak.Array, options: Options) -> ak.Array:
    return decoding.inside(raw[key], size, f"truth_{key}")


def lost_by_number() -> dict[str, Source]:
    """The same by TKEvent's numbers."""
    parts = {"side": 0, "row": 1, "layer": 2}
    return {name: Source(("lost",), partial(_part, part)) for name, part in parts.items()}


def _part(part: int, raw: ak.Array, options: Options) -> ak.Array:
    return decoding.address(raw["lost"], part, "truth_lost.cell_num")


def of_cells(
    hits: Mapping[str, Source], track: Source, lost: Mapping[str, Source]
) -> dict[str, Source]:
    """``truth_crossed`` (side, layer, row): 1 where a track crossed the cell, uint8.

    ``hits``, ``lost``: ``side``, ``layer`` and ``row`` of those that answered, and did not.
    """
    sources = (track, *(cells[name] for cells in (hits, lost) for name in PLACES))

    def read(raw: ak.Array, options: Options) -> ak.Array:
        image = np.zeros((len(raw), SIDES, LAYERS, ROWS), np.uint8)
        seen = track.read(raw, options) != NOISE
        for cells, kept in ((hits, seen), (lost, ...)):
            places = [cells[name].read(raw, options)[kept] for name in PLACES]
            for name, place in zip(PLACES[1:], places[1:], strict=True):
                like(place, places[0], name)
            event = np.repeat(np.arange(len(raw)), ak.to_numpy(ak.num(places[0], axis=1)))
            image[event, *(ak.to_numpy(ak.flatten(place, axis=1)) for place in places)] = 1
        return ak.from_numpy(image, regulararray=True)

    keys = dict.fromkeys(key for source in sources for key in source.keys)
    return {"truth_crossed": Source(tuple(keys), read)}


def ntracks(values: ak.Array) -> ak.Array:
    """Numbers of true tracks, int64: as they stand, or as many as a list of tracks has."""
    counts = ak.num(values, axis=1) if values.ndim > 1 else values
    seen = ak.to_numpy(counts)
    _first_wrong(
        ~((seen >= 0) & (seen == np.floor(seen))),
        counts,
        "number of true tracks: {}, expected a whole number, 0 or more",
    )
    return ak.values_astype(counts, np.int64)


def event_class(values: ak.Array) -> ak.Array:
    """``truth_class`` of each event, int64, checked."""
    wrong = ~np.isin(ak.to_numpy(values), (-1, 0, 1))
    _first_wrong(wrong, values, "truth_class is {}, expected -1, 0 or 1")
    return ak.values_astype(values, np.int64)


def _first_wrong(wrong: Array, values: ak.Array, text: str) -> None:
    """Raise DataError for the first event that is ``wrong``, if there is one."""
    if events := np.flatnonzero(wrong).tolist():
        raise DataError(text.format(values[events[0]]), events[0])


def track_of_hits(split: ak.Array, hits: ak.Array) -> ak.Array:
    """The track of each hit, by how many hits there are up to the end of each track; -1 behind all.

    DataError where these numbers fall, or are beyond those of the hits.
    """
    split = numbers(split, "track_split")
    before = ak.concatenate([ak.zeros_like(split[:, :1]), split[:, :-1]], axis=1)
    wrong = (split < before) | (split > ak.num(hits, axis=1)) | (split != np.floor(split))
    if events := np.flatnonzero(ak.to_numpy(ak.any(wrong, axis=1))).tolist():
        at = events[0]
        raise DataError(
            f"track_split is {split[at].tolist()}, expected numbers of hits that rise to at most "
            f"the {len(hits[at])} of the event",
            at,
        )
    ends = split[:, np.newaxis] <= ak.local_index(hits, axis=1)
    track = ak.sum(ends, axis=2)
    return ak.where(track < ak.num(split, axis=1), track, NOISE)


def label(values: ak.Array) -> ak.Array:
    """The class of each event; -1, of none, where it has more tracks than there are classes."""
    counts = ntracks(values)
    return ak.where(counts < len(CLASSES), counts, -1)
