"""Lists of tracks an event (EventNtuple), as uproot gives its branches."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import BranchError, DataError


def vector(x, y, z):
    return {"fCoordinates": {"fX": x, "fY": y, "fZ": z}}


def crossing(sid, pz, time, **more):
    return {"mom": vector(60.0, 0.0, pz), "time": time, "sid": sid} | more


@pytest.fixture
def branches():
    """Three events with two tracks, none, and one, the second of which misses the tracker."""
    helix = {"t0": 700.0, "t0err": 9.0}
    front = [crossing(1, 1.0, 5.0, momerr=9.0), crossing(0, 80.0, 100.0, momerr=0.12)]
    missed = [crossing(2, 70.0, 100.0, momerr=0.2)]
    back_and_forth = [
        crossing(0, -45.0, 40.0, momerr=0.15),
        crossing(0, 45.0, 90.0, momerr=0.16),
    ]
    segments = [[front, missed], [], [back_and_forth]]
    helices = [[[helix, helix | {"t0err": 0.4}], [helix]], [], [[helix | {"t0err": 0.5}, helix]]]
    steps = [
        [
            [
                crossing(0, z, t)
                for z, t in ((-80.0, 100.0), (9.0, 104.0), (80.5, 101.0), (11.0, 300.0))
            ],
            [],
        ],
        [],
        [[crossing(0, 45.0, 90.0), crossing(0, -45.0, 41.0)]],
    ]
    numbers = {"nhits": 40, "nactive": 38, "ndactive": 15, "nnullambig": 2, "nmatactive": 41}
    numbers |= {"fitcon": 0.5, "pdg": 11, "status": 1, "goodfit": 1}
    made = {f"trk.{name}": ak.Array([[value] * 2, [], [value]]) for name, value in numbers.items()}
    for name, values in (("trksegs", segments), ("trksegpars_lh", helices), ("trksegsmc", steps)):
        made[name] = ak.Array(values)
    made["trkqual.result"] = ak.Array([[0.9, 0.1], [], [0.8]])
    return made


def test_values_at_the_front_face(read, branches):
    columns = ("fit_momentum", "momerr", "t0err", "tandip", "trkqual")
    found = read("eventntuple", branches, *columns)
    assert found["fit_momentum"][0, 0] == pytest.approx(100)
    assert np.isnan(found["fit_momentum"][0, 1])
    assert found["fit_momentum"][2, 0] == pytest.approx(75)
    assert found["momerr"][[0, 2], 0].tolist() == pytest.approx([0.12, 0.15])
    assert found["t0err"][[0, 2], 0].tolist() == pytest.approx([0.4, 0.5])
    assert found["tandip"][2, 0] == pytest.approx(-0.75)
    assert found["trkqual"].tolist()[0] == pytest.approx([0.9, 0.1])


def test_truth_is_the_nearest_step_in_the_same_direction(read, branches):
    found = read("eventntuple", branches, "truth_momentum", "truth_label")
    assert found["truth_momentum"][0, 0] == pytest.approx(np.hypot(60, 80.5), rel=1e-6)
    assert np.isnan(found["truth_momentum"][0, 1])
    assert found["truth_momentum"][2, 0] == pytest.approx(75)
    assert found["truth_label"].tolist() == [[-1, -1], [], [1]]


@pytest.mark.parametrize("name", ["track_quality", "momentum"])
def test_tracks_that_miss_the_tracker_are_not_judged(adapter, read, branches, name):
    view = adapter.views[name]
    batch = view.build(read("eventntuple", branches, *view.columns))
    assert batch.counts.tolist() == [2, 0, 1]
    assert batch.judged.tolist() == [True, False, True]
    assert batch.rows == 2


def test_fits_that_are_no_good_are_not_judged(adapter, read, branches):
    view = adapter.views["track_quality"]
    branches["trk.goodfit"] = ak.Array([[0, 1], [], [1]])
    branches["trk.status"] = ak.Array([[1, 1], [], [-1]])
    assert not view.build(read("eventntuple", branches, *view.columns)).judged.any()


def test_view_without_its_branches_is_refused_by_name(adapter, read, branches):
    with pytest.raises(BranchError, match="'d0' cannot be read in layout 'eventntuple'"):
        read("eventntuple", branches, *adapter.views["track_quality_tmva"].columns)


def test_branches_of_different_tracks_are_refused(read, branches):
    branches["trksegsmc"] = branches["trksegsmc"][[0, 1, 1]]
    with pytest.raises(DataError, match="true steps: 0 tracks, expected 1"):
        read("eventntuple", branches, "truth_momentum")


def test_files_without_truth_have_none(adapter, branches):
    from rootml.rootio.matching import BranchNames, Decoder, match

    del branches["trksegsmc"]
    layout = next(layout for layout in adapter.layouts if layout.name == "eventntuple")
    found = match(adapter, layout, "EventNtuple/ntuple", BranchNames([*branches]), named=False)
    decoder = Decoder(found, {}, "test")
    assert found.complete
    assert decoder.has("fit_momentum")
    assert not decoder.has("truth_momentum")
    assert not decoder.has("truth_label")


@pytest.mark.parametrize(
    ("branch", "column", "says"),
    [
        ("trksegs", "fit_momentum", "track segments: expected a member 'sid'"),
        ("trksegpars_lh", "t0err", "helix parameters: expected a member 't0err'"),
        ("trksegsmc", "truth_momentum", "true steps: expected a member 'sid'"),
    ],
)
def test_other_structures_are_refused(read, branches, branch, column, says):
    branches[branch] = branches[branch][["time" if branch != "trksegpars_lh" else "t0"]]
    with pytest.raises(BranchError, match=says):
        read("eventntuple", branches, column)


def test_surfaces_that_are_no_numbers_are_refused(read, branches):
    sid = branches["trksegs"]["sid"]
    branches["trksegs"] = ak.with_field(branches["trksegs"], ak.zip({"_sid": sid}), "sid")
    with pytest.raises(BranchError, match="expected a number as 'sid'"):
        read("eventntuple", branches, "fit_momentum")
