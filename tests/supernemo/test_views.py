"""Events as images and lists, against the definition written out hit by hit."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootml_supernemo.geometry import (
    CELLS,
    LAYERS,
    ROWS,
    SIDES,
    cell_address,
    cell_number,
    wire_x,
    wire_y,
    z_bin,
)
from rootml_supernemo.hits import FEATURES, MOST_HITS

COLUMNS = ("layer", "row", "side", "z", "radius")


@pytest.fixture(scope="module")
def columns(read, events):
    return read("hit_tree", events, *COLUMNS)


def hits(*events):
    """Events of ``(layer, row, side, z)`` hits as logical columns."""
    fields = {}
    for place, name in enumerate(COLUMNS[:4]):
        kind = np.float32 if name == "z" else np.int64
        flat = [hit[place] for event in events for hit in event]
        fields[name] = ak.unflatten(np.array(flat, kind), [len(event) for event in events])
    return ak.zip(fields | {"radius": fields["z"] * 0 + 10}, depth_limit=1)


def meant(event, name, sides):
    """An image of one event, hit by hit."""
    sizes = {"top": (9, 113), "side": (30, 113), "front": (30, 9), "volume": (30, 9, 113)}
    image = np.zeros((2, *sizes[name]) if sides else sizes[name])
    for hit in range(len(event["layer"])):
        layer, row, side, z = (event[column][hit] for column in COLUMNS[:4])
        height = None if np.isnan(z) else int((max(min(z, 1490.0), -1500.0) + 1500.0) / 100.0)
        place = {"top": (layer, row), "side": (height, row), "front": (height, layer)}
        place["volume"] = (height, layer, row)
        if None not in place[name]:
            image[((side,) if sides else ()) + place[name]] = 1
    return image


@pytest.mark.parametrize("sides", [False, True])
@pytest.mark.parametrize("name", ["top", "side", "front"])
def test_images(adapter, columns, name, sides):
    view = adapter.views[f"{name}_sides" if sides else name]
    batch = view.build(columns[list(view.columns)])
    measured = ak.any(~np.isnan(columns["z"]), axis=1) | (name == "top")
    seen = ak.to_numpy(measured | (ak.num(columns["layer"]) == 0))
    np.testing.assert_array_equal(batch.judged, seen)
    for image, event in list(zip(batch.tensors[name], columns[seen], strict=True))[::10]:
        np.testing.assert_array_equal(image, meant(event, name, sides))


def test_volume(adapter, columns):
    view = adapter.views["volume"]
    batch = view.build(columns[list(view.columns)])
    volumes = batch.tensors["volume"]
    np.testing.assert_array_equal(volumes[3], meant(columns[batch.judged][3], "volume", False))
    side = adapter.views["side"].build(columns[["layer", "row", "z"]]).tensors["side"]
    np.testing.assert_array_equal(volumes.max(axis=2), side)


def test_projections_are_the_three_images(adapter, columns):
    view = adapter.views["projections"]
    batch = view.build(columns[list(view.columns)])
    for name in ("top", "side", "front"):
        alone = adapter.views[name].build(columns[list(adapter.views[name].columns)])
        rows = batch.judged[alone.judged]
        np.testing.assert_array_equal(batch.tensors[name], alone.tensors[name][rows])


def test_missing_heights_by_the_timestamps(adapter, read, events):
    names = ("layer", "row", "z", "z_best", "z_timed", "z_error")
    found = read("hit_tree", events, *names)
    z, best, timed, error = (ak.to_numpy(ak.flatten(found[name])) for name in names[2:])
    filled = np.isnan(z) & (error < 50)
    np.testing.assert_array_equal(best, np.where(filled, timed, z))
    assert filled.sum() > 0.7 * np.isnan(z).sum()
    view, plain = adapter.views["projections_timed"], adapter.views["projections"]
    batch = view.build(found[list(view.columns)])
    renamed = ak.with_field(found, found["z_best"], "z")
    meant = plain.build(renamed[list(plain.columns)])
    np.testing.assert_array_equal(batch.judged, meant.judged)
    for name, image in meant.tensors.items():
        np.testing.assert_array_equal(batch.tensors[name], image)


def test_hits_without_a_height_make_no_track_at_zero(adapter):
    """Nine of ten heights are missing: the views with heights show the tenth alone."""
    track = [(layer, 50 + layer, 0, np.nan) for layer in range(9)] + [(4, 20, 1, 730.0)]
    events = hits(track)
    side = adapter.views["side"].build(events).tensors["side"][0]
    assert np.argwhere(side).tolist() == [[22, 20]]
    front = adapter.views["front"].build(events).tensors["front"][0]
    assert np.argwhere(front).tolist() == [[22, 4]]
    assert adapter.views["top"].build(events).tensors["top"].sum() == 10


def test_events_that_cannot_be_judged(adapter):
    events = hits([], [(0, 0, 0, np.nan)], [(0, 0, 0, 5.0)])
    for name, judged in (("top", [1, 1, 1]), ("side", [1, 0, 1]), ("projections", [1, 0, 1])):
        batch = adapter.views[name].build(events)
        assert batch.judged.tolist() == list(map(bool, judged))
        assert batch.rows == sum(judged)
    assert adapter.views["hits"].build(events).judged.tolist() == [False, True, True]


def test_a_cell_hit_twice_is_one_pixel_and_two_hits(adapter):
    events = hits([(3, 7, 1, 100.0), (3, 7, 1, 120.0)])
    assert adapter.views["top"].build(events).tensors["top"].sum() == 1
    assert adapter.views["hits"].build(events).tensors["hits_mask"].sum() == 2


def test_the_sides_lie_over_each_other_or_apart(adapter):
    events = hits([(3, 7, 0, 100.0), (3, 7, 1, 100.0)])
    assert adapter.views["top"].build(events).tensors["top"].sum() == 1
    apart = adapter.views["top_sides"].build(events).tensors["top"][0]
    assert np.argwhere(apart).tolist() == [[0, 3, 7], [1, 3, 7]]


def test_list_of_hits(adapter, columns):
    batch = adapter.views["hits"].build(columns)
    table, mask = batch.tensors["hits"], batch.tensors["hits_mask"]
    flat = {name: ak.to_numpy(ak.flatten(columns[name])) for name in COLUMNS}
    said = dict(zip(FEATURES, table[mask].T, strict=True))
    np.testing.assert_array_equal(mask.sum(axis=1), ak.num(columns["layer"])[batch.judged])
    np.testing.assert_array_equal(said["z_known"], np.isfinite(flat["z"]))
    np.testing.assert_array_equal(said["z"], np.nan_to_num(flat["z"]))
    np.testing.assert_array_equal(said["x"], wire_x(flat["side"], flat["layer"]))
    np.testing.assert_array_equal(said["y"], wire_y(flat["row"]))
    assert not table[~mask].any()


def test_more_hits_than_a_list_holds_are_not_judged(adapter):
    full = [(i % 9, i // 9, 0, 1.0) for i in range(MOST_HITS)]
    batch = adapter.views["hits"].build(hits(full, [*full, (0, 100, 0, 1.0)]))
    assert batch.judged.tolist() == [True, False]


def test_dead_cells_are_the_same_in_all_events(adapter, columns):
    view = adapter.views["top"]
    events = columns[list(view.columns)]
    fewer = view.variations["dead_cells"].apply(events, 0.3, 4)
    kept = ak.sum(ak.num(fewer["layer"])) / ak.sum(ak.num(events["layer"]))
    assert 0.6 < kept < 0.8
    cells = [
        {
            *zip(
                *(ak.to_numpy(ak.flatten(some[name])).tolist() for name in ("layer", "row")),
                strict=True,
            )
        }
        for some in (events, fewer)
    ]
    lost = cells[0] - cells[1]
    assert len(lost) == pytest.approx(0.3 * len(cells[0]), rel=0.2)
    assert not lost & cells[1]


def test_numbers_of_cells_lead_there_and_back():
    numbers = np.arange(CELLS)
    side, row, layer = cell_address(numbers)
    assert (side.max(), row.max(), layer.max()) == (SIDES - 1, ROWS - 1, LAYERS - 1)
    np.testing.assert_array_equal(cell_number(side, row, layer), numbers)


@given(st.floats(-1e5, 1e5))
def test_bins_of_height_are_those_of_the_talk(z):
    assert z_bin(np.array([z]))[0] == int((max(min(z, 1490.0), -1500.0) + 1500.0) / 100.0)
