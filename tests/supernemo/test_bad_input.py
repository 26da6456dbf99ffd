"""Values that cannot be right are refused with the event and what was expected."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import BranchError, DataError


@pytest.fixture
def branches(events):
    return {name: events[name][:20] for name in events.fields}


def change(branches, name, event, hit, value):
    lists = branches[name].tolist()
    lists[event][hit] = value
    kind = np.float64 if isinstance(value, float) else np.int64
    branches[name] = ak.values_astype(ak.Array(lists), kind)


def busy(branches):
    """An event with hits."""
    return int(np.flatnonzero(ak.to_numpy(ak.num(branches["grid_layer"])) > 3)[2])


@pytest.mark.parametrize(
    ("branch", "value", "says"),
    [
        ("grid_layer", 9, "grid_layer of hit 1 is 9, expected 0 to 8"),
        ("grid_layer", -1, "grid_layer of hit 1 is -1, expected 0 to 8"),
        ("grid_column", 113, "grid_column of hit 1 is 113, expected 0 to 112"),
        ("grid_column", 3.5, "grid_column of hit 1 is 3.5, expected 0 to 112"),
        ("grid_layer", np.nan, "grid_layer of hit 1 is nan, expected 0 to 8"),
    ],
)
def test_hits_outside_the_detector(read, branches, branch, value, says):
    event = busy(branches)
    change(branches, branch, event, 1, value)
    with pytest.raises(DataError, match=says) as error:
        read("hit_tree", branches, "layer", "row")
    assert error.value.event == event


def test_cells_outside_the_detector_of_tkevent(read):
    flat = {"cell_num": [[3, 2034]], "h": [[1.0, 2.0]], "r": [[1.0, 2.0]]}
    named = {f"tr_hits.{name}": ak.Array(values) for name, values in flat.items()}
    with pytest.raises(DataError, match="cell_num of hit 1 is 2034, expected 0 to 2033"):
        read("tkevent_flat", named, "layer")


def test_objects_that_are_no_hits_of_tkevent(read):
    """Another class, without timestamps or with fewer of them, in a branch of that name."""
    few = ak.zip({"cell_num": ak.Array([[3, 4]]), "h": ak.Array([[1.0, 2.0]])})
    assert read("tkevent", {"tr_hits": few}, "layer")["layer"].tolist() == [[3, 4]]
    with pytest.raises(BranchError, match="tr_hits: expected a member 'tsp', found cell_num, h"):
        read("tkevent", {"tr_hits": few}, "z_timed")
    six = ak.Array([[{"cell_num": 3, "tsp": [1, 2, 3, 4, 5, 6]}]])
    six["tsp"] = ak.to_regular(six["tsp"], axis=2)
    with pytest.raises(BranchError, match=r"expected 7 timestamps a hit, found \(6,\)"):
        read("tkevent", {"tr_hits": six}, "layer")


def test_wires_that_are_not_where_their_cells_are(read, branches):
    """Another numbering of the cells: rows and layers count from the other end."""
    branches["grid_column"] = 112 - branches["grid_column"]
    with pytest.raises(DataError, match=r"wirey of hit 0 is .*, expected the wire of its cell"):
        read("hit_tree", branches, "layer")


def test_sides_that_contradict_the_wires(read, branches):
    event = busy(branches)
    change(branches, "grid_side", event, 2, 1 - branches["grid_side"][event, 2])
    with pytest.raises(DataError, match=r"grid_side of hit 2 is ., expected the side of wirex"):
        read("hit_tree", branches, "side")
    branches["grid_side"] = branches["grid_side"][:, :0]
    read("hit_tree", branches, "side")  # empty, as in one variant


def test_lists_of_different_lengths(read, branches):
    event = busy(branches)
    lists = branches["wirez"].tolist()
    lists[event].pop()
    branches["wirez"] = ak.Array(lists)
    with pytest.raises(DataError, match=r"wirez: \d+ values, expected one for \d+ hits") as error:
        read("hit_tree", branches, "z")
    assert error.value.event == event


def test_numbers_instead_of_lists(read, branches):
    branches["grid_layer"] = ak.Array(np.zeros(20, np.int64))
    with pytest.raises(BranchError, match="grid_layer: expected a list of numbers an event"):
        read("hit_tree", branches, "layer")


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -1e300, -2.353e-185])
def test_heights_that_were_never_measured(read, branches, value):
    """Unset (0), not a number, or uninitialised memory."""
    event = busy(branches)
    change(branches, "wirez", event, 0, 12.5)
    change(branches, "wirez", event, 1, value)
    z = read("hit_tree", branches, "z")["z"]
    assert np.isnan(z[event, 1])
    assert z[event, 0] == 12.5


@pytest.mark.parametrize("value", [-1.0, np.nan, 1e30])
def test_radii_that_were_never_measured(read, branches, value):
    event = busy(branches)
    change(branches, "radius", event, 1, value)
    assert np.isnan(read("hit_tree", branches, "radius")["radius"][event, 1])


def test_more_tracks_than_classes_are_of_no_class(read, branches):
    branches["truth_ntracks"] = ak.Array(np.array([0, 3, 4, 17] * 5))
    found = read("hit_tree", branches, "truth_label", "truth_ntracks")
    assert found["truth_label"].tolist()[:4] == [0, 3, -1, -1]
    assert found["truth_ntracks"].tolist()[:4] == [0, 3, 4, 17]
    for value in (-7, np.nan):
        branches["truth_ntracks"] = ak.Array(np.full(20, value))
        with pytest.raises(DataError, match=f"true tracks: {value}, expected a whole"):
            read("hit_tree", branches, "truth_label")


@pytest.mark.parametrize(
    ("branch", "value", "says"),
    [
        ("truth_ntracks", 1.5, "number of true tracks: 1.5, expected a whole number, 0 or more"),
        ("truth_ntracks", np.nan, "number of true tracks: nan"),
        ("truth_class", np.nan, "truth_class is nan, expected -1, 0 or 1"),
        ("truth_class", 2, "truth_class is 2, expected -1, 0 or 1"),
    ],
)
def test_truths_of_events_that_cannot_be(read, branches, branch, value, says):
    values = branches[branch].tolist()
    values[7] = value
    with pytest.raises(DataError, match=says) as error:
        read("hit_tree", branches | {branch: ak.Array(values)}, branch)
    assert error.value.event == 7


@pytest.mark.parametrize("value", [np.nan, -2, 0.5])
def test_truths_of_hits_that_cannot_be(read, branches, value):
    event = busy(branches)
    change(branches, "truth_track", event, 1, value)
    says = f"truth_track of hit 1 is {value}, expected the number of a track, or -1"
    with pytest.raises(DataError, match=says) as error:
        read("hit_tree", branches, "truth_track")
    assert error.value.event == event


def test_files_without_truth(read, branches):
    for name in ("truth_ntracks", "track_split", "dirx", "truth_track"):
        del branches[name]
    assert len(read("hit_tree", branches, "layer", "z")) == 20
    for column in ("truth_label", "truth_ntracks", "truth_track"):
        with pytest.raises(BranchError, match=f"{column!r} cannot be read"):
            read("hit_tree", branches, column)


def test_files_without_timestamps(read, branches):
    for place in range(7):
        del branches[f"tsp{place}"]
    with pytest.raises(BranchError, match=r"'z_timed' cannot be read.*'tsp0'"):
        read("hit_tree", branches, "z_timed")


def test_no_events_and_no_hits(read, branches):
    for part in (slice(0, 0), slice(0, 5)):
        empty = {
            name: (values[part, :0] if values.ndim > 1 else values[part])
            for name, values in branches.items()
        }
        found = read("hit_tree", empty, "layer", "row", "side", "z", "t1", "z_timed")
        assert ak.num(found["z_timed"]).tolist() == [0] * len(found)
