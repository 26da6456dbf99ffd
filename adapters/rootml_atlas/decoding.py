"""From the branches of electron ntuples to logical columns: energies in GeV, one value an electron.

``cells`` (n, 4, 56, 11) GeV, ``times`` (n, 4, 56, 11) ns, ``tracks`` and ``tracks_reduced``
(n, 10, features); all else (n,). Numbers of electrons and tracks that are -999, which stands for
"none" in ATLAS, become NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Branch, Options
from rootml.errors import BranchError
from rootml.spec import Array
from rootml_atlas import images, shapes, tracks
from rootml_atlas.geometry import ACCORDION
from rootml_atlas.ntuple import BRANCHES, IMAGES, OTHERS, TIMES, TRACKS
from rootml_atlas.units import GEV, check_alike, check_scale

NONE: Final = -999.0
INTEGERS: Final = ("event", "channel", "truth_pdg")
ENERGIES: Final = ("e_acc", *(key for key, branch in OTHERS.items() if branch.unit in GEV))
"""Of which the scale is known."""
SHARES: Final = ("f0", "f_tg3", "e_tile_gap", "eta", "pt_track")
"""What tells the scale of other energies, which are a share of the cluster's."""
PROBES: Final = (*IMAGES, *ENERGIES, *SHARES, "track_pt")


@dataclass(frozen=True)
class Column:
    """A logical column: the branches it needs, and how it is made of them."""

    keys: tuple[str, ...]
    read: Callable[[ak.Array], Array]


def decode(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """Read the ``wanted`` columns; BranchError where a branch holds another number of values."""
    return ak.zip({name: COLUMNS[name].read(raw) for name in wanted}, depth_limit=1)


def settle(raw: ak.Array) -> Options:
    """Refuse a file whose energies are in another unit than its layout says; tell of its tracks."""
    for key in ENERGIES:
        if key in raw.fields:
            check_scale(number(raw, key), BRANCHES[key].unit, _name(key))
    told = tracks.told(_counts(raw, "track_pt"))
    _check_shares(raw)
    return told


def _check_shares(raw: ak.Array) -> None:
    """Refuse energies in another unit than those that they are about, or are a known share of."""
    layers = [images.energies(raw[key], _name(key)).sum(axis=(1, 2)) for key in IMAGES]
    names = [_name(key) for key in tuple(IMAGES)[ACCORDION]]
    numbers = {key: number(raw, key) for key in ("e_acc", *SHARES)}
    e_acc, e_tile_gap, pt_track = (numbers[key] for key in ("e_acc", "e_tile_gap", "pt_track"))
    hardest = ak.to_numpy(ak.fill_none(ak.max(raw["track_pt"], axis=1), 0))
    with np.errstate(over="ignore", invalid="ignore"):
        presampler, gap = (numbers[key] * e_acc for key in ("f0", "f_tg3"))
        transverse = e_acc / np.cosh(numbers["eta"])
    of = _name("e_acc")
    for key, values, name, about, its_name in (
        ("cells_1", sum(layers[ACCORDION]), f"{names[0]} to {names[-1]}", e_acc, of),
        ("cells_0", layers[0], _name("cells_0"), presampler, f"{_name('f0')} * {of}"),
        ("e_tile_gap", e_tile_gap, _name("e_tile_gap"), gap, f"{_name('f_tg3')} * {of}"),
        ("pt_track", pt_track, _name("pt_track"), transverse, f"{of} / cosh({_name('eta')})"),
        ("track_pt", hardest, f"the hardest of {_name('track_pt')}", pt_track, _name("pt_track")),
    ):
        unit = BRANCHES[key].unit
        check_alike(np.asarray(values), unit, name, about, BRANCHES["e_acc"].unit, its_name)


def number(raw: ak.Array, key: str) -> Array:
    """A branch of one number an electron, float64; NaN where there is none."""
    return _known(_numbers(raw, key))


def gev(raw: ak.Array, key: str, branch: Branch) -> Array:
    """An energy as GeV, float32."""
    return (number(raw, key) * GEV[branch.unit]).astype(np.float32)


def _known(values: Array) -> Array:
    return np.where(values == NONE, np.nan, values.astype(np.float64))


def _numbers(raw: ak.Array, key: str) -> Array:
    found = f"found {raw[key].type.content}"
    return _flat(raw[key], f"{_name(key)}: expected a number an electron, {found}")


def _flat(array: ak.Array, problem: str) -> Array:
    try:
        values: Array = ak.to_numpy(array, allow_missing=False)
    except (TypeError, ValueError) as error:
        raise BranchError(problem) from error
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise BranchError(problem)
    return values


def _read_images(
    keys: Mapping[str, Branch], read: Callable[[ak.Array, str], Array]
) -> Callable[[ak.Array], Array]:
    return lambda raw: np.stack([read(raw[key], _name(key)) for key in keys], axis=1)


def _read_tracks(names: tuple[str, ...], keys: tuple[str, ...]) -> Callable[[ak.Array], Array]:
    def read(raw: ak.Array) -> Array:
        counts = _counts(raw, keys[0])
        for key in keys[1:]:
            if not np.array_equal(_counts(raw, key), counts):
                raise BranchError(f"{_name(key)}: not as many tracks as in {_name(keys[0])}")
        track = {
            key.removeprefix("track_"): _known(
                _flat(ak.flatten(raw[key], axis=1), _unlisted(raw, key))
            )
            for key in keys
        }
        track["pt_q"] = track["pt"] * GEV[TRACKS["track_pt"].unit] * track["charge"]
        track["d0_significance"] = tracks.significance(track["d0"], track["sigma_d0"])
        return tracks.nearest(track, counts, number(raw, "eta"), number(raw, "phi"), names)

    return read


def _counts(raw: ak.Array, key: str) -> Array:
    if raw[key].ndim != 2:
        raise BranchError(_unlisted(raw, key))
    counts: Array = ak.to_numpy(ak.num(raw[key], axis=1))
    return counts


def _unlisted(raw: ak.Array, key: str) -> str:
    return f"{_name(key)}: expected a list of numbers an electron, found {raw[key].type.content}"


def _name(key: str) -> str:
    return BRANCHES[key].names[0]


def _scalar(key: str, branch: Branch) -> Column:
    if key in INTEGERS:
        return Column((key,), lambda raw: _numbers(raw, key).astype(np.int64))
    if branch.unit in GEV:
        return Column((key,), lambda raw: gev(raw, key, branch))
    return Column((key,), lambda raw: number(raw, key).astype(np.float32))


def _transverse(raw: ak.Array) -> Array:
    """The calibrated transverse energy, the mass neglected."""
    made: Array = gev(raw, "energy", BRANCHES["energy"]) / np.cosh(number(raw, "eta"))
    return made.astype(np.float32)


def _shape(name: str) -> Column:
    key = tuple(IMAGES)[shapes.MIDDLE]
    return Column((key,), lambda raw: shapes.in_window(images.energies(raw[key], _name(key)), name))


_ALL_TRACKS = tuple(TRACKS)
_REDUCED = tuple(key for key in TRACKS if key not in ("track_vertex", "track_n_trt"))
_AT = ("eta", "phi")
COLUMNS: Final = {
    "cells": Column(tuple(IMAGES), _read_images(IMAGES, images.energies)),
    "times": Column(tuple(TIMES), _read_images(TIMES, images.times)),
    "et": Column(("energy", "eta"), _transverse),
    "tracks": Column((*_ALL_TRACKS, *_AT), _read_tracks(tracks.FEATURES, _ALL_TRACKS)),
    "tracks_reduced": Column((*_REDUCED, *_AT), _read_tracks(tracks.REDUCED, _REDUCED)),
    **{name: _shape(name) for name in shapes.SIZES},
    **{
        key: _scalar(key, branch)
        for key, branch in BRANCHES.items()
        if key not in IMAGES | TIMES | TRACKS
    },
}
