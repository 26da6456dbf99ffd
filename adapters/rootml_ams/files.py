"""Simulated events as ROOT files in the three formats."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import DataError, LayoutError, nearest
from rootml.rootio.writing import write_tree
from rootml_ams.geometry import CELLS
from rootml_ams.simulation import chunks

if TYPE_CHECKING:
    import awkward as ak

STEP = 5000
"""Events simulated and written at a time."""
_SHOWER = {"EnergyE": "en3d"}


def write(
    path: str | os.PathLike[str],
    n: int,
    rng: np.random.Generator,
    *,
    layout: str = "flat",
    progress: Callable[[int], object] | None = None,
    **options: Any,
) -> None:
    """Simulate ``n`` events into the ROOT file ``path``, in a ``layout`` of the adapter.

    ``progress`` is told how many events are done; ``options`` go to the simulation. The same seed
    gives the same events in every layout. The file appears under its name when it is complete.
    Raises LayoutError for an unknown layout, DataError for a request that makes no sense and
    OutputError where the file cannot be written.
    """
    if n < 1:
        raise DataError(f"cannot write {n} events: expected 1 or more")
    if layout not in _SHAPES:
        raise LayoutError(
            f"ams: no layout {layout!r} (layouts: {', '.join(_SHAPES)}){nearest(layout, _SHAPES)}"
        )
    tree, shape = _SHAPES[layout]
    parts = _parts(n, rng, shape, progress, options)
    write_tree(Path(path), tree, parts, counter_name=_counter, field_name=_field)


def _parts(
    n: int,
    rng: np.random.Generator,
    shape: Callable[[Any], dict[str, Any]],
    progress: Callable[[int], object] | None,
    options: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    done = 0
    for events in chunks(n, rng, step=STEP, **options):
        yield shape(events)
        done += len(events)
        if progress is not None:
            progress(done)


def _flat(events: ak.Array) -> dict[str, Any]:
    import awkward as ak

    return {name: ak.to_numpy(events[name]) for name in events.fields}


def _sparse(events: ak.Array) -> dict[str, Any]:
    branches = _flat(events)
    return {"": _hits(branches.pop("edep_cell"))} | branches


def _gbatch(events: ak.Array) -> dict[str, Any]:
    import awkward as ak

    branches = _flat(events)
    one = np.ones(len(events), np.int64)
    shower = {name: ak.unflatten(branches[key], one) for name, key in _SHOWER.items()}
    truth = {name: values for name, values in branches.items() if name.startswith("truth_")}
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


_SHAPES: Mapping[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "flat": ("t1", _flat),
    "sparse": ("t1", _sparse),
    "gbatch": ("AMSRoot", _gbatch),
}


def _counter(name: str) -> str:
    return f"n{name or 'Hit'}"


def _field(outer: str, inner: str) -> str:
    """Members of lists: ``Plane`` in the sparse ntuple, ``fEcalHit.Plane`` in the AMS software."""
    return f"{outer}.{inner}" if outer else inner
