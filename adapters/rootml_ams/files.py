"""Simulated events as ROOT files in the three formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.rootio.writing import Shape, SimulationWriter, flat_branches
from rootml_ams.geometry import CELLS
from rootml_ams.simulation import simulate

if TYPE_CHECKING:
    import awkward as ak

_SHOWER = {"EnergyE": "en3d"}


def _sparse(events: ak.Array) -> dict[str, Any]:
    branches = flat_branches(events)
    return {"": _hits(branches.pop("edep_cell"))} | branches


def _gbatch(events: ak.Array) -> dict[str, Any]:
    import awkward as ak

    branches = flat_branches(events)
    one = np.ones(len(events), np.int64)
    shower = {name: ak.unflatten(branches[key], one) for name, key in _SHOWER.items()}
    truth = {
        name: values for name, values in branches.items() if name.startswith(("truth_", "mc_"))
    }
    hits = _hits(branches["edep_cell"])
    return {"fEcalHit": hits, "fEcalShower": ak.zip(shower)} | truth


def _hits(cells: np.ndarray[Any, Any]) -> ak.Array:
    """The hit cells of images (n, 1296) as lists of records."""
    import awkward as ak

    event, place = np.nonzero(cells)
    counts = np.bincount(event, minlength=len(cells))
    columns = {
        "Plane": (place // CELLS).astype(np.int32),
        "Cell": (place % CELLS).astype(np.int32),
        "Edep": cells[event, place],
    }
    return ak.zip({name: ak.unflatten(values, counts) for name, values in columns.items()})


def _counter(name: str) -> str:
    return f"n{name or 'Hit'}"


def _field(outer: str, inner: str) -> str:
    """Members of lists: ``Plane`` in the sparse ntuple, ``fEcalHit.Plane`` in the AMS software."""
    return f"{outer}.{inner}" if outer else inner


write = SimulationWriter(
    adapter="ams",
    simulate=simulate,
    shapes={
        "flat": Shape("t1", flat_branches, _counter, _field),
        "sparse": Shape("t1", _sparse, _counter, _field),
        "gbatch": Shape("AMSRoot", _gbatch, _counter, _field),
    },
    step=5000,
)
"""Writes simulated events in one of the three formats."""
