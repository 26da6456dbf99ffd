"""The variables against the analysis's own way to make them, event by event."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import BranchError
from rootml.testing.samples import build, decode, decoder_of
from rootml_uboone.branches import BRANCHES
from rootml_uboone.views import NO_PROTONS, PROTONS


def reference(event):
    """The derived variables of one event, in plain Python."""

    def element(values, place, missing):
        return values[place - 1] if 0 <= place - 1 < len(values) else missing

    dedx = event["shr_tkfit_dedx_Y"]
    if event["shr_tkfit_nhits_U"] > event["shr_tkfit_nhits_Y"]:
        dedx = event["shr_tkfit_dedx_U"]
    most = max(event["shr_tkfit_nhits_Y"], event["shr_tkfit_nhits_U"])
    if event["shr_tkfit_nhits_V"] > most:
        dedx = event["shr_tkfit_dedx_V"]
    return {
        "trkpid": element(event["trk_llr_pid_score_v"], event["trk_id"], 9999.0),
        "subcluster": sum(
            element(event[f"pfpplanesubclusters_{plane}"], event["shr_id"], 0) for plane in "UVY"
        ),
        "shr_tkfit_dedx_max": dedx,
        "trkfit": event["shr_tkfit_npointsvalid"] / event["shr_tkfit_npoints"],
        "anglediff_U": abs(event["secondshower_U_dir"] - event["shrclusdir0"]),
        "anglediff_V": abs(event["secondshower_V_dir"] - event["shrclusdir1"]),
        "anglediff_Y": abs(event["secondshower_Y_dir"] - event["shrclusdir2"]),
    }


def selected(event):
    passed = event["nslice"] == 1 and event["selected"] == 1
    return passed and event["shr_energy_tot_cali"] > 0.07


@pytest.mark.parametrize(
    ("view", "columns", "tracks"), [("nue_np", PROTONS, True), ("nue_0p", NO_PROTONS, False)]
)
def test_inputs_are_those_of_the_analysis(adapter, events, view, columns, tracks):
    batch = build(adapter, adapter.views[view], events[:400])
    rows = []
    for event, judged in zip(ak.to_list(events[:400]), batch.judged, strict=True):
        assert judged == (selected(event) and (event["n_tracks_contained"] > 0) == tracks)
        if judged:
            made = event | reference(event)
            rows.append([made[name] for name in columns])
    assert len(rows) > 50
    np.testing.assert_allclose(batch.tensors["features"], np.array(rows, np.float32), rtol=1e-6)


def test_orders_are_the_published_ones():
    assert " ".join(PROTONS) == (
        "shr_score tksh_distance tksh_angle shr_tkfit_dedx_max trkfit trkpid subcluster "
        "shrmoliereavg trkshrhitdist2 hits_ratio secondshower_Y_nhit secondshower_Y_vtxdist "
        "secondshower_Y_dot anglediff_Y CosmicIPAll3D CosmicDirAll3D"
    )
    assert " ".join(NO_PROTONS) == (
        "shrmoliereavg shr_score trkfit subcluster CosmicIPAll3D CosmicDirAll3D "
        "secondshower_Y_nhit secondshower_Y_vtxdist secondshower_Y_dot anglediff_Y "
        "secondshower_V_nhit secondshower_V_vtxdist secondshower_V_dot anglediff_V "
        "secondshower_U_nhit secondshower_U_vtxdist secondshower_U_dot anglediff_U "
        "shr_tkfit_2cm_dedx_U shr_tkfit_2cm_dedx_V shr_tkfit_2cm_dedx_Y "
        "shr_tkfit_gap10_dedx_U shr_tkfit_gap10_dedx_V shr_tkfit_gap10_dedx_Y "
        "shrMCSMom DeltaRMS2h shrPCA1CMed_5cm CylFrac2h_1cm"
    )


def one(events, adapter, column, **branches):
    """A column of the first selected event with some of its branches changed."""
    event = events[ak.to_numpy(events.selected == 1)][:1]
    for name, value in branches.items():
        kind = ak.to_numpy(ak.flatten(event[name], axis=None)).dtype
        changed = ak.values_astype(ak.Array([value]), kind)
        event = ak.with_field(event, changed, name)
    return ak.to_list(decode(decoder_of(adapter, event), event, column)[column])[0]


@pytest.mark.parametrize(
    ("place", "expected"), [(0, 9999.0), (1, -0.5), (3, 0.25), (4, 9999.0), (2**32 - 1, 9999.0)]
)
def test_a_track_that_is_not_there_has_the_published_score(adapter, events, place, expected):
    scores = {"trk_llr_pid_score_v": [-0.5, 0.5, 0.25], "trk_id": place}
    assert one(events, adapter, "trkpid", **scores) == expected


@pytest.mark.parametrize(
    ("hits", "expected"),
    [((3, 3, 3), 3.0), ((4, 4, 3), 1.0), ((4, 5, 4), 2.0), ((0, 0, 1), 3.0), ((2, 5, 5), 3.0)],
)
def test_ionisation_is_that_of_the_plane_with_most_hits(adapter, events, hits, expected):
    branches = {f"shr_tkfit_nhits_{plane}": n for plane, n in zip("UVY", hits, strict=True)}
    branches |= {f"shr_tkfit_dedx_{plane}": x for plane, x in zip("UVY", (1, 2, 3), strict=True)}
    assert one(events, adapter, "shr_tkfit_dedx_max", **branches) == expected


@pytest.mark.parametrize(
    ("category", "label"), [(11, 1), (10, 1), (111, 1), (2, 0), (31, 0), (4, 0), (1, -1), (0, -1)]
)
def test_labels(adapter, events, category, label):
    assert one(events, adapter, "label", category=category) == label


def test_sentinels_reach_the_network(adapter, events):
    """The boosters were trained with them."""
    low = np.finfo(np.float32).min
    features = build(adapter, adapter.views["nue_0p"], events).tensors["features"]
    dedx = features[:, NO_PROTONS.index("shr_tkfit_2cm_dedx_U")]
    assert (dedx == low).any()
    far = features[:, NO_PROTONS.index("secondshower_V_vtxdist")]
    assert (far == 1e6).any()
    assert np.isnan(features[:, NO_PROTONS.index("secondshower_Y_dot")]).any()
    assert (features[:, NO_PROTONS.index("CosmicIPAll3D")] == 9999).any()


def test_a_stored_score_that_was_not_made_is_none(adapter, events):
    stored = ak.with_field(events[:2], np.array([-9999, 0.5], np.float32), "bdt_pi0_np")
    column = decode(decoder_of(adapter, stored), stored, "bdt_pi0_np")["bdt_pi0_np"]
    np.testing.assert_array_equal(column, [np.nan, 0.5])


def test_a_list_where_a_number_should_be_is_refused(adapter, events):
    broken = ak.with_field(events[:3], ak.Array([[1.0], [], [2.0, 3.0]]), "shr_score")
    with pytest.raises(BranchError, match="shr_score: expected a number an event"):
        build(adapter, adapter.views["nue_np"], broken)


def test_branches_have_units_and_words():
    assert all(branch.doc for branch in BRANCHES.values())
