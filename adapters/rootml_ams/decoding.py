"""From the branches of the three file formats to logical columns.

Images come out as (n, 18, 72) float32 in MeV. Deposits that cannot be right (negative, NaN,
infinite, outside the calorimeter) are refused, not clipped: files hold deposits after zero
suppression, so that even a small negative one says that something else was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import awkward as ak
import numpy as np

from rootml.adapter import Options
from rootml.errors import BranchError, DataError
from rootml.spec import Array
from rootml_ams import sanity, units
from rootml_ams.geometry import CELLS, LAYERS, SIZE

TRACK_PROBES = ("track_x", "track_y", "track_z", "track_zenith", "track_azimuth")
_MOST_REFUSED = 20
"""Events among the first that may be unreadable before the file is refused as a whole."""
_LARGEST = np.finfo(np.float32).max
_DEPOSIT = "a number from 0 up (deposits after zero suppression)"


def decode_flat(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """Decode the flat ntuple: one branch holds all 1296 cells."""
    return _decode(raw, wanted, options, dense_image)


def decode_hits(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """Decode formats that list the hit cells."""
    return _decode(raw, wanted, options, sparse_image)


def settle(
    raw: ak.Array, *, read_image: Callable[[ak.Array], Array], names: Mapping[str, str]
) -> Options:
    """What the first events tell: the unit of the deposits, and that the order of cells is right.

    ``raw`` has the keys that ``read_image`` needs, and "energy" and the "track_*" as far as they
    are there; ``names`` are the branches' names by key. Raises :class:`DataError` where images or
    tracks cannot be those of the calorimeter.
    """
    image, raw = _readable(raw, read_image, _MOST_REFUSED)
    energy = first(raw["energy"], np.nan) if "energy" in raw.fields else None
    hot = sanity.hot_cells(image)
    image = np.where(hot, 0, image)
    checked = sanity.check(image, _tracks(raw), names)
    told = {"hot_cells": f"{hot.sum()}, not looked at"} if hot.any() else {}
    return {**units.find_unit(image, energy, names), **checked, **told}


def _tracks(raw: ak.Array) -> dict[str, Array]:
    """What can be read of the tracks: a view that needs the rest refuses it."""
    found = {}
    for key in TRACK_PROBES:
        if key in raw.fields:
            with suppress(BranchError):
                found[key] = first(raw[key], np.nan)
    return found


def _readable(
    raw: ak.Array, read_image: Callable[[ak.Array], Array], spare: int
) -> tuple[Array, ak.Array]:
    """The events that can be read, and their images: others are refused once they are asked for."""
    try:
        return read_image(raw), raw
    except DataError as refused:
        if refused.event is None or not spare:
            raise
        rest = raw[np.arange(len(raw)) != refused.event]
        with suppress(DataError):
            return _readable(rest, read_image, spare - 1)
        raise


def first(array: ak.Array, missing: float) -> Array:
    """The scalar of each event: the value itself, or the first of a list, else ``missing``."""
    if array.ndim > 2:
        raise BranchError(f"expected a number an event, found {array.type}")
    if array.ndim == 2:
        array = ak.fill_none(ak.firsts(array, axis=1), missing)
    return _numbers(array, "fiub", "a number an event")


def _decode(
    raw: ak.Array,
    wanted: tuple[str, ...],
    options: Options,
    read_image: Callable[[ak.Array], Array],
) -> ak.Array:
    columns: dict[str, Array] = {}
    for name in wanted:
        if name == "image":
            image = read_image(raw)
            in_gev = options.get("deposit_unit") == "GeV"
            columns[name] = image * np.float32(1000) if in_gev else image
        elif name in ("truth_label", "mc_label", "truth_charge"):
            columns[name] = first(raw[name], -1).astype(np.int64)
        else:
            columns[name] = first(raw[name], np.nan).astype(np.float32)
    return ak.zip(
        {name: ak.from_numpy(values, regulararray=True) for name, values in columns.items()},
        depth_limit=1,
    )


def _numbers(array: ak.Array, kinds: str, expected: str) -> Array:
    """A flat array as NumPy's, if it holds numbers of these ``kinds``."""
    try:
        values: Array = ak.to_numpy(array, allow_missing=False)
    except (TypeError, ValueError) as error:
        raise BranchError(f"expected {expected}, found {array.type}") from error
    if values.dtype.kind not in kinds:
        raise BranchError(f"expected {expected}, found {array.type}")
    return values


def dense_image(raw: ak.Array) -> Array:
    """Images of events with all cells, or none, in one branch."""
    array = raw["deposit"]
    if array.ndim not in (2, 3):
        raise BranchError(f"edep_cell: expected 1296 or 18 x 72 values an event, not {array.type}")
    if array.ndim == 3:
        _check(ak.all(ak.num(array, axis=2) == CELLS, axis=1), "edep_cell: rows", f"of {CELLS}")
        array = ak.flatten(array, axis=2)
    count = ak.to_numpy(ak.num(array, axis=1))
    _check((count == SIZE) | (count == 0), "edep_cell: values", f"{SIZE} or none", count)
    values = _numbers(ak.flatten(array, axis=1), "fiu", "numbers in edep_cell")
    with np.errstate(over="ignore"):  # what is beyond float32 is refused as infinite
        image = values.astype(np.float32, copy=False).reshape(-1, SIZE)
    event = np.flatnonzero(count)
    if image.size and not (image.min() >= 0 and image.max() < np.inf):
        right = (image >= 0) & (image < np.inf)
        worst = image[np.arange(len(image)), right.argmin(axis=1)]
        _check(right.all(axis=1), "edep_cell: a deposit", _DEPOSIT, worst, event)
    if len(image) < len(count):
        full = np.zeros((len(count), SIZE), np.float32)
        full[event] = image
        image = full
    return image.reshape(-1, LAYERS, CELLS)


def sparse_image(raw: ak.Array) -> Array:
    """Images of events that list their hits."""
    flat, counts = {}, {}
    for name, kinds in (("plane", "iu"), ("cell", "iu"), ("deposit", "fiu")):
        if raw[name].ndim != 2:
            raise BranchError(f"{name} of the hits: expected a list an event, not {raw[name].type}")
        flat[name] = _numbers(ak.flatten(raw[name]), kinds, f"numbers as {name} of the hits")
        counts[name] = ak.to_numpy(ak.num(raw[name]))
        _check(counts[name] == counts["plane"], f"{name}s", "as many as planes", counts[name])
    event = np.repeat(np.arange(len(raw)), counts["plane"])
    plane, cell, deposit = flat.values()
    for name, number, size, other in (("Plane", plane, LAYERS, cell), ("Cell", cell, CELLS, plane)):
        expected = f"0 to {size - 1}{_numbering(number, size, other)}"
        _check((number >= 0) & (number < size), f"{name} of a hit", expected, number, event)
    _check((deposit >= 0) & (deposit < _LARGEST), "Edep of a hit", _DEPOSIT, deposit, event)
    place = event * SIZE + plane.astype(np.int64) * CELLS + cell.astype(np.int64)
    image = np.bincount(place, deposit, len(raw) * SIZE).astype(np.float32)
    return image.reshape(-1, LAYERS, CELLS)


def _numbering(number: Array, size: int, other: Array) -> str:
    """What numbers beyond 0 to ``size`` - 1 may be."""
    if not number.size or number.max() < size:
        return ""
    if number.min() == 1 and number.max() == size:
        return f" (they look counted from 1 to {size})"
    if number.max() < CELLS and other.max() < LAYERS:
        return " (Plane and Cell look exchanged)"
    return ""


def _check(
    right: Array | ak.Array,
    what: str,
    expected: str,
    values: Array | None = None,
    event: Array | None = None,
) -> None:
    """Refuse the first that is not ``right``; ``event``: the events' numbers, if not in order."""
    wrong = np.flatnonzero(~np.asarray(right))
    if len(wrong):
        at = int(wrong[0])
        found = "" if values is None else f", found {values[at]:g}"
        number = at if event is None else int(event[at])
        raise DataError(f"{what}: expected {expected}{found}", number)
