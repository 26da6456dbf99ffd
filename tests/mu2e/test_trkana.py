"""Structures as branches (TrkAna, version 3), on a real file and on arrays like it."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import BranchError, DataError, LayoutError
from rootml.rootio.source import open_source

TMVA = (
    "NActiveHits", "ActiveHitFraction", "Log10FitCon", "MomError", "T0Error", "d0", "MaxRadius",
    "DoubleHitFraction", "NullAmbigHitFraction", "StrawHitFraction",
)  # fmt: skip


def structs(n=40, *, swap=False, seed=1):
    """The branches of ``n`` tracks as uproot gives them; true momenta lie near 104 MeV/c."""
    rng = np.random.default_rng(seed)
    names = ("status", "nhits", "nactive", "ndactive", "nnullambig", "nmatactive", "pdg")
    track = ak.zip({name: rng.integers(1, 40, n) for name in names})
    vector = rng.normal(60, 1, (n, 3)).astype(np.float32)
    entrance = ak.zip(
        {
            "mom": np.linalg.norm(vector, axis=1) + np.float32(0.1),
            "momerr": np.full(n, 0.1, np.float32),
            "td": np.full(n, 0.8, np.float32),
            "d0": np.full(n, 10, np.float32),
            "om": np.full(n, 0.0035, np.float32),
        }
    )
    stored = vector.byteswap() if swap else vector
    truth = ak.zip({"fCoordinates": ak.zip(dict(zip(("fX", "fY", "fZ"), stored.T, strict=True)))})
    branches = {"de": track, "deent": entrance, "demcent/_mom": truth}
    return branches, np.linalg.norm(vector.astype(np.float64), axis=1)


class TestRealFile:
    @pytest.mark.parametrize(
        ("tree", "count"), [("TrkAnaNeg/trkana", 101), ("TrkAnaPos/trkana", 2)]
    )
    def test_ten_inputs_are_those_the_file_stores(self, adapter, real, tree, count):
        source = real(tree)
        view = adapter.views["track_quality_tmva"]
        batch = view.build(source.read(view.columns, 0, source.num_entries))
        stored = source.tree["detrkqual"].array(library="np")
        assert view.tensors[0].columns == TMVA
        assert batch.judged.sum() == count
        for index, name in enumerate(TMVA):
            np.testing.assert_allclose(
                batch.tensors["track"][:, index], stored[name], rtol=2e-6, atol=1e-5, err_msg=name
            )

    def test_seven_inputs_in_order(self, adapter, real):
        source = real()
        view = adapter.views["track_quality"]
        batch = view.build(source.read(view.columns, 0, 101))
        leaf = {}
        for branch in ("de", "deent"):
            structs = source.tree[branch].array(library="np")
            leaf |= {name: structs[name].astype(float) for name in structs.dtype.names}
        expected = [
            leaf["nactive"],
            leaf["nactive"] / leaf["nhits"],
            leaf["t0err"],
            leaf["nnullambig"] / leaf["nactive"],
            leaf["fitcon"],
            leaf["momerr"],
            leaf["nmatactive"] / leaf["nactive"],
        ]
        assert batch.rows == 101
        np.testing.assert_allclose(batch.tensors["track"], np.stack(expected, 1), rtol=1e-6)
        assert np.isfinite(batch.tensors["track"]).all()

    def test_true_momenta_are_those_of_the_bytes(self, real):
        source = real()
        events = source.read(("fit_momentum", "truth_momentum", "truth_label"), 0, 101)
        basket = source.tree["demcent/_mom"].basket(0)
        words = np.frombuffer(bytes(basket.data), np.uint8).reshape(101, 32)[:, 20:].copy()
        expected = np.linalg.norm(words.view(">f4").astype(float), axis=1)
        truth = ak.to_numpy(events["truth_momentum"])
        there = expected > 0
        assert there.sum() == 100
        np.testing.assert_allclose(truth[there], expected[there], rtol=1e-6)
        assert np.isnan(truth[~there]).all()
        assert truth[0] == pytest.approx(103.654, abs=1e-3)
        assert source.decoder.options["truth_vectors"] in ("as read", "bytes swapped")
        label = ak.to_numpy(events["truth_label"])
        assert dict(zip(*np.unique(label, return_counts=True), strict=True)) == {
            -1: 24,
            0: 1,
            1: 76,
        }

    def test_true_momenta_are_below_those_at_birth(self, real):
        source = real()
        truth = ak.to_numpy(source.read(("truth_momentum",), 0, 101)["truth_momentum"])
        birth = source.tree["demc/_omom"].array(library="np")
        there = np.isfinite(truth)
        assert (truth[there] < birth[there]).all()
        assert (truth[there] > 0.7 * birth[there]).all()

    def test_tracks_without_any_truth(self, real):
        source = real("TrkAnaPos/trkana")
        events = source.read(("truth_momentum", "truth_label"), 0, 2)
        assert source.decoder.options == {}
        assert np.isnan(ak.to_numpy(events["truth_momentum"])).all()
        assert events["truth_label"].tolist() == [-1, -1]

    def test_two_trees_match_and_the_error_says_so(self, adapter, shared):
        with pytest.raises(LayoutError, match=r"TrkAnaNeg/trkana.*TrkAnaPos/trkana.*--tree"):
            open_source(shared("mu2e/uproot-issue-513.root"), [adapter])

    def test_version_5_is_read(self, adapter, shared):
        path = shared("mu2e/uproot-issue-1221.root")
        with open_source(path, [adapter]) as source:
            assert source.decoder.layout.name == "trkana_v5"
            columns = (
                "nactive",
                "t0err",
                "fit_momentum",
                "truth_momentum",
                "trkqual",
                "truth_label",
            )
            track = source.read(columns, 0, 1)[0]
        with uproot.open(path) as file:
            fit = file["TrkAna/trkana/demfit"].array(library="np")[0][0][0].member("mom")
        expected = np.linalg.norm([fit.member("fCoordinates").member(f"f{i}") for i in "XYZ"])
        assert track["fit_momentum"][0] == pytest.approx(expected, rel=1e-6)
        assert track["truth_momentum"][0] == pytest.approx(82.0798, abs=1e-3)
        assert track["nactive"].tolist() == [60]
        assert track["t0err"][0] == pytest.approx(0.42667, abs=1e-5)
        assert track["trkqual"][0] == pytest.approx(0.87748, abs=1e-5)
        assert track["truth_label"].tolist() == [1]


class TestByteOrder:
    @pytest.mark.parametrize("swap", [False, True])
    def test_both_orders_give_the_same_momenta(self, read, swap):
        branches, expected = structs(swap=swap)
        found = read("trkana", branches, "truth_momentum")["truth_momentum"]
        np.testing.assert_allclose(found, expected, rtol=1e-6)

    def test_where_neither_order_fits_there_is_no_truth(self, adapter, read):
        branches, _ = structs()
        branches["deent"] = ak.with_field(branches["deent"], branches["deent"]["mom"] * 20, "mom")
        found = read("trkana", branches, "truth_momentum", "truth_label")
        assert np.isnan(ak.to_numpy(found["truth_momentum"])).all()
        assert set(found["truth_label"].tolist()) == {-1}
        layout = next(layout for layout in adapter.layouts if layout.name == "trkana")
        raw = ak.zip(
            {"truth_vector": branches["demcent/_mom"], "entrance": branches["deent"]}, depth_limit=1
        )
        assert "cannot be told" in layout.configure(raw)["truth_vectors"]
        with pytest.raises(DataError, match="cannot be told"):
            layout.decode(raw, ("truth_momentum",), {})

    def test_order_found_where_only_late_tracks_have_truth(self, adapter, read):
        branches, expected = structs(swap=True)
        layout = next(layout for layout in adapter.layouts if layout.name == "trkana")
        raw = ak.zip(
            {"truth_vector": branches["demcent/_mom"], "entrance": branches["deent"]}, depth_limit=1
        )
        found = layout.decode(raw, ("truth_momentum",), {})["truth_momentum"]
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_lacking_leaf_is_named_with_the_nearest(read):
    branches, _ = structs()
    del branches["demcent/_mom"]
    branches["de"] = branches["de"][["status", "nhits", "nactive", "pdg"]]
    with pytest.raises(BranchError, match="nnullambig"):
        read("trkana", branches, "nnullambig")


def test_class_follows_the_excess(read):
    branches, truth = structs(5)
    shifts = np.array([0.24, -0.24, -0.9, 0.5, 0.71])
    branches["deent"] = ak.with_field(branches["deent"], truth + shifts, "mom")
    assert read("trkana", branches, "truth_label")["truth_label"].tolist() == [1, 1, -1, -1, 0]


def test_truth_that_is_no_vector_is_refused(read):
    branches, truth = structs(5)
    branches["demcent/_mom"] = ak.zip({"mag": truth})
    with pytest.raises(BranchError, match="expected a member 'fCoordinates'"):
        read("trkana", branches, "truth_momentum")
