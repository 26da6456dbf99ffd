"""What is true of simulated events: how many tracks there are, and which one each hit is of."""

from __future__ import annotations

from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Branch, Options
from rootml.errors import DataError
from rootml_supernemo import calorimeter
from rootml_supernemo.decoding import Source, like, numbers

CLASSES: Final = ("no track", "1 track", "2 tracks", "3 tracks")
NOISE: Final = -1

NTRACKS: Final = {
    "ntracks": Branch(
        ("truth_ntracks", "track_split", "dirx"),
        optional=True,
        doc="number of true tracks, or a list with one value a track",
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
    }


def of_hits(hits: str, modules: str) -> dict[str, Source]:
    """Columns with one value a hit, which ``hits`` is a key of; ``modules``: one of a module."""

    def read(raw: ak.Array, options: Options) -> ak.Array:
        if "truth_track" not in raw.fields:
            return track_of_hits(raw["track_split"], raw[hits])
        tracks = like(numbers(raw["truth_track"], "truth_track"), raw[hits], "truth_track")
        return ak.values_astype(tracks, np.int64)

    track = Source(("truth_track", hits), read, (("track_split", hits),))
    return {"truth_track": track, "truth_module": calorimeter.truth_module(hits, modules, track)}


def ntracks(values: ak.Array) -> ak.Array:
    """Numbers of true tracks, int64: as they stand, or as many as a list of tracks has."""
    counts = ak.num(values, axis=1) if values.ndim > 1 else values
    wrong = np.flatnonzero(~(ak.to_numpy(counts) >= 0))
    if len(wrong):
        at = int(wrong[0])
        raise DataError(f"number of true tracks: {counts[at]}, expected 0 or more", at)
    return ak.values_astype(counts, np.int64)


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
