"""From the branches of Mu2e's ntuples to logical columns: one value per track.

Where an entry holds several tracks the columns are jagged, (events, tracks). Momenta are in MeV/c
at the front face of the tracker (virtual detector ``TT_Front``), times in ns, lengths in mm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np

from rootml.adapter import Options
from rootml.errors import BranchError, DataError, nearest
from rootml.spec import Array

GOOD, BAD = 0.25, 0.7
"""A good track: abs(reconstructed - true) < GOOD MeV/c; a bad one: reconstructed - true > BAD.

As Mu2e trains its own (github.com/Mu2e/MLTrain, TrkQual). All other tracks are of no class.
"""
INTEGERS = {"truth_label", "pdg"}


@dataclass(frozen=True)
class Source:
    """Where a logical column comes from: keys of a layout's branches, and how they are read."""

    keys: tuple[str, ...]
    read: Callable[[ak.Array, Options], ak.Array]


def decode(
    sources: Mapping[str, Source], raw: ak.Array, wanted: tuple[str, ...], options: Options
) -> ak.Array:
    """Read the ``wanted`` columns from their ``sources``: float32, classes and codes int64."""
    columns = {}
    for name in wanted:
        values = sources[name].read(raw, options)
        _check_numbers(name, values)
        if name in INTEGERS:
            columns[name] = ak.values_astype(values, np.int64)
        else:
            columns[name] = ak.values_astype(ak.fill_none(values, np.nan, axis=-1), np.float32)
    return ak.zip(columns, depth_limit=1)


def branch(key: str) -> Source:
    """A branch as it is."""
    return Source((key,), lambda raw, options: raw[key])


def leaf(key: str, name: str) -> Source:
    """One leaf of a branch of several leaves."""
    return Source((key,), lambda raw, options: member(raw[key], name, key))


def member(records: ak.Array, name: str, what: str) -> ak.Array:
    """A member of records; BranchError where they have none of that name."""
    if name not in records.fields:
        raise BranchError(
            f"{what}: expected a member {name!r}, found {records.type.content}"
            f"{nearest(name, records.fields)}"
        )
    return records[name]


def combine(function: Callable[..., ak.Array], *sources: Source) -> Source:
    """What a function makes of several columns."""
    keys = tuple(dict.fromkeys(key for source in sources for key in source.keys))
    return Source(keys, lambda raw, options: function(*(s.read(raw, options) for s in sources)))


def label(momentum: ak.Array, truth: ak.Array) -> ak.Array:
    """1 for good tracks, 0 for bad ones, -1 for those between and those without truth."""
    excess = ak.fill_none(momentum, np.nan, axis=-1) - ak.fill_none(truth, np.nan, axis=-1)
    return ak.where(abs(excess) < GOOD, 1, ak.where(excess > BAD, 0, -1))


def norm(x: ak.Array, y: ak.Array, z: ak.Array) -> ak.Array:
    """The length of a vector, in float64."""
    x, y, z = (ak.values_astype(part, np.float64) for part in (x, y, z))
    return np.sqrt(x**2 + y**2 + z**2)


def slope(x: ak.Array, y: ak.Array, z: ak.Array) -> ak.Array:
    """Tangent of the dip angle: longitudinal over transverse momentum."""
    return z / np.hypot(x, y)


def known(momentum: ak.Array) -> ak.Array:
    """True momenta; NaN where a file has 0 for a track without truth."""
    return ak.where(momentum > 0, momentum, np.nan)


def _check_numbers(name: str, values: ak.Array) -> None:
    kind = values.type.content
    while isinstance(kind, ak.types.ListType | ak.types.OptionType):
        kind = kind.content
    if values.ndim > 2 or not isinstance(kind, ak.types.NumpyType | ak.types.UnknownType):
        raise BranchError(f"{name}: expected a number a track, found {values.type}")


def check_aligned(one: ak.Array, other: ak.Array, what: str) -> None:
    """Refuse two branches of an event that list different numbers of tracks."""
    counts: Array = ak.to_numpy(ak.num(one, axis=1))
    others: Array = ak.to_numpy(ak.num(other, axis=1))
    wrong = np.flatnonzero(counts != others)
    if len(wrong):
        at = int(wrong[0])
        raise DataError(f"{what}: {others[at]} tracks, expected {counts[at]}", at)
