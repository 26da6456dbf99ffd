"""Ntuples of electrons with cells: images, tracks and scalars as the network gets them."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import BranchError, DataError
from rootml.rootio.source import open_source
from rootml_atlas import views
from rootml_atlas.tracks import FEATURES


@pytest.fixture
def build(adapter, read):
    def batch(path, name="electron"):
        view = adapter.views[name]
        return view.build(read(path, *view.columns))

    return batch


def test_upsampling_keeps_each_cell_s_energy_where_it_is(electrons, ntuple, read):
    cells = ak.to_numpy(read(ntuple(electrons), "cells")["cells"])
    assert cells.shape == (12, 4, 56, 11)
    for layer in range(4):
        image = electrons[f"em_barrel_Lr{layer}"]
        rows = 56 // image.shape[1]
        back = cells[:, layer].reshape(12, image.shape[1], rows, 11).sum(axis=2)
        np.testing.assert_allclose(back, image, rtol=1e-5)
        assert (np.ptp(cells[:, layer].reshape(12, -1, rows, 11), axis=2) == 0).all()


def test_times_are_not_split(electrons, ntuple, read):
    electrons["time_em_barrel_Lr2"] = np.arange(12 * 77, dtype="f4").reshape(12, 7, 11)
    times = ak.to_numpy(read(ntuple(electrons), "times")["times"])
    np.testing.assert_array_equal(times[:, 2, ::8], electrons["time_em_barrel_Lr2"])
    np.testing.assert_array_equal(times[:, 2, 7::8], electrons["time_em_barrel_Lr2"])


@pytest.mark.parametrize(
    ("shape", "told"),
    [((56, 10), "56 x 10"), ((8, 12), "8 x 12"), ((11, 56), "11 x 56 (eta comes first)")],
)
def test_images_of_another_size_are_refused(electrons, ntuple, read, shape, told):
    electrons["em_barrel_Lr0"] = np.ones((12, *shape), "f4")
    with pytest.raises(BranchError) as error:
        read(ntuple(electrons), "cells")
    assert "em_barrel_Lr0: an image is 56 x 11 pixels in eta and phi" in str(error.value)
    assert str(error.value).endswith(f"found {told}")


def test_a_number_instead_of_an_image_is_refused(electrons, ntuple, read):
    electrons["em_barrel_Lr3"] = np.ones(12, "f4")
    with pytest.raises(BranchError, match=r"em_barrel_Lr3: an image is .*found one number"):
        read(ntuple(electrons), "cells")


def test_nearest_ten_tracks_come_first_and_more_are_told(electrons, ntuple, read, adapter):
    path = ntuple(electrons)
    with open_source(path, [adapter]) as source:
        told = source.decoder.options["tracks"]
    assert told == "the nearest 10 of up to 13 of an electron are kept"
    tracks = ak.to_numpy(read(path, "tracks")["tracks"])
    assert tracks.shape == (12, 10, len(FEATURES))
    eta, phi = (electrons[name][1] for name in ("p_eta", "p_phi"))
    lists = {name: np.asarray(electrons[f"p_tracks_{name}"][1]) for name in ("eta", "phi", "pt")}
    dphi = np.angle(np.exp(1j * (lists["phi"] - phi)))
    distance = np.hypot(lists["eta"] - eta, dphi)
    order = np.argsort(distance)[:10]
    np.testing.assert_allclose(tracks[1, :, FEATURES.index("dr")], distance[order], atol=1e-5)
    charge = np.asarray(electrons["p_tracks_charge"][1])
    expected = (lists["pt"] / 1000 * charge)[order]
    np.testing.assert_allclose(tracks[1, :, FEATURES.index("pt_q")], expected, rtol=1e-5)


def test_tracks_are_masked_only_where_all_features_are_zero(electrons, ntuple, build):
    counts = ak.num(electrons["p_tracks_pt"])
    for name in ("d0", "vertex", "z0", "trthits"):
        electrons[f"p_tracks_{name}"] = electrons[f"p_tracks_{name}"] * 0
    batch = build(ntuple(electrons))
    np.testing.assert_array_equal(batch.tensors["tracks_mask"].sum(axis=1), np.minimum(counts, 10))
    assert not batch.tensors["tracks"][~batch.tensors["tracks_mask"]].any()


def test_distances_wrap_around(electrons, ntuple, read):
    electrons["p_phi"][:] = np.pi - 0.01
    electrons["p_tracks_phi"] = ak.full_like(electrons["p_tracks_phi"], -np.pi + 0.01)
    electrons["p_tracks_eta"] = ak.full_like(electrons["p_tracks_eta"], 0) + electrons["p_eta"]
    tracks = ak.to_numpy(read(ntuple(electrons), "tracks")["tracks"])
    assert tracks[5, 0, FEATURES.index("dr")] == pytest.approx(0.02, abs=1e-4)


def test_lists_of_different_lengths_are_refused(electrons, ntuple, read, write_hdf5):
    electrons["p_tracks_z0"] = electrons["p_tracks_z0"][:, :1]
    path = write_hdf5({"train": electrons})
    with pytest.raises(BranchError, match="p_tracks_z0: not as many tracks as in p_tracks_pt"):
        read(path, "tracks")


def test_energies_are_in_gev_and_scalars_in_the_order_of_the_talk(electrons, ntuple, build):
    batch = build(ntuple(electrons))
    scalars = dict(zip(views.FULL, batch.tensors["scalars"].T, strict=True))
    assert len(scalars) == 16
    np.testing.assert_allclose(scalars["e_acc"], electrons["p_eAccCluster"] / 1000, rtol=1e-6)
    np.testing.assert_allclose(scalars["pt_track"], electrons["p_pt_track"] / 1000, rtol=1e-6)
    np.testing.assert_allclose(batch.tensors["calibrated"][:, 0], electrons["p_e"] / 1000)
    np.testing.assert_array_equal(scalars["dphi2"], electrons["p_deltaPhiRescaled2"])
    assert batch.judged.all()


@pytest.mark.parametrize(
    ("branch", "value"),
    [
        ("p_R12", np.nan),
        ("p_deltaEta2", -999),
        ("p_eta", np.inf),
        ("p_e", -5000),
        ("p_e", 0),
        ("p_e", np.nan),
        ("p_e", 8e6),
    ],
)
def test_electrons_with_impossible_values_are_not_judged(electrons, ntuple, build, branch, value):
    electrons[branch][4] = value
    batch = build(ntuple(electrons))
    assert np.flatnonzero(~batch.judged).tolist() == [4]
    assert all(len(tensor) == 11 for tensor in batch.tensors.values())


def test_electrons_without_energy_behind_the_presampler_are_not_judged(electrons, ntuple, build):
    for layer in (1, 2, 3):
        electrons[f"em_barrel_Lr{layer}"][7] = -0.001
    assert np.flatnonzero(~build(ntuple(electrons)).judged).tolist() == [7]


def test_negative_cells_are_noise(electrons, ntuple, build):
    electrons["em_barrel_Lr2"][3, 0, 0] = -0.4
    batch = build(ntuple(electrons))
    assert batch.judged.all()
    assert batch.tensors["cells"][3, 2, 0, 0] == pytest.approx(-0.05)


@pytest.mark.parametrize(
    ("branches", "factor", "told"),
    [
        (["p_e"], 1e-3, "p_e: the median is .* expected MeV of electrons; this looks like GeV"),
        (["p_truth_E"], 1e-3, "p_truth_E: .* this looks like GeV"),
        (["p_eAccCluster"], 1e-3, "p_eAccCluster: .* this looks like GeV"),
        (
            [f"em_barrel_Lr{layer}" for layer in range(4)],
            1e3,
            r"em_barrel_Lr1 to em_barrel_Lr3: .* about 1 \(GeV\); this looks like MeV",
        ),
    ],
)
def test_energies_in_another_unit_are_refused(electrons, ntuple, read, branches, factor, told):
    for branch in branches:
        electrons[branch] = (electrons[branch] * factor).astype("f4")
    with pytest.raises(DataError, match=told):
        read(ntuple(electrons), "energy")


def test_truth_may_lack(electrons, ntuple, build, adapter):
    del electrons["p_truth_E"]
    assert build(ntuple(electrons)).rows == 12


def test_a_missing_branch_is_named(electrons, ntuple, build):
    del electrons["p_e"]
    with pytest.raises(BranchError, match=r"'energy' cannot be read .* it needs branch 'p_e'"):
        build(ntuple(electrons))


@pytest.mark.parametrize("padded", [False, True])
def test_hdf5_gives_the_same(electrons, ntuple, build, write_hdf5, padded, adapter, read):
    expected = build(ntuple(electrons), "electron_times")
    path = write_hdf5({"train": electrons, "about": {"seed": np.ones(3)}}, padded=padded)
    found = build(path, "electron_times")
    for name, tensor in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor, err_msg=name)


def test_without_tracks_at_all(electrons, ntuple, build):
    for name in [name for name in electrons if name.startswith("p_tracks_")]:
        electrons[name] = electrons[name][:, :0]
    batch = build(ntuple(electrons))
    assert batch.judged.all()
    assert not batch.tensors["tracks_mask"].any()


def test_scales_vary_together(electrons, ntuple, adapter, read):
    view = adapter.views["electron"]
    columns = read(ntuple(electrons), *view.columns)
    nominal = view.build(columns).tensors
    up = view.build(view.variations["cell_scale"].apply(columns, 1.1, 0)).tensors
    for name in ("cells", "calibrated"):
        np.testing.assert_allclose(up[name], 1.1 * nominal[name], rtol=1e-5)
    up = view.build(view.variations["presampler_scale"].apply(columns, 1.1, 0)).tensors
    np.testing.assert_allclose(up["cells"][:, 0], 1.1 * nominal["cells"][:, 0], rtol=1e-5)
    np.testing.assert_array_equal(up["cells"][:, 1:], nominal["cells"][:, 1:])
    f0 = views.FULL.index("f0")
    np.testing.assert_allclose(up["scalars"][:, f0], 1.1 * nominal["scalars"][:, f0], rtol=1e-5)
