"""Pictures of events: what they are of, and how they look."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest

from rootml.errors import BranchError, DataError, InputError
from rootml.rootio import append_branches
from rootml_supernemo import ADAPTER
from rootml_supernemo.display import NOISE, Event, draw_event, read_event


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same events in both layouts that are simulated, and as an array."""
    folder = tmp_path_factory.mktemp("display")
    options = {"tracks": 3, "noise": 3.0, "missing": 0.1}
    for layout in ("hit_tree", "tkevent_flat"):
        path, rng = folder / f"{layout}.root", np.random.default_rng(4)
        ADAPTER.write(path, 5, rng, layout=layout, **options)
    return folder, ADAPTER.simulate(5, np.random.default_rng(4), **options)


@pytest.mark.parametrize("layout", ["hit_tree", "tkevent_flat"])
def test_events_are_read_in_every_layout(files, layout):
    folder, events = files
    event, truth = read_event(folder / f"{layout}.root", 3), events[3]
    expected = (truth.grid_side, truth.grid_layer, truth.grid_column)
    np.testing.assert_array_equal((event.side, event.layer, event.row), expected)
    np.testing.assert_allclose(event.z, truth.wirez)
    np.testing.assert_array_equal(event.true, truth.truth_track)
    assert event.found is None


def test_found_tracks_are_those_of_a_branch(files, tmp_path):
    folder, events = files
    labels = ak.values_astype(events.truth_track + 1, np.int32)
    path = tmp_path / "labelled.root"
    append_branches(folder / "hit_tree.root", path, "hit_tree", {"label": labels})
    event = read_event(path, 2, found="label")
    np.testing.assert_array_equal(event.found, labels[2])
    with pytest.raises(BranchError, match="did you mean 'label'"):
        read_event(path, 2, found="labe")
    with pytest.raises(BranchError, match="expected a list of tracks"):
        read_event(path, 2, found="truth_ntracks")
    with pytest.raises(InputError, match="no entry 5: expected 0 to 4"):
        read_event(path, 5)


def test_columns_have_one_value_a_hit():
    with pytest.raises(DataError, match="found: 1 values, expected one for each of 2 hits"):
        Event(*np.zeros((5, 2), int), found=np.zeros(1))


@pytest.mark.parametrize(
    ("true", "found", "called"),
    [
        ([0, 0, 1, 1, -1], [5, 5, 9, 9, -1], [0, 0, 1, 1, -1]),
        ([0, 0, 0, 1, 1], [3, 3, 4, 4, 4], [0, 0, 1, 1, 1]),
        ([0, 0, 0, 0, 0], [1, 1, 1, 2, 2], [0, 0, 0, 1, 1]),
        ([-1, -1, 0, 0, 0], [2, 2, -1, -1, -1], [1, 1, -1, -1, -1]),
        ([0, 1, 2], [7, 7, 7], [0, 0, 0]),
    ],
)
def test_found_tracks_are_called_as_the_true_ones(true, found, called):
    event = Event(*np.zeros((5, len(true)), int), true=np.array(true), found=np.array(found))
    np.testing.assert_array_equal(event.matched().found, called)


def test_events_without_hits_or_truth_are_drawn(tmp_path):
    draw_event(Event(*np.zeros((5, 0), int))).savefig(tmp_path / "empty.png")
    unknown = Event(*np.ones((5, 3), int)[:3], np.full(3, np.nan), np.full(3, np.nan))
    draw_event(unknown).savefig(tmp_path / "unknown.png")
    assert unknown.matched() is unknown


@pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style="default",
    savefig_kwargs={"dpi": 50, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)
def test_the_three_views(files):
    folder, _ = files
    event = read_event(folder / "hit_tree.root", 1)
    found = np.where(event.true == 1, 0, event.true)
    found[::7] = NOISE
    return draw_event(replace(event, found=found), "entry 1")
