"""Simulated electrons and photons as the ntuple holds them."""

from __future__ import annotations

from dataclasses import fields

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import DataError, IntegrityError
from rootml_atlas.files import write
from rootml_atlas.ntuple import BRANCHES, TREE
from rootml_atlas.simulation import OPTIONS, baseline, simulate
from rootml_atlas.simulation.options import Settings

EVENTS = 3000


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def zee():
    return simulate(EVENTS, np.random.default_rng(6))


def column(events, name):
    return ak.to_numpy(events[name])


def eiqr(ratio):
    return np.subtract(*np.quantile(ratio, [0.75, 0.25])) / 1.349


def test_all_branches_of_the_ntuple(zee):
    names = {branch.names[0] for branch in BRANCHES.values()}
    assert names - set(zee.fields) == {
        f"mu{muon}_{what}" for muon in (1, 2) for what in ("e", "eta", "phi")
    }
    for name in zee.fields:
        assert np.isfinite(ak.to_numpy(ak.flatten(zee[name], axis=None))).all(), name
    shapes = [column(zee, f"em_barrel_Lr{layer}").shape[1:] for layer in range(4)]
    assert shapes == [(7, 11), (56, 11), (7, 11), (7, 11)]
    assert column(zee, "eventNumber").dtype == np.int64


def test_seeds_and_sizes(rng):
    first, again, other = (simulate(9, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert ak.array_equal(first, again)
    assert not ak.array_equal(first["p_e"], other["p_e"])
    assert len(first) == 9
    empty = simulate(0, rng)
    assert len(empty) == 0
    assert set(empty.fields) == set(first.fields)


def test_the_hottest_cell_is_in_the_middle(zee):
    middle = column(zee, "em_barrel_Lr2")
    near = middle[:, 2:5, 4:7].reshape(len(middle), -1)
    assert (near.argmax(axis=1) == 4).all()
    assert (middle.reshape(len(middle), -1).max(axis=1) == middle[:, 3, 5]).mean() > 0.99


def test_coarse_cells_lie_in_towers(zee):
    """Where a tower of phi ends follows from where the hottest cell lies in its own."""
    strips = column(zee, "em_barrel_Lr1")[:, 28]
    changes = np.diff(strips, axis=1) != 0
    assert (changes.sum(axis=1) <= 3).all()
    place = changes.argmax(axis=1)
    assert set(place) == {0, 1, 2, 3}
    back = column(zee, "em_barrel_Lr3")[:, :, 5]
    assert ((back[:, 0] == back[:, 1]) != (back[:, 1] == back[:, 2])).all()


def test_scalars_are_those_of_the_cells(zee):
    """E2 is summed from the image; R12, f0 and E_acc give the other layers."""
    e2 = column(zee, "em_barrel_Lr2")[:, 2:5, 2:9].sum(axis=(1, 2))
    e1 = column(zee, "p_R12") * e2
    accordion = column(zee, "p_eAccCluster") / 1000
    e3 = accordion - e1 - e2
    windows = [column(zee, f"em_barrel_Lr{layer}").sum(axis=(1, 2)) for layer in range(4)]
    assert np.median(e1 / windows[1]) == pytest.approx(0.96, abs=0.03)
    assert 0.5 < np.median(e3 / windows[3]) < 1.1
    np.testing.assert_allclose(e3, column(zee, "em_barrel_Lr3")[:, 2:5, 2:9].sum((1, 2)), atol=1.5)
    e0 = column(zee, "p_f0Cluster") * accordion
    assert np.corrcoef(e0, windows[0])[0, 1] > 0.98
    eta = column(zee, "p_etaModCalo") + 0.025 * column(zee, "p_cellIndexCluster")
    track = np.abs(column(zee, "p_eta"))
    assert np.median(np.abs(eta - track)) == pytest.approx(0.6745 * 0.042 / 1.68, rel=0.25)


def test_electrons_of_a_z_know_each_other(zee):
    event, charge = column(zee, "eventNumber"), column(zee, "p_charge")
    assert (event[::2] == event[1::2]).all()
    assert len(np.unique(event)) == EVENTS // 2
    assert (charge[::2] == -charge[1::2]).all()
    for name in ("e", "eta", "phi"):
        np.testing.assert_array_equal(
            column(zee, f"tag_{name}")[::2], column(zee, f"p_{name}")[1::2]
        )
    for name in ("averageInteractionsPerCrossing", "NvtxReco"):
        np.testing.assert_array_equal(column(zee, name)[::2], column(zee, name)[1::2])
    assert set(column(zee, "mcChannelNumber")) == {361106}


def test_the_baseline_is_calibrated(zee):
    ratio = column(zee, "p_e") / column(zee, "p_truth_E")
    assert np.median(ratio) == pytest.approx(1, abs=0.005)
    assert 0.018 < eiqr(ratio) < 0.028
    raw = column(zee, "p_eAccCluster") / column(zee, "p_truth_E")
    assert eiqr(ratio) < 0.75 * eiqr(raw) / np.median(raw)


def test_sampling_and_constant_term(rng):
    """10 %/sqrt(E) and 0.7 % are the least; what is lost before and around adds a little."""
    for energy in (50.0, 400.0):
        events = simulate(
            1500,
            rng,
            sample="electrons",
            energy=(0.999 * energy, 1.001 * energy),
            eta=0.6,
            mu=(0, 0.01),
        )
        ratio = column(events, "p_e") / column(events, "p_truth_E")
        least = np.hypot(0.10 / np.sqrt(energy), 0.006)
        assert 0.9 * least < eiqr(ratio) < 1.8 * least


def test_pileup_widens_and_does_not_shift(rng):
    """Far from the electron cells are zero on average at any <mu>, but not as quiet."""
    quiet, busy = (
        column(simulate(2000, rng, sample="photons", energy=(10, 11), mu=mu), "em_barrel_Lr2")
        for mu in ((0, 0.01), (60, 61))
    )
    far = [image[:, [0, -1]].mean(axis=(1, 2)) for image in (quiet, busy)]
    error = np.hypot(*(each.std() / np.sqrt(len(each)) for each in far))
    assert far[1].mean() - far[0].mean() == pytest.approx(0, abs=4 * error)
    assert busy[:, 0, 0].std() > 2 * quiet[:, 0, 0].std()


def test_tracks_follow_the_pileup(rng):
    few, many = (
        ak.mean(ak.num(simulate(400, rng, sample="electrons", mu=mu)["p_tracks_pt"]))
        for mu in ((5, 6), (60, 61))
    )
    assert many > few + 4
    own = simulate(300, rng, sample="electrons", mu=(20, 21))
    np.testing.assert_array_equal(ak.firsts(own["p_tracks_pt"]), own["p_pt_track"])
    assert ak.all(ak.firsts(own["p_tracks_vertex"]) == 0)


def test_times(zee):
    time, energy = column(zee, "time_em_barrel_Lr2"), column(zee, "em_barrel_Lr2")
    assert np.abs(time[:, 3, 5]).max() < 3
    assert (time[energy < 0.05] == 0).all()
    assert np.abs(time).max() <= 25


def test_photons(rng):
    photons = simulate(1500, rng, sample="photons", energy="20:200")
    assert set(column(photons, "p_truth_pdgId")) == {22}
    tracks = column(photons, "p_nTracks")
    assert set(tracks) == {0, 2}
    assert 0.05 < (tracks == 2).mean() < 0.5
    assert (column(photons, "p_pt_track")[tracks == 0] == 0).all()
    assert np.isnan(column(photons, "tag_e")).all()
    true = column(photons, "p_truth_E")
    assert true.min() >= 20_000
    assert true.max() <= 200_001
    assert np.median(column(photons, "p_e") / true) == pytest.approx(1, abs=0.01)


def test_data_differ_from_the_simulation(zee):
    same, data = (
        simulate(EVENTS, np.random.default_rng(6), version="data", mismatch=size) for size in (0, 1)
    )
    assert ak.array_equal(same, zee)
    ratio = [column(events, "p_e") / column(events, "p_truth_E") for events in (zee, data)]
    assert np.median(ratio[1]) < np.median(ratio[0]) - 0.002
    assert eiqr(ratio[1]) > 1.05 * eiqr(ratio[0])


def test_every_option_is_documented():
    assert set(OPTIONS) == {item.name for item in fields(Settings)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample": "muons"},
        {"energy": (100.0, 50.0)},
        {"energy": "10"},
        {"energy": (1.0, 50.0)},
        {"mu": "20:2000"},
        {"mu": float("nan")},
        {"eta": 2.5},
        {"eta": "wide"},
        {"version": "Data"},
        {"generator": "pythia6"},
        {"mismatch": -1},
        {"mass": (91, 91)},
        {"pileup": 20},
    ],
)
def test_senseless_requests_are_refused(rng, wrong):
    with pytest.raises(DataError, match=next(iter(wrong))):
        simulate(2, rng, **wrong)


@pytest.mark.parametrize("n", [-1, 2.5])
def test_senseless_numbers_are_refused(rng, n):
    with pytest.raises(DataError, match="number of electrons"):
        simulate(n, rng)


def test_files_are_read_back(tmp_path, read):
    path = tmp_path / "electrons.root"
    write(path, 30, np.random.default_rng(3))
    expected = simulate(30, np.random.default_rng(3))
    with uproot.open(path) as file:
        tree = file[TREE]
        assert tree.num_entries == 30
        np.testing.assert_array_equal(
            tree["em_barrel_Lr1"].array(library="np"), column(expected, "em_barrel_Lr1")
        )
        assert ak.array_equal(tree["p_tracks_z0"].array(), expected["p_tracks_z0"])
    truth = read(path, "truth_energy")["truth_energy"]
    np.testing.assert_allclose(truth, column(expected, "p_truth_E") / 1000, rtol=1e-6)


def test_changed_trees_are_refused(monkeypatch, tmp_path, rng):
    changed = tmp_path / "baseline.onnx"
    changed.write_bytes(baseline.FILE.read_bytes() + b"\0")
    baseline._session.cache_clear()
    monkeypatch.setattr(baseline, "FILE", changed)
    with pytest.raises(IntegrityError, match="SHA-256"):
        simulate(2, rng)


def test_the_trees_can_be_fitted_anew(monkeypatch):
    pytest.importorskip("sklearn")
    from rootml_atlas.simulation.calibrate import STEP, TREES, fit

    monkeypatch.setitem(TREES, "max_iter", 20)
    trees = fit(STEP / 120_000)
    events = simulate(2000, np.random.default_rng(9), sample="electrons", energy=(30, 300))
    columns = {name: column(events, name) for name in baseline.INPUTS}
    energy = columns["p_eAccCluster"] * trees.predict(baseline.features(columns))
    assert np.median(energy / column(events, "p_truth_E")) == pytest.approx(1, abs=0.015)
