"""Hits of the tracker beside those of the calorimeter: where tracks end, and what they bring."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_supernemo.hits import HITS, build_hits
from rootml_supernemo.modules import NONE
from rootml_supernemo.variations import variations

MOST_MODULES: Final = 16
"""Events with more are not judged (chosen: the busiest of 100 events of Falaise has 2)."""
MODULE: Final = ("kind", "side", "side_known", "x", "y", "z")
_PLACED: Final = ("calo_kind", "calo_side", "calo_x", "calo_y", "calo_z")


def build(energies: bool, events: ak.Array) -> Batch:
    """One row an event: its hits and its modules in the order of the file, zeros behind the last.

    Not judged are events that the view ``hits`` does not judge and those with more modules than
    ``MOST_MODULES``; with ``energies`` also those without a module or with one of unknown energy.
    """
    counts = ak.to_numpy(ak.num(events["calo_kind"], axis=1))
    judged = counts <= MOST_MODULES
    if energies:
        judged &= (counts > 0) & ~ak.to_numpy(ak.any(np.isnan(events["calo_energy"]), axis=1))
    hits = build_hits(events)
    rows = hits.each & judged
    kept = rows[hits.each]
    there = np.arange(MOST_MODULES) < counts[rows, None]
    parts = _features(events[rows], energies)
    table = np.zeros((*there.shape, len(parts)), np.float32)
    table[there] = np.stack(parts, axis=1)
    tensors = {name: tensor[kept] for name, tensor in hits.tensors.items()}
    return Batch(tensors | {"modules": table, "modules_mask": there}, rows, members=hits.members)


def _features(events: ak.Array, energies: bool) -> list[Array]:
    """What is known of each module; a side that is not is 0, and so is its x."""
    names = (*_PLACED, "calo_energy") if energies else _PLACED
    flat = {name: ak.to_numpy(ak.flatten(events[name], axis=1)) for name in names}
    known = flat["calo_side"] != NONE
    found = [
        flat["calo_kind"],
        np.where(known, flat["calo_side"], 0),
        known,
        np.where(known, flat["calo_x"], 0),
        flat["calo_y"],
        flat["calo_z"],
    ]
    return [*found, flat["calo_energy"]] if energies else found


def _count(tensors: Mapping[str, Array]) -> Array:
    count: Array = tensors["modules_mask"].sum(axis=1).astype(np.float64)
    return count


def _total(tensors: Mapping[str, Array]) -> Array:
    total: Array = tensors["modules"][..., -1].sum(axis=1, dtype=np.float64)
    return total


_MODULES: Final = Summary("modules", _count, doc="modules of the calorimeter that answered")


def _view(name: str, doc: str, *, energies: bool = False) -> View:
    columns = (*HITS.columns, *_PLACED)
    features = (*MODULE, "energy") if energies else MODULE
    total = Summary("energy", _total, "MeV", doc="energy in all modules")
    return View(
        name=name,
        columns=(*columns, "calo_energy") if energies else columns,
        tensors=(
            *HITS.tensors,
            TensorSpec(
                "modules",
                (MOST_MODULES, len(features)),
                columns=features,
                doc="middles of front faces in mm" + ", energies in MeV" * energies,
            ),
            TensorSpec("modules_mask", (MOST_MODULES,), "bool", doc="which of them are there"),
        ),
        build=partial(build, energies),
        summaries=(*HITS.summaries, _MODULES, *([total] if energies else [])),
        doc=doc,
        variations=variations(columns),
        members=HITS.members,
    )


VIEWS: Final = (
    _view("association", "The hits of an event as a list, and the modules that answered."),
    _view("energies", "As association, with the energies of the modules.", energies=True),
)
