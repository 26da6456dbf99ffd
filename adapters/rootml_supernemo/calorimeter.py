"""From the branches of SuperNEMO's files to logical columns of the calorimeter's hits.

Lists with one value a hit, in the order of the file: ``calo_kind`` (0 main wall, 1 X wall, 2 gamma
veto); ``calo_side`` 0 or 1, -1 where the file has none; ``calo_x``, ``calo_y``, ``calo_z``, the
middle of the module's front face in mm (x is NaN without a side); ``calo_energy`` in MeV. And a
list with one value a hit of the tracker: ``truth_module``, the place in those lists of the module
at which its track ends, -1 for none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Options
from rootml.spec import Array
from rootml_supernemo.decoding import Source, each, first_wrong, inside, like, numbers
from rootml_supernemo.geometry import SIDES
from rootml_supernemo.modules import KINDS, LIMITS, MODULES, NONE, address, front

COLUMNS: Final = ("calo_kind", "calo_side", "calo_x", "calo_y", "calo_z")
ADDRESS: Final = ("calo_type", "calo_side", "calo_wall", "calo_row", "calo_column")
MOST_MEV: Final = 100.0
"""No energy in a module is beyond it, by far; what says so is not measured."""

Numbers = Callable[[ak.Array], ak.Array]


def by_address() -> dict[str, Source]:
    """Where modules are by the five numbers of ``hit_tree``."""

    def read(raw: ak.Array, options: Options) -> ak.Array:
        kind = inside(raw["calo_type"], len(KINDS), "calo_type")
        parts = {
            name: _of_kind(raw[name], kind, name)
            for name in ("calo_wall", "calo_row", "calo_column")
        }
        return _placed(kind, _side(raw["calo_side"], kind), **parts)

    return dict.fromkeys(COLUMNS, Source(ADDRESS, read))


def by_number(key: str, om_num: Numbers) -> dict[str, Source]:
    """Where modules are by TKEvent's number, which ``om_num`` reads."""

    def read(raw: ak.Array, options: Options) -> ak.Array:
        number = inside(om_num(raw), MODULES, "OM_num")
        counts = ak.num(number, axis=1)
        found = address(ak.to_numpy(ak.flatten(number, axis=1)))
        parts = {name: ak.unflatten(values, counts) for name, values in found.items()}
        kind, side = parts.pop("kind"), parts.pop("side")
        return _placed(kind, side, **{f"calo_{name}": part for name, part in parts.items()})

    return dict.fromkeys(COLUMNS, Source((key,), read))


def energy(key: str, other: str) -> Source:
    """Energies in MeV of the hits whose kinds or numbers are in ``other``; NaN: not measured."""

    def measured(values: Array) -> Array:
        with np.errstate(invalid="ignore"):
            there = (values >= 0) & (values < MOST_MEV)
        found: Array = np.where(there, values, np.nan).astype(np.float32)
        return found

    def read(raw: ak.Array, options: Options) -> ak.Array:
        return each(measured, like(numbers(raw[key], key), raw[other], key))

    return Source((key, other), read)


def total(energy: Source) -> dict[str, Source]:
    """``calo_total``: the energy in all modules of an event in MeV; NaN where one has none."""

    def read(raw: ak.Array, options: Options) -> ak.Array:
        return ak.sum(energy.read(raw, options), axis=1)

    return {"calo_energy": energy, "calo_total": Source(energy.keys, read)}


def truth_module(hits: str, modules: str, track: Source) -> Source:
    """The module of each hit's track: as the file says, else that whose id is the track.

    ``hits``, ``modules``: keys with a value a hit of the tracker and of the calorimeter.
    """

    def read(raw: ak.Array, options: Options) -> ak.Array:
        if "truth_module" in raw.fields:
            places = like(numbers(raw["truth_module"], "truth_module"), raw[hits], "truth_module")
            most = ak.num(raw[modules], axis=1)
            wrong = (places < NONE) | (places >= most) | (places != np.floor(places))
            first_wrong(wrong, places, "truth_module", "a place in the list of modules, or -1")
            return ak.values_astype(places, np.int64)
        owner = like(numbers(raw["calo_id"], "calo_id"), raw[modules], "calo_id")
        tracks = track.read(raw, options)
        same = (tracks[:, :, np.newaxis] == owner[:, np.newaxis]) & (tracks >= 0)
        place = ak.fill_none(ak.argmax(same, axis=2), NONE)
        return ak.values_astype(ak.where(ak.any(same, axis=2), place, NONE), np.int64)

    ways = tuple(("calo_id", modules, *keys) for keys in (track.keys, *track.instead))
    return Source(("truth_module", hits, modules), read, ways)


def _of_kind(values: ak.Array, kind: ak.Array, what: str) -> ak.Array:
    """Walls, rows or columns, int64, checked; ``NONE`` for kinds of modules that have none."""
    values = like(numbers(values, what), kind, what)
    for place, (title, size) in enumerate(zip(KINDS, LIMITS[what], strict=True)):
        inside_it = (values >= 0) & (values < size) & (values == np.floor(values))
        wrong = (kind == place) & ~inside_it & (size > 0)
        first_wrong(wrong, values, what, f"0 to {size - 1} of the {title}")
    has = each(lambda flat: np.array(LIMITS[what])[flat] > 0, kind)
    return ak.values_astype(ak.where(has, values, NONE), np.int64)


def _side(values: ak.Array, kind: ak.Array) -> ak.Array:
    """Sides, checked; ``NONE`` in events whose list is empty, as it is in one variant."""
    values = inside(values, SIDES, "calo_side")
    told, modules = (ak.to_numpy(ak.num(part, axis=1)) for part in (values, kind))
    absent = np.where(told > 0, 0, modules)
    unknown = ak.unflatten(np.full(absent.sum(), NONE), absent)
    return like(ak.concatenate([values, unknown], axis=1), kind, "calo_side")


def _placed(kind: ak.Array, side: ak.Array, **parts: ak.Array) -> ak.Array:
    """The columns of modules, from where they are in the walls."""
    flat = {name: ak.to_numpy(ak.flatten(part, axis=1)) for name, part in parts.items()}
    wall, row, column = (flat[f"calo_{name}"] for name in ("wall", "row", "column"))
    kinds, sides = (ak.to_numpy(ak.flatten(part, axis=1)) for part in (kind, side))
    counts = ak.num(kind, axis=1)
    places = front(kinds, sides, wall, row, column)
    made = dict(zip(COLUMNS[2:], (place.astype(np.float32) for place in places), strict=True))
    made = {"calo_kind": kinds, "calo_side": sides} | made
    return ak.zip({name: ak.unflatten(values, counts) for name, values in made.items()})
