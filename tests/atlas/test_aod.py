"""An AOD: of its electrons uproot reads the shower shapes."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml_atlas.shapes import SIZES, in_window


def test_shower_shapes_of_each_electron(shared, read, adapter):
    path = str(shared("atlas/uproot-issue-210.root"))
    view = adapter.views["electron_shapes"]
    batch = view.build(read(path, *view.columns))
    assert batch.counts.tolist() == [1, 6, 6]
    assert batch.judged.all()
    tree = uproot.open(path)["CollectionTree"]
    for place, name in enumerate(SIZES):
        expected = ak.flatten(tree[f"ElectronsAuxDyn.{name}"].array()) / 1000
        np.testing.assert_allclose(batch.tensors["shapes"][:, place], expected, rtol=1e-6)


@pytest.mark.parametrize(("name", "cells"), [("e233", 9), ("e235", 15), ("e237", 21), ("e255", 25)])
def test_windows_are_about_the_middle(name, cells):
    cell = np.arange(7)[:, None] * 11 + np.arange(11)
    eta, phi = SIZES[name]
    inside = np.isin(cell, cell[3 - eta // 2 : 4 + eta // 2, 5 - phi // 2 : 6 + phi // 2])
    pixels = np.where(inside, 1.0, 100.0).repeat(8, axis=0) / 8
    assert in_window(pixels[None], name) == pytest.approx(cells)
