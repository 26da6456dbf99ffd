"""The file formats that hold hits of SuperNEMO's tracker.

``hit_tree``: SN-IEgenerator (github.com/SuperNEMO-DBD/SN-IEgenerator) and those made after it
(github.com/amendl/SuperNEMO_ML_applications). ``tkevent``: github.com/TomasKrizak/TKEvent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Branch, Layout, Options
from rootml.errors import BranchError, nearest
from rootml_supernemo import calorimeter, decoding, truth
from rootml_supernemo.decoding import TICKS, Source, decode
from rootml_supernemo.refused import BRIO, MIMODULE

_TIMED: Final = ("t1", "t2", "t3", "t4", "t5", "t6", "z_timed", "z_error")


def _timed(keys: tuple[str, ...], ticks: Callable[[ak.Array], ak.Array]) -> dict[str, Source]:
    """Columns made of the seven timestamps, which ``ticks`` gives as (events, hits, 7)."""

    def read(raw: ak.Array, options: Options) -> ak.Array:
        seen = ticks(raw)
        made = decoding.timed(decoding.times(ak.to_numpy(ak.flatten(seen, axis=1))), options)
        counts = ak.num(seen, axis=1)
        return ak.zip({name: ak.unflatten(values, counts) for name, values in made.items()})

    return dict.fromkeys(_TIMED, Source(keys, read))


def _best(z: Source, timed: Source) -> Source:
    """Heights of the file and, where it has none, those by the timestamps that are precise."""

    def read(raw: ak.Array, options: Options) -> ak.Array:
        known, other = z.read(raw, options), timed.read(raw, options)
        precise = decoding.like(other["z_error"], known, "timestamps") < decoding.PRECISE_MM
        return ak.where(np.isnan(known) & precise, other["z_timed"], known)

    return Source(tuple(dict.fromkeys((*z.keys, *timed.keys))), read)


def _side_by_side(raw: ak.Array) -> ak.Array:
    """Seven branches of timestamps as (events, hits, 7)."""
    lists = [decoding.numbers(raw[key], key) for key in TICKS]
    for key, values in zip(TICKS, lists, strict=True):
        decoding.like(values, lists[0], key)
    flat = np.stack([ak.to_numpy(ak.flatten(values, axis=1)) for values in lists], axis=1)
    return ak.unflatten(ak.from_numpy(flat, regulararray=True), ak.num(lists[0], axis=1))


def _settle_side_by_side(raw: ak.Array) -> Options:
    if not {*TICKS} <= {*raw.fields}:
        return {}
    ticks = ak.to_numpy(ak.flatten(_side_by_side(raw), axis=1))
    return decoding.settle_times(decoding.times(ticks))


def _layout(
    name: str,
    trees: tuple[str, ...],
    branches: Mapping[str, Branch],
    sources: Mapping[str, Source],
    settle: Callable[[ak.Array], Options],
    probes: tuple[str, ...],
    doc: str,
    without: tuple[str, ...] = (),
    lost: Mapping[str, Source] | None = None,
) -> Layout:
    sources = {**sources, "z_best": _best(sources["z"], sources["z_timed"])}
    if lost is not None:
        sources |= truth.of_cells(sources, sources["truth_track"], lost)
    return Layout(
        name=name,
        trees=trees,
        branches=branches,
        columns={column: source.keys for column, source in sources.items()},
        instead={column: source.instead for column, source in sources.items() if source.instead},
        without=without,
        decode=partial(decode, sources),
        configure=settle,
        probes=probes,
        doc=doc,
    )


def _ticks(prefix: str = "") -> dict[str, Branch]:
    docs = ("the avalanche's", *("the anode's",) * 4, "the bottom cathode's", "the top cathode's")
    return {
        key: Branch((f"{prefix}{key}",), "ticks of 12.5 ns", optional=True, doc=f"{doc} time")
        for key, doc in zip(TICKS, docs, strict=True)
    }


_LAYER: Final = Source(
    ("grid_layer",), lambda raw, options: decoding.layer(raw["grid_layer"], "grid_layer")
)


_MODULES: Final = {
    "calo_type": Branch(("calo_type",), optional=True, doc="0 main wall, 1 X wall, 2 gamma veto"),
    "calo_side": Branch(("calo_side",), optional=True, doc="0 or 1; in one variant always empty"),
    "calo_wall": Branch(("calo_wall",), optional=True, doc="0 or 1, of X walls and vetoes"),
    "calo_row": Branch(("calo_row",), optional=True, doc="along z; vetoes have none"),
    "calo_column": Branch(("calo_column",), optional=True, doc="along y, of X walls along x"),
    "calo_energy": Branch(("calo_energy",), "MeV", optional=True, doc="of a module"),
}


def _hit_tree_row(raw: ak.Array, options: Options) -> ak.Array:
    rows = decoding.row(raw["grid_column"], "grid_column")
    return decoding.like(rows, raw["grid_layer"], "grid_column")


def _hit_tree_side(raw: ak.Array, options: Options) -> ak.Array:
    return decoding.side(raw["wirex"], _LAYER.read(raw, options), raw["grid_side"], "wirex")


def _settle_hit_tree(raw: ak.Array) -> Options:
    """Check the numbering of the cells by the places of the wires; calibrate timestamps."""
    if {"wirex", "wirey"} <= {*raw.fields}:
        layers, rows = _LAYER.read(raw, {}), _hit_tree_row(raw, {})
        decoding.check_cells(raw["wirex"], raw["wirey"], layers, rows)
    return _settle_side_by_side(raw)


HIT_TREE: Final = _layout(
    "hit_tree",
    ("hit_tree",),
    {
        "grid_layer": Branch(("grid_layer",), doc="0-8, away from the foil"),
        "grid_column": Branch(("grid_column",), doc="0-112, along the foil"),
        "grid_side": Branch(("grid_side",), doc="0 or 1; in one variant always empty"),
        "wirez": Branch(("wirez",), "mm", doc="height of the hit; NaN or 0: not measured"),
        "radius": Branch(("radius",), "mm", doc="distance from the wire"),
        "wirex": Branch(("wirex",), "mm", optional=True, doc="tells the side"),
        "wirey": Branch(("wirey",), "mm", optional=True),
    }
    | _ticks()
    | _MODULES
    | truth.OF_EVENTS
    | truth.OF_HITS
    | truth.LOST,
    {
        "layer": _LAYER,
        "row": Source(("grid_column", "grid_layer"), _hit_tree_row),
        "side": Source(("wirex", "grid_layer", "grid_side"), _hit_tree_side),
        "z": Source(
            ("wirez", "grid_layer"),
            lambda raw, options: decoding.height(raw["wirez"], raw["grid_layer"], "wirez"),
        ),
        "radius": Source(
            ("radius", "grid_layer"),
            lambda raw, options: decoding.radius(raw["radius"], raw["grid_layer"], "radius"),
        ),
    }
    | _timed(TICKS, _side_by_side)
    | calorimeter.by_address()
    | calorimeter.total(calorimeter.energy("calo_energy", "calo_type"))
    | truth.of_events()
    | truth.of_hits("grid_layer", "calo_type"),
    _settle_hit_tree,
    ("grid_layer", "grid_column", "wirex", "wirey", *TICKS),
    "Lists of hits an event, as SN-IEgenerator writes them.",
    lost=truth.lost_by_place(),
)


def _member(raw: ak.Array, name: str, key: str = "hits", branch: str = "tr_hits") -> ak.Array:
    objects = raw[key]
    if name not in objects.fields:
        raise BranchError(
            f"{branch}: expected a member {name!r}, found {', '.join(objects.fields) or 'none'}"
            f"{nearest(name, objects.fields)}"
        )
    return objects[name]


def _tkevent(
    keys: Mapping[str, str], read: Callable[[ak.Array, str], ak.Array]
) -> dict[str, Source]:
    """Columns of TKEvent's hits; ``keys``: the branch of each member."""

    def cell(part: int) -> Source:
        return Source(
            (keys["cell_num"],),
            lambda raw, options: decoding.address(read(raw, "cell_num"), part, "cell_num"),
        )

    def length(name: str, function: Callable[[ak.Array, ak.Array, str], ak.Array]) -> Source:
        return Source(
            tuple(dict.fromkeys((keys[name], keys["cell_num"]))),
            lambda raw, options: function(read(raw, name), read(raw, "cell_num"), name),
        )

    return {
        "side": cell(0),
        "row": cell(1),
        "layer": cell(2),
        "z": length("h", decoding.height),
        "radius": length("r", decoding.radius),
    }


def _settle_tkevent(raw: ak.Array) -> Options:
    if "tsp" not in raw["hits"].fields:
        return {}
    ticks = ak.to_numpy(ak.flatten(_member(raw, "tsp"), axis=1))
    return decoding.settle_times(decoding.times(ticks))


_MEMBERS: Final = ("cell_num", "h", "r")
TKEVENT: Final = _layout(
    "tkevent",
    ("Event",),
    {
        "hits": Branch(("Eventdata/tr_hits", "tr_hits"), doc="TKtrhit: cell_num, tsp, h, r"),
        "modules": Branch(
            ("Eventdata/OM_hits", "OM_hits"), optional=True, doc="TKOMhit: OM_num of modules"
        ),
        "ntracks": Branch(("truth_ntracks",), optional=True, doc="number of true tracks"),
        "class": truth.OF_EVENTS["class"],
    },
    _tkevent(dict.fromkeys(_MEMBERS, "hits"), _member)
    | _timed(("hits",), lambda raw: _member(raw, "tsp"))
    | calorimeter.by_number("modules", lambda raw: _member(raw, "OM_num", "modules", "OM_hits"))
    | truth.of_events(),
    _settle_tkevent,
    ("hits",),
    "Events of class TKEvent, with pointers to their hits.",
)
TKEVENT_FLAT: Final = _layout(
    "tkevent_flat",
    ("Event",),
    {
        "cell_num": Branch(("tr_hits.cell_num",), doc="0-2033"),
        "h": Branch(("tr_hits.h",), "mm", doc="height; 0: not measured"),
        "r": Branch(("tr_hits.r",), "mm", doc="distance from the wire; -1: not measured"),
    }
    | _ticks("tr_hits.")
    | {
        "OM_num": Branch(("OM_hits.OM_num",), optional=True, doc="0-711"),
        "energy": Branch(("OM_hits.energy",), "MeV", optional=True, doc="of a module"),
    }
    | truth.OF_EVENTS
    | truth.OF_HITS
    | truth.LOST_NUMBER,
    _tkevent({name: name for name in _MEMBERS}, lambda raw, name: raw[name])
    | _timed(TICKS, _side_by_side)
    | calorimeter.by_number("OM_num", lambda raw: raw["OM_num"])
    | calorimeter.total(calorimeter.energy("energy", "OM_num"))
    | truth.of_events()
    | truth.of_hits("cell_num", "OM_num"),
    _settle_side_by_side,
    ("cell_num", *TICKS),
    "The members of TKEvent's hits as one branch each.",
    without=("tr_hits",),
    lost=truth.lost_by_number(),
)


LAYOUTS: Final = (HIT_TREE, TKEVENT, TKEVENT_FLAT, BRIO, MIMODULE)
