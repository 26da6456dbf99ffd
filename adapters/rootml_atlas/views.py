"""Electrons as networks see them.

All but that of shower shapes give ``calibrated``, the energy that the experiment has for the
electron, apart: networks learn by how much it is off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_atlas.geometry import ACCORDION, LAYERS, MAX_TRACKS, WINDOW
from rootml_atlas.ntuple import SCALARS
from rootml_atlas.shapes import VIEW as SHAPES
from rootml_atlas.tracks import FEATURES, REDUCED
from rootml_atlas.units import HIGHEST
from rootml_atlas.variations import VARIATIONS

FULL: Final = tuple(SCALARS)
"""The 16 scalars of the talk's table, in its order; energies in GeV."""
WITHOUT_CELLS: Final = tuple(name for name in FULL if name not in ("dphi2", "deta2", "poscs2"))
"""Those that PHYSLITE gives: it has no tracks extrapolated to the calorimeter, and no cells."""

_CALIBRATED = TensorSpec("calibrated", (1,), unit="GeV", doc="energy before the network")
_CELLS = TensorSpec(
    "cells", (len(LAYERS), *WINDOW), unit="GeV", axes=("eta", "phi"), doc="energies, by layer"
)
_TIMES = TensorSpec(
    "times", (len(LAYERS), *WINDOW), unit="ns", axes=("eta", "phi"), doc="times, 0: none"
)


def _scalars(names: tuple[str, ...]) -> TensorSpec:
    return TensorSpec("scalars", (len(names),), columns=names, doc="energies in GeV")


def _tracks(names: tuple[str, ...]) -> tuple[TensorSpec, TensorSpec]:
    return (
        TensorSpec(
            "tracks", (MAX_TRACKS, len(names)), columns=names, doc="the nearest tracks; 0: none"
        ),
        TensorSpec("tracks_mask", (MAX_TRACKS,), "bool", doc="which of the tracks are there"),
    )


def build(images: tuple[str, ...], names: tuple[str, ...], tracks: str, events: ak.Array) -> Batch:
    """One row an electron; where an entry holds several, ``counts`` says how many.

    Not judged are electrons of which a number is not known, without energy above 0 (calibrated, or
    behind the presampler, in the cluster or all cells), or with more than the beams have.
    """
    jagged = events["energy"].ndim == 2
    counts = ak.to_numpy(ak.num(events["energy"], axis=1)) if jagged else None
    read = partial(_flat, events, jagged)
    energy, scalars = read("energy"), np.stack([read(name) for name in names], axis=1)
    rows = {name: read(name) for name in images} | {"scalars": scalars, "tracks": read(tracks)}
    judged = _possible(energy) & np.isfinite(scalars).all(axis=1)
    judged &= _possible(scalars[:, names.index("e_acc")])
    for name in (*images, "tracks"):
        judged &= np.isfinite(rows[name]).all(axis=tuple(range(1, rows[name].ndim)))
    if "cells" in rows:
        judged &= _possible(rows["cells"][:, ACCORDION].sum(axis=(1, 2, 3), dtype=np.float64))
    rows = {name: values if judged.all() else values[judged] for name, values in rows.items()}
    rows["tracks_mask"] = (rows["tracks"] != 0).any(axis=2)
    rows["calibrated"] = energy[judged, None].astype(np.float32)
    rows["scalars"] = rows["scalars"].astype(np.float32)
    return Batch(rows, judged, counts)


def _flat(events: ak.Array, jagged: bool, name: str) -> Array:
    values = events[name]
    flat: Array = ak.to_numpy(ak.flatten(values, axis=1) if jagged else values)
    return flat


def _possible(energy: Array) -> Array:
    """Energies in GeV that an electron can have; NaN is none."""
    possible: Array = (energy > 0) & (energy < HIGHEST)
    return possible


def _view(
    name: str, images: tuple[TensorSpec, ...], scalars: tuple[str, ...], tracks: str, doc: str
) -> View:
    features = FEATURES if tracks == "tracks" else REDUCED
    read = tuple(spec.name for spec in images)
    return View(
        name=name,
        columns=("energy", *read, *scalars, tracks),
        tensors=(*images, _scalars(scalars), *_tracks(features), _CALIBRATED),
        build=partial(build, read, scalars, tracks),
        summaries=_summaries(scalars),
        doc=doc,
        variations=VARIATIONS,
    )


def _summaries(names: tuple[str, ...]) -> tuple[Summary, ...]:
    def scalar(name: str) -> Callable[[Mapping[str, Array]], Array]:
        place = names.index(name)
        return lambda tensors: tensors["scalars"][:, place].astype(np.float64)

    def energy(tensors: Mapping[str, Array]) -> Array:
        return tensors["calibrated"][:, 0].astype(np.float64)

    return (
        Summary("energy", energy, "GeV", log=True, doc="calibrated energy"),
        Summary("eta", scalar("eta"), doc="pseudorapidity"),
        Summary("f0", scalar("f0"), doc="presampler over the layers behind it"),
        Summary("r12", scalar("r12"), doc="strips over middle"),
        Summary("mu", scalar("mu"), doc="<mu>"),
    )


ELECTRON: Final = _view(
    "electron", (_CELLS,), FULL, "tracks", "Cell energies, the 16 scalars, and up to ten tracks."
)
ELECTRON_TIMES: Final = _view(
    "electron_times", (_CELLS, _TIMES), FULL, "tracks", "The same with the times of the cells."
)
ELECTRON_REDUCED: Final = _view(
    "electron_reduced", (), WITHOUT_CELLS, "tracks_reduced", "What PHYSLITE has: no cells."
)
VIEWS: Final = {view.name: view for view in (ELECTRON, ELECTRON_TIMES, ELECTRON_REDUCED, SHAPES)}
