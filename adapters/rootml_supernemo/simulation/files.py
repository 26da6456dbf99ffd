"""Simulated events as ROOT files: ``hit_tree``, and the contents of TKEvent as plain lists.

Of the collaboration's files they differ in what uproot does not write: lists are arrays with a
counter instead of ``std::vector``, and TKEvent's objects, pointed to from vectors, are lists of
their members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootml.rootio.writing import Shape, SimulationWriter, flat_branches
from rootml_supernemo.geometry import (
    GAMMA_VETO,
    MAIN_COLUMNS,
    MAIN_ROWS,
    MAIN_WALL,
    SIDES,
    TIMESTAMPS,
    VETO_COLUMNS,
    X_WALL_COLUMNS,
    X_WALL_ROWS,
    cell_number,
)
from rootml_supernemo.simulation.generate import simulate

if TYPE_CHECKING:
    import awkward as ak

OM_TICKS: Final = 2
"""Of the calorimeter's clock, 6.25 ns, in one of the tracker's (TKEvent, ``TKEvent::set_r``)."""
OM_LATE_TICKS: Final = 44
"""By which it is ahead of the tracker's (the same)."""
_LISTS: Final = {
    "tracks": "dirx diry dirz charge track_split truth_vertexy truth_vertexz",
    "kinks": "breakpointx breakpointy bpangle break_layer",
    "calo": "pointx pointy pointz calo_id calo_type calo_side calo_wall calo_row calo_column",
    "hits": "radius wirex wirey wirez grid_id grid_side grid_layer grid_column truth_track truth_z "
    + " ".join(f"tsp{place}" for place in range(TIMESTAMPS)),
}
"""Lists of the tree that share a counter."""
_BEFORE_X: Final = SIDES * MAIN_COLUMNS * MAIN_ROWS
_X_SIDE: Final = 2 * X_WALL_COLUMNS * X_WALL_ROWS
_BEFORE_VETO: Final = _BEFORE_X + SIDES * _X_SIDE


def module_number(calo: ak.Array) -> ak.Array:
    """TKEvent's ``OM_num``, 0 to 711, of records with the ``calo_*`` of ``hit_tree``."""
    import awkward as ak

    side, wall, row, column = (calo[f"calo_{name}"] for name in ("side", "wall", "row", "column"))
    main = MAIN_ROWS * (MAIN_COLUMNS * side + column) + row
    x_wall = X_WALL_ROWS * (X_WALL_COLUMNS * wall + column) + row + _BEFORE_X + _X_SIDE * side
    veto = VETO_COLUMNS * (2 * side + wall) + column + _BEFORE_VETO
    kind = calo["calo_type"]
    return ak.where(kind == MAIN_WALL, main, ak.where(kind == GAMMA_VETO, veto, x_wall))


def _hit_tree(events: ak.Array) -> dict[str, Any]:
    import awkward as ak

    lists = {
        name: ak.zip({field: events[field] for field in fields.split()})
        for name, fields in _LISTS.items()
    }
    return lists | flat_branches(events[["truth_ntracks", "truth_start"]])


def _tkevent(events: ak.Array) -> dict[str, Any]:
    """Members of TKEvent's hits; h is 0 where it is not known, as the class leaves it."""
    import awkward as ak

    cell = cell_number(events["grid_side"], events["grid_column"], events["grid_layer"])
    hits = {"cell_num": cell, "h": ak.nan_to_num(events["wirez"], nan=0.0), "r": events["radius"]}
    hits |= {f"tsp{place}": events[f"tsp{place}"] for place in range(TIMESTAMPS)}
    hits |= {"truth_track": events["truth_track"], "truth_z": events["truth_z"]}
    number = module_number(events)
    late = OM_TICKS * events["truth_start"] + OM_LATE_TICKS
    modules = {"OM_num": number, "OM_TDC": late + ak.zeros_like(number, dtype=np.int64)}
    modules |= {"truth_track": events["calo_id"]}
    return {
        "tr_hits": ak.zip(hits),
        "OM_hits": ak.zip(modules),
        "truth_ntracks": ak.to_numpy(events["truth_ntracks"]),
    }


write = SimulationWriter(
    adapter="supernemo",
    simulate=simulate,
    shapes={
        "hit_tree": Shape(
            "hit_tree", _hit_tree, lambda name: f"n_{name}", lambda outer, name: name
        ),
        "tkevent_flat": Shape("Event", _tkevent, field_name=lambda outer, name: f"{outer}.{name}"),
    },
)
"""Writes simulated events in one of the two formats."""
