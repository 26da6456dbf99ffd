"""Simulated events as ROOT files: ``hit_tree``, and the contents of TKEvent as plain lists.

Of the collaboration's files they differ in what uproot does not write: lists are arrays with a
counter instead of ``std::vector``, and TKEvent's objects, pointed to from vectors, are lists of
their members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootml.rootio.writing import Shape, SimulationWriter, flat_branches
from rootml_supernemo.geometry import TIMESTAMPS, cell_number
from rootml_supernemo.modules import number
from rootml_supernemo.simulation.generate import simulate

if TYPE_CHECKING:
    import awkward as ak

OM_TICKS: Final = 2
"""Of the calorimeter's clock, 6.25 ns, in one of the tracker's (TKEvent, ``TKEvent::set_r``)."""
OM_LATE_TICKS: Final = 44
"""By which it is ahead of the tracker's (the same)."""
_LISTS: Final = {
    "tracks": "dirx diry dirz charge pointx pointy pointz track_split truth_vertexy truth_vertexz "
    "truth_energy",
    "kinks": "breakpointx breakpointy bpangle break_layer",
    "calo": "calo_id calo_type calo_side calo_wall calo_row calo_column calo_energy",
    "lost": "truth_lost_side truth_lost_layer truth_lost_column",
    "hits": "radius wirex wirey wirez grid_id grid_side grid_layer grid_column truth_track truth_z "
    "truth_module " + " ".join(f"tsp{place}" for place in range(TIMESTAMPS)),
}
"""Lists of the tree that share a counter."""


def _hit_tree(events: ak.Array) -> dict[str, Any]:
    import awkward as ak

    lists = {
        name: ak.zip({field: events[field] for field in fields.split()})
        for name, fields in _LISTS.items()
    }
    return lists | flat_branches(events[["truth_ntracks", "truth_class", "truth_start"]])


def _tkevent(events: ak.Array) -> dict[str, Any]:
    """Members of TKEvent's hits; h is 0 where it is not known, as the class leaves it."""
    import awkward as ak

    cell = cell_number(events["grid_side"], events["grid_column"], events["grid_layer"])
    hits = {"cell_num": cell, "h": ak.nan_to_num(events["wirez"], nan=0.0), "r": events["radius"]}
    hits |= {f"tsp{place}": events[f"tsp{place}"] for place in range(TIMESTAMPS)}
    hits |= {"truth_track": events["truth_track"], "truth_z": events["truth_z"]}
    hits |= {"truth_module": events["truth_module"]}
    om = number(*(events[f"calo_{name}"] for name in ("type", "side", "wall", "row", "column")))
    late = OM_TICKS * events["truth_start"] + OM_LATE_TICKS
    modules = {"OM_num": om, "OM_TDC": late + ak.zeros_like(om, dtype=np.int64)}
    modules |= {"energy": events["calo_energy"]}
    places = (events[f"truth_lost_{name}"] for name in ("side", "column", "layer"))
    return {
        "tr_hits": ak.zip(hits),
        "OM_hits": ak.zip(modules),
        "truth_lost": ak.zip({"cell_num": cell_number(*places)}),
        "truth_ntracks": ak.to_numpy(events["truth_ntracks"]),
        "truth_class": ak.to_numpy(events["truth_class"]),
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
