from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml_ams.geometry import MEASURES_X


@pytest.fixture(scope="module")
def columns(events):
    image = ak.to_numpy(events["edep_cell"]).reshape(-1, 18, 72)[:50].copy()
    image[10] = 0
    return ak.zip({"image": ak.from_numpy(image, regulararray=True)}, depth_limit=1)


@pytest.mark.parametrize("view", ["image", "image2", "image_shower"])
def test_events_without_deposits_are_not_judged(adapter, columns, view):
    batch = adapter.views[view].build(columns)
    assert np.flatnonzero(~batch.judged).tolist() == [10]
    assert batch.rows == 49


def test_channels_hold_the_layers_of_their_axis(adapter, columns):
    one = adapter.views["image"].build(columns).tensors["image"]
    two = adapter.views["image2"].build(columns).tensors["image"]
    x_layers = [2, 3, 6, 7, 10, 11, 14, 15]
    assert np.flatnonzero(MEASURES_X).tolist() == x_layers
    np.testing.assert_array_equal(two[:, 1, x_layers], one[:, 0, x_layers])
    assert not two[:, 0, x_layers].any()
    np.testing.assert_array_equal(two.sum(axis=1), one[:, 0])


@pytest.mark.parametrize("view", ["image", "image2", "trajectory"])
def test_summaries_say_what_they_say(adapter, view):
    (spec,) = adapter.views[view].tensors
    image = np.zeros((1, *spec.shape), np.float32)
    image[0, 0, 4, 12], image[0, 0, 8, 9] = 3000, 1000
    found = {s.name: float(s.compute({spec.name: image})[0]) for s in adapter.views[view].summaries}
    expected = {"total_energy": 4.0, "hit_cells": 2.0, "largest_share": 0.75, "mean_depth": 5.0}
    assert found == expected | ({"distance": 2.0} if view == "trajectory" else {})


def test_images_with_the_variables_of_their_showers(adapter, columns):
    view = adapter.views["image_shower"]
    both = view.build(columns)
    for name in ("image", "shower"):
        alone = adapter.views[name].build(columns)
        np.testing.assert_array_equal(both.judged, alone.judged)
        np.testing.assert_array_equal(both.tensors[name], alone.tensors[name])
    image = {"image": both.tensors["image"]}
    for summary in view.summaries:
        np.testing.assert_array_equal(summary.compute(both.tensors), summary.compute(image))
