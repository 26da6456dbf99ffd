"""Simulated samples: detector, protons, selection, and that nothing gives the class away."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from scipy.stats import rankdata

from rootml.errors import DataError
from rootml_ams.geometry import DEPTH_X0
from rootml_ams.simulation import detector, hadron, simulate
from rootml_ams.simulation.deposit import MIP_MEV, add_tracks
from rootml_ams.simulation.incidence import draw_rays
from rootml_ams.simulation.rays import Rays

EVENTS = 4000


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture(scope="module")
def sample():
    return simulate(EVENTS, np.random.default_rng(6))


def column(events, name):
    return ak.to_numpy(ak.flatten(events[name], axis=None)).reshape(len(events), -1).squeeze()


def auc(score, label):
    ranks = rankdata(score)
    signal = label == 1
    n = signal.sum()
    return (ranks[signal].sum() - n * (n + 1) / 2) / (n * (len(label) - n))


def test_seeds(rng):
    first, second = (simulate(30, np.random.default_rng(seed)) for seed in (1, 2))
    assert not ak.array_equal(first["en3d"], second["en3d"])
    assert len(simulate(0, rng)) == 0


def test_branches_have_their_types(sample):
    assert str(sample["edep_cell"].type) == f"{EVENTS} * 1296 * float32"
    assert str(sample["EcalEMlhd"].type) == f"{EVENTS} * 1 * float32"
    for name in sample.fields:
        assert np.isfinite(column(sample, name)).all(), name


def test_selection_is_in_reconstructed_energy(sample, rng):
    energy = column(sample, "en3d")
    assert energy.min() >= 200
    assert energy.max() <= 2000
    true = column(sample, "truth_energy")
    assert (true[column(sample, "truth_label") == 0] > 2000).any()
    generated = simulate(300, rng, energy=(200, 600), selection="generated")
    true = column(generated, "truth_energy")
    assert true.min() >= 200
    assert true.max() <= 600
    assert (column(generated, "en3d") < 1).any()


def test_energy_alone_does_not_separate(sample):
    label = column(sample, "truth_label")
    assert abs(label.mean() - 0.5) < 0.03
    assert abs(auc(column(sample, "en3d"), label) - 0.5) < 0.06


@pytest.mark.parametrize(
    "name", ["Trk_Ecal_Inci_X", "Trk_Ecal_Inci_Y", "Trk_Ecal_Inci_Zenith", "Trk_Ecal_Inci_Azimutal"]
)
def test_direction_and_place_do_not_separate(sample, name):
    assert abs(auc(column(sample, name), column(sample, "truth_label")) - 0.5) < 0.04


def test_the_far_corner_is_as_noisy_for_both(sample):
    """Cells far from the shower: noise and threshold must not differ between the classes."""
    image = column(sample, "edep_cell").reshape(-1, 18, 72)
    label = column(sample, "truth_label")
    far = column(sample, "Trk_Ecal_Inci_X") > 15
    rate = [(image[far & (label == side)][:, 2:4, :10] > 0).mean() for side in (0, 1)]
    assert rate[0] == pytest.approx(rate[1], abs=2e-3)


def test_reference_scores_are_those_of_an_experiment(sample):
    """Accuracies of the AMS likelihood and boosted trees on simulation: about 0.97."""
    label = column(sample, "truth_label")
    assert ((column(sample, "EcalEMlhd") < 4) == (label == 1)).mean() == pytest.approx(
        0.97, abs=0.02
    )
    assert ((column(sample, "ecal3dbdt") > 0) == (label == 1)).mean() == pytest.approx(
        0.975, abs=0.02
    )


def test_some_protons_look_like_electrons(sample):
    protons = sample[sample["truth_label"] == 0]
    electrons = sample[sample["truth_label"] == 1]
    cut = np.quantile(column(electrons, "ecal3dbdt"), 0.05)
    assert 0.0005 < (column(protons, "ecal3dbdt") > cut).mean() < 0.05


@pytest.mark.parametrize(("energy", "resolution"), [(20.0, 0.031), (100.0, 0.023), (250.0, 0.023)])
def test_energy_resolution(rng, energy, resolution):
    """Adloff et al. 2013 measured 10.4 % / sqrt(E) and 1.4 % in a beam at one place and angle."""
    events = simulate(
        1500,
        rng,
        energy=(energy * 0.99, energy * 1.01),
        selection="generated",
        electron_fraction=1.0,
    )
    ratio = column(events, "en3d") / column(events, "truth_energy")
    assert np.median(ratio) == pytest.approx(1, abs=0.01)
    assert ratio.std() == pytest.approx(resolution, rel=0.2)
    assert ratio.std() > np.hypot(0.104 / np.sqrt(energy), 0.01)


def test_sampling_does_not_depend_on_the_cells(rng):
    for cells in (1, 50):
        mean = np.zeros((2000, 18, 72), np.float32)
        mean.reshape(2000, -1)[:, :cells] = 5000 / cells
        total = detector.measure(mean, np.zeros_like(mean), rng).sum(axis=(1, 2))
        spread = np.hypot(0.104 / np.sqrt(5), detector.UNIFORMITY)
        spread = np.hypot(spread, detector.CELL_SPREAD / np.sqrt(cells))
        assert total.mean() == pytest.approx(5000, rel=0.005)
        assert total.std() / 5000 == pytest.approx(spread, rel=0.06)


def test_noise_and_threshold(rng):
    empty = np.zeros((500, 18, 72), np.float32)
    read = detector.measure(empty, empty, rng)
    assert (read > 0).mean() == pytest.approx(4.3e-4, rel=0.15)
    assert read[read > 0].min() >= 2.0
    full = detector.measure(empty, empty + 1e6, rng)
    assert full.max() == detector.SATURATION_MEV


def test_minimum_ionising_particles(rng):
    """7.9 MeV per X0 (PDG) over the electron-to-mip ratio of 0.65; Landau's peak lies lower."""
    n = 4000
    zero = np.zeros(n)
    image = np.zeros((n, 18, 72), np.float32)
    add_tracks(image, Rays(np.arange(n), zero, zero, zero, zero, zero), zero + 17, 1.0, rng)
    layer = image.sum(axis=2).ravel()
    assert layer.mean() == pytest.approx(7.92 / 0.652 * DEPTH_X0 / 18, rel=0.02)
    counts, edges = np.histogram(layer, np.arange(0, 40, 0.5))
    peak = edges[counts.argmax()] + 0.25
    assert peak == pytest.approx(0.85 * MIP_MEV, abs=1.0)


def test_interaction_probability(rng):
    rays = draw_rays(20_000, rng)
    depth = hadron.interaction_depth(hadron.protons(rays, np.full(20_000, 400.0)), rng)
    expected = 1 - np.exp(-0.6 * rays.secant.mean())
    assert (depth < DEPTH_X0).mean() == pytest.approx(expected, abs=0.012)


def test_cascades_conserve_energy(rng):
    rays = draw_rays(2000, rng)
    energy = np.full(2000, 400.0)
    protons = hadron.protons(rays, energy)
    cascade = hadron.develop(protons, hadron.interaction_depth(protons, rng), rng)
    seen = np.bincount(cascade.pions.event, cascade.pion_energy, 2000)
    assert seen.max() <= 400
    inner = seen[seen > 0]
    assert 0.2 < inner.mean() / 400 < 0.4
    assert (inner > 0.9 * 400).mean() < 0.02


def test_energy_range_as_text(rng):
    """As the command line hands it over with --set."""
    assert simulate(3, rng, energy="300:400", selection="generated")["truth_energy"][0] >= 300


@pytest.mark.parametrize(
    "wrong",
    [
        {"energy": (200.0, 100.0)},
        {"energy": (1.0, 100.0)},
        {"electron_fraction": 1.5},
        {"selection": "measured"},
        {"index": float("nan")},
        {"index": "steep"},
        {"energy": "200"},
        {"energy": (200.0, 201.0)},
    ],
)
def test_senseless_requests_are_refused(rng, wrong):
    with pytest.raises(DataError):
        simulate(1, rng, **wrong)
