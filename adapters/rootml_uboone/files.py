"""Simulated events as ROOT files.

Of the experiment's files they differ in what uproot does not write: lists are arrays counted by
``n_pfps`` instead of ``std::vector``, angles are float32 instead of ``Float16_t``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rootml.errors import DataError, LayoutError, nearest
from rootml.rootio.writing import write_tree
from rootml_uboone.layouts import LAYOUTS
from rootml_uboone.simulation import chunks

TREE = "nuselection/NeutrinoSelectionFilter"


def write(
    path: str | os.PathLike[str],
    n: int,
    rng: np.random.Generator,
    *,
    layout: str = LAYOUTS[0].name,
    progress: Callable[[int], object] | None = None,
    **options: Any,
) -> None:
    """Simulate ``n`` events into the ROOT file ``path``, in a ``layout`` of the adapter.

    ``progress`` is told how many events are done; ``options`` go to the simulation. The file
    appears under its name when it is complete. Raises LayoutError for an unknown layout, DataError
    for a request that makes no sense and OutputError where the file cannot be written.
    """
    names = [known.name for known in LAYOUTS]
    if n < 1:
        raise DataError(f"cannot write {n} events: expected 1 or more")
    if layout not in names:
        known = f"layouts: {', '.join(names)}"
        raise LayoutError(f"uboone: no layout {layout!r} ({known}){nearest(layout, names)}")
    parts = _parts(n, rng, progress, options)
    write_tree(
        Path(path),
        TREE,
        parts,
        counter_name=lambda name: "n_pfps",
        field_name=lambda outer, inner: inner,
    )


def _parts(
    n: int,
    rng: np.random.Generator,
    progress: Callable[[int], object] | None,
    options: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    import awkward as ak

    done = 0
    for events in chunks(n, rng, **options):
        lists = [name for name in events.fields if events[name].ndim == 2]
        flat = {name: ak.to_numpy(events[name]) for name in events.fields if name not in lists}
        yield {"": ak.zip({name: events[name] for name in lists})} | flat
        done += len(events)
        if progress is not None:
            progress(done)
