"""From the branches of the three file formats to logical columns.

Images come out as (n, 18, 72) float32 in MeV. Deposits that cannot be right (negative, NaN,
infinite, outside the calorimeter) are refused, not clipped: files hold deposits after zero
suppression, so that even a small negative one says that something else was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from rootml.adapter import Options
from rootml.errors import BranchError, DataError
from rootml.spec import Array
from rootml_ams.geometry import CELLS, LAYERS

SIZE = LAYERS * CELLS
UNITS: Mapping[str, tuple[float, float]] = {"GeV": (0.2, 3.0), "MeV": (200.0, 3000.0)}
"""Sum of the deposits over the energy in GeV, if the deposits are in that unit."""
DEFAULT_UNIT = "MeV"
"""Where no energy tells: the unit of the AMS software."""

Integers = npt.NDArray[np.integer[Any]]


def decode_flat(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """Decode the flat ntuple: one branch holds all 1296 cells."""
    return _decode(raw, wanted, options, _dense_image)


def decode_hits(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """Decode formats that list the hit cells."""
    return _decode(raw, wanted, options, _sparse_image)


def find_unit(raw: ak.Array) -> Options:
    """Tell MeV from GeV by the sum of the deposits over the energy, event by event."""
    if "energy" not in raw.fields:
        return {"deposit_unit": DEFAULT_UNIT, "deposit_unit_from": "default: no energy branch"}
    energy = first(raw["energy"], np.nan)
    deposit = raw["deposit"]
    while deposit.ndim > 1:
        deposit = ak.sum(deposit, axis=-1)
    total = ak.to_numpy(deposit)
    usable = (energy > 0) & (total > 0) & np.isfinite(energy) & np.isfinite(total)
    if not usable.any():
        return {"deposit_unit": DEFAULT_UNIT, "deposit_unit_from": "default: no event with energy"}
    ratio = float(np.median(total[usable] / energy[usable]))
    for unit, (low, high) in UNITS.items():
        if low < ratio < high:
            return {"deposit_unit": unit, "deposit_unit_from": f"deposits / energy = {ratio:.3g}"}
    raise DataError(
        f"deposits of the cells add up to {ratio:.3g} per GeV of reconstructed energy: expected "
        "about 1 (deposits in GeV) or 1000 (in MeV)"
    )


def first(array: ak.Array, missing: float) -> Array:
    """The scalar of each event: the value itself, or the first of a list, else ``missing``."""
    if array.ndim == 1:
        return ak.to_numpy(array)
    if array.ndim > 2:
        raise BranchError(f"a value per event was expected, found {array.type}")
    return ak.to_numpy(ak.fill_none(ak.firsts(array, axis=1), missing))


def _decode(raw: ak.Array, wanted: tuple[str, ...], options: Options, image: Any) -> ak.Array:
    columns: dict[str, Array] = {}
    for name in wanted:
        if name == "image":
            columns[name] = image(raw) * np.float32(
                1000 if options.get("deposit_unit") == "GeV" else 1
            )
        elif name in ("truth_label", "truth_charge"):
            columns[name] = first(raw[name], -1).astype(np.int64)
        else:
            columns[name] = first(raw[name], np.nan).astype(np.float32)
    return ak.zip(
        {name: ak.from_numpy(values, regulararray=True) for name, values in columns.items()},
        depth_limit=1,
    )


def _dense_image(raw: ak.Array) -> Array:
    array = raw["deposit"]
    counts = {2: [SIZE], 3: [LAYERS, CELLS]}.get(array.ndim)
    if counts is None:
        raise BranchError(f"edep_cell: expected 1296 or 18 x 72 values an event: {array.type}")
    for axis, expected in enumerate(counts, start=1):
        number = ak.num(array, axis=axis)
        wrong = np.flatnonzero(
            ak.to_numpy(ak.any(number != expected, axis=-1) if axis == 2 else number != expected)
        )
        if len(wrong):
            event = int(wrong[0])
            raise DataError(
                f"edep_cell: event has {ak.to_list(number[event])} values, expected"
                f" {' x '.join(map(str, counts))}",
                event,
            )
    values = ak.to_numpy(ak.flatten(array, axis=None)).reshape(len(array), LAYERS, CELLS)
    image = values.astype(np.float32, copy=False)
    if image.size and not (image.min() >= 0 and np.isfinite(image.max())):
        wrong = np.argwhere(~((image >= 0) & np.isfinite(image)))
        event, layer, cell = (int(i) for i in wrong[0])
        raise DataError(
            f"edep_cell: deposit {image[event, layer, cell]:g} in layer {layer}, cell {cell}:"
            " expected a number from 0 up",
            event,
        )
    return image


def _sparse_image(raw: ak.Array) -> Array:
    lists = {name: raw[name] for name in ("plane", "cell", "deposit")}
    for name, array in lists.items():
        if array.ndim != 2:
            raise BranchError(f"{name}s of the hits: expected a list an event: {array.type}")
    counts = ak.to_numpy(ak.num(lists["plane"]))
    for name in ("cell", "deposit"):
        wrong = np.flatnonzero(ak.to_numpy(ak.num(lists[name])) != counts)
        if len(wrong):
            raise DataError(f"hits: not as many {name}s as planes", int(wrong[0]))
    plane, cell, deposit = (ak.to_numpy(ak.flatten(array)) for array in lists.values())
    event = np.repeat(np.arange(len(counts)), counts)
    _check_hits("plane", plane, (plane >= 0) & (plane < LAYERS), event, "0 to 17")
    _check_hits("cell", cell, (cell >= 0) & (cell < CELLS), event, "0 to 71")
    _check_hits("deposit", deposit, (deposit >= 0) & np.isfinite(deposit), event, "0 or more")
    place = (event * LAYERS + plane) * CELLS + cell
    image = np.bincount(place, deposit, len(counts) * SIZE).astype(np.float32)
    return image.reshape(-1, LAYERS, CELLS)


def _check_hits(name: str, values: Array, good: Array, event: Integers, expected: str) -> None:
    wrong = np.flatnonzero(~good)
    if len(wrong):
        raise DataError(
            f"hits: {name} {values[wrong[0]]}, expected {expected}", int(event[wrong[0]])
        )
