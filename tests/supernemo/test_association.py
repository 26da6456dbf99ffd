"""Hits beside the calorimeter's modules: nothing is lost, invented, or put in another order."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml_supernemo import ADAPTER
from rootml_supernemo.association import MODULE, MOST_MODULES
from rootml_supernemo.hits import MOST_HITS

VIEWS = ("association", "energies")


@pytest.fixture
def columns(events, read):
    return read("hit_tree", events, *ADAPTER.views["energies"].columns)


def build(name, columns):
    return ADAPTER.views[name].build(columns)


@pytest.mark.parametrize("name", VIEWS)
def test_modules_in_the_order_of_the_file(columns, name):
    batch = build(name, columns)
    table, there = batch.tensors["modules"], batch.tensors["modules_mask"]
    meant = columns[batch.judged]
    assert there.sum(axis=1).tolist() == ak.num(meant["calo_kind"]).tolist()
    for place, column in enumerate(("calo_kind", "calo_side", None, "calo_x", "calo_y", "calo_z")):
        if column:
            values = ak.to_numpy(ak.flatten(meant[column]))
            np.testing.assert_array_equal(table[there][:, place], values)
    assert (table[there][:, MODULE.index("side_known")] == 1).all()
    assert not table[~there].any()
    if name == "energies":
        values = ak.to_numpy(ak.flatten(meant["calo_energy"]))
        np.testing.assert_array_equal(table[there][:, -1], values)


def test_hits_are_those_of_the_view_of_hits(columns):
    batch, hits = build("association", columns), build("hits", columns)
    np.testing.assert_array_equal(batch.tensors["hits"], hits.tensors["hits"])
    np.testing.assert_array_equal(batch.members, hits.members)


def test_modules_without_a_side(columns):
    columns["calo_side"] = ak.full_like(columns["calo_side"], -1)
    columns["calo_x"] = columns["calo_x"] * np.float32(np.nan)
    batch = build("association", columns)
    there = batch.tensors["modules_mask"]
    found = dict(zip(MODULE, batch.tensors["modules"][there].T, strict=True))
    assert not any(found[name].any() for name in ("side", "side_known", "x"))
    assert found["y"].any()


def test_what_is_not_judged(columns):
    """Without hits, or with more of anything than there is room for; energies also need some."""
    few = columns[ak.num(columns["layer"]) > 0][:4]
    lists = {name: few[name].tolist() for name in few.fields}
    for name, values in lists.items():
        if name.startswith("calo_"):
            values[0], values[3] = values[0][:1] * (MOST_MODULES + 1), []
        else:
            values[1] = values[1][:1] * (MOST_HITS + 1)
    lists["calo_energy"][2] = [np.nan] * len(lists["calo_energy"][2])
    few = ak.zip({name: ak.Array(values) for name, values in lists.items()}, depth_limit=1)
    assert build("association", few).judged.tolist() == [False, False, True, True]
    assert build("energies", few).judged.tolist() == [False, False, False, False]


def test_dead_cells_leave_the_calorimeter_alone(columns):
    dead = ADAPTER.views["association"].variations["dead_cells"].apply(columns, 0.5, 3)
    assert ak.sum(ak.num(dead["layer"])) < 0.6 * ak.sum(ak.num(columns["layer"]))
    for name in ("calo_kind", "calo_x"):
        assert dead[name].tolist() == columns[name].tolist()
