"""The data sets of the simulation, and the detector in flight."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot
from click.testing import CliRunner

from rootml.cli import rootml
from rootml.errors import DataError
from rootml.rootio.source import open_source
from rootml_ams import ADAPTER
from rootml_ams.simulation import detector, hadron, simulate, trd
from rootml_ams.simulation.datasets import PUBLISHED_FRACTIONS, settings
from rootml_ams.simulation.detector import NOMINAL, TEMPERATURE_C, Response
from rootml_ams.simulation.flight import CELL_GAINS, DEAD_CELLS, LAYER_GAINS, flight_response
from rootml_ams.simulation.incidence import draw_rays

TOTAL_MEV, TOTAL_GV = 13871673.431, 6539.351898
"""Of the deposits and rigidities of 40 events with the seed 7."""


def column(events, name):
    return ak.to_numpy(events[name])


@pytest.fixture(scope="module")
def flight():
    """Electrons in flight, and as they would be simulated, at a hundred times the rate."""
    return {
        name: simulate(
            250, np.random.default_rng(2), dataset="flight", electron_fraction=1.0, detector=name
        )
        for name in ("flight", "simulated")
    }


def test_names_stand_for_options():
    assert settings({"dataset": "generated"}).range == (200, 600)
    assert settings({"dataset": "generated"}).selection == "generated"
    assert settings({}) == settings({"dataset": "reconstructed"})
    assert settings({"dataset": "tracker"}).good_tracks
    flight = settings({"dataset": "flight"})
    assert (flight.range, flight.detector, flight.labels) == ((50, 70), "flight", "trd")
    assert flight.fraction == pytest.approx(0.0246, abs=1e-4)
    mine = settings({"dataset": "flight", "energy": "60:100", "electron_fraction": 0.2})
    assert (mine.range, mine.fraction, mine.detector) == ((60, 100), 0.2, "flight")


@pytest.mark.parametrize("dataset", PUBLISHED_FRACTIONS)
def test_published_fractions(dataset):
    share = settings({"dataset": dataset, "electron_fraction": "published"}).fraction
    expected = {"generated": 0.966, "reconstructed": 0.656, "tracker": 0.667, "flight": 0.025}
    assert share == pytest.approx(expected[dataset], abs=6e-4)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"dataset": "flihgt"}, "dataset is 'flihgt'.*did you mean 'flight'"),
        ({"mismach": 1}, "no option 'mismach'; did you mean 'mismatch'"),
        ({"mismatch": 4}, "mismatch is 4: expected a number from 0 to 3"),
        ({"mismatch": float("nan")}, "mismatch is nan"),
        ({"interact_within": 0}, "interact_within is 0: expected a number from 0.01"),
        ({"neutral_share": 1}, "neutral_share is 1: expected a number from 0 to 0.99"),
        ({"detector": "moon"}, "detector is 'moon': expected one of simulated, flight"),
        ({"labels": "none"}, "labels is 'none': expected one of truth, trd"),
        ({"good_tracks": "some"}, "good_tracks is 'some': expected one of True, False"),
        ({"electron_fraction": "most"}, "expected a number from 0 to 1 or 'published'"),
    ],
)
def test_options_that_make_no_sense(rng_of, options, problem):
    with pytest.raises(DataError, match=problem):
        simulate(1, rng_of(1), **options)


@pytest.fixture
def rng_of():
    return np.random.default_rng


def test_the_usual_events_are_the_usual_ones(rng_of):
    """The same seed gives what it gave before there were data sets and a TRD."""
    events = simulate(40, rng_of(7))
    assert column(events, "edep_cell").sum(dtype=np.float64) == pytest.approx(TOTAL_MEV, rel=1e-6)
    assert column(events, "mom").sum(dtype=np.float64) == pytest.approx(TOTAL_GV, rel=1e-5)
    assert np.array_equal(column(events, "mc_label"), column(events, "truth_label"))
    assert (column(events, "ecal_temperature") == TEMPERATURE_C).all()
    again = simulate(40, rng_of(7), dataset="reconstructed")
    assert all(ak.array_equal(events[name], again[name], equal_nan=True) for name in events.fields)


def test_protons_that_interact_early(rng_of):
    """As often at any depth as those that happen to, but for the others."""
    rng = rng_of(6)
    protons = hadron.protons(draw_rays(40_000, rng), np.full(40_000, 400.0))
    every = hadron.interaction_depth(protons, rng)
    early = hadron.interaction_depth(protons, rng, within=2.0)
    assert early.max() < 2
    edges = np.linspace(0, 2, 5)
    expected = np.histogram(every, edges)[0] / np.sum(every < 2)
    found = np.histogram(early, edges)[0] / len(early)
    assert found == pytest.approx(expected, abs=0.03)
    events = simulate(30, rng_of(1), electron_fraction=0.0, interact_within=1.0)
    usual = simulate(30, rng_of(1), electron_fraction=0.0)
    first = [column(e, "edep_cell").reshape(-1, 18, 72)[:, 2:4].sum() for e in (events, usual)]
    assert first[0] > 2 * first[1]


def test_protons_whose_first_pions_are_neutral(rng_of):
    """More of the energy is in neutral pions; the leading hadron is the usual one."""
    rng = rng_of(6)
    protons = hadron.protons(draw_rays(4_000, rng), np.full(4_000, 400.0))
    start = np.zeros(4_000)
    usual, neutral = (
        hadron.develop(protons, start, rng_of(2), share).pion_energy.sum() / (4_000 * 400.0)
        for share in (0.0, 0.9)
    )
    # a third of what is not the leading hadron's, and later interactions; nine tenths and more
    assert 0.2 < usual < 0.5
    assert 0.6 < neutral < 0.8
    events = simulate(30, rng_of(1), electron_fraction=0.0, interact_within=1, neutral_share=0.9)
    loose = simulate(30, rng_of(1), electron_fraction=0.0, interact_within=1)
    seen = [np.mean(column(e, "en3d") / column(e, "truth_energy")) for e in (events, loose)]
    assert seen[0] > 1.2 * seen[1]


def test_good_tracks_meet_the_shower(rng_of):
    events = simulate(60, rng_of(3), dataset="tracker", electron_fraction=0.0)
    distance = np.hypot(
        *(column(events, f"Ecal_Shwr{a}0") - column(events, f"Trk_Ecal_Inci_{a}") for a in "XY")
    )
    assert distance.max() < 3.2
    assert distance.max() > 1.0


def test_flight_differs_by_a_few_per_cent(flight):
    """In energy, in depth and in the number of cells; each more than its statistical error."""
    image = {
        name: column(events, "edep_cell").reshape(-1, 18, 72) for name, events in flight.items()
    }
    layers = {name: shower.sum(axis=2).mean(axis=0) for name, shower in image.items()}
    ratio = layers["flight"] / layers["simulated"]
    assert np.abs(ratio - 1).max() < 0.25
    assert ratio[1] > 1.03  # material above: showers begin earlier
    cells = {name: (shower > 0).sum(axis=(1, 2)) for name, shower in image.items()}
    dead = flight_response(1.0).gain == 0
    assert not image["flight"][:, dead].any()
    assert image["simulated"][:, dead].any()
    width = {
        name: (column(events, "en3d") / column(events, "truth_energy")).std()
        for name, events in flight.items()
    }
    assert width["flight"] > 1.15 * width["simulated"]
    assert cells["flight"].mean() != pytest.approx(cells["simulated"].mean(), rel=0.005)


def test_gains_follow_the_temperature(flight):
    events = flight["flight"]
    temperature = column(events, "ecal_temperature")
    assert np.ptp(temperature) == pytest.approx(20, abs=1)
    response = Response(per_kelvin=-0.002, swing=10)
    ones = np.ones((2, 18, 72), np.float32)
    cold, warm = response.light(ones, np.array([0.0, 20.0])).mean(axis=(1, 2))
    assert cold == pytest.approx(1.02, abs=1e-6)
    assert warm == pytest.approx(0.98, abs=1e-6)


def test_crosstalk_stays_in_its_photomultiplier():
    image = np.zeros((1, 18, 72), np.float32)
    image[0, 5, 10] = 1000
    seen = Response(crosstalk=0.02).light(image, np.array([TEMPERATURE_C]))[0]
    layer, cell = np.nonzero(seen)
    assert set(layer) == {4, 5}
    assert set(cell) == {10, 11}
    assert seen.sum() == pytest.approx(1000, rel=1e-5)
    assert seen[5, 10] == pytest.approx(1000 * 0.98**2, rel=1e-5)
    assert seen[5, 11] == seen[4, 10] == pytest.approx(1000 * 0.02 * 0.98, rel=1e-5)


def test_the_flight_detector_is_one_and_scales():
    one, same, none = (flight_response(mismatch) for mismatch in (1.0, 1.0, 0.0))
    assert np.array_equal(one.gain, same.gain)
    assert (one.gain == 0).sum() == DEAD_CELLS
    alive = one.gain[one.gain > 0]
    assert alive.std() == pytest.approx(np.hypot(CELL_GAINS, LAYER_GAINS), rel=0.2)
    assert (none.gain == 1).all()
    assert (none.crosstalk, none.per_kelvin, none.upstream) == (0, 0, 0)
    assert none.saturation == NOMINAL.saturation == 2 * one.saturation


def test_dead_cells_and_saturation(rng_of):
    gain = np.ones((18, 72), np.float32)
    gain[3] = 0
    full = np.full((200, 18, 72), 1e6, np.float32)
    read = detector.measure(0 * full, full, rng_of(1), Response(gain=gain, saturation=50e3))
    assert not read[:, 3].any()
    assert (read[:, gain > 0] == 50e3).all()


@pytest.mark.parametrize(("energy", "least", "most"), [(60, 1500, 30_000), (600, 25, 400)])
def test_trd_rejects_protons_as_in_flight(rng_of, energy, least, most):
    """Several thousand at 90 % efficiency at 60 GeV, and less where protons radiate too."""
    rng, n = rng_of(4), 60_000
    electrons = trd.identify(np.full(4000, energy), np.ones(4000, int), rng).likelihood[:, 0]
    protons = trd.identify(np.full(n, energy), np.zeros(n, int), rng).likelihood[:, 0]
    passing = np.sum(protons < np.quantile(electrons, 0.9))
    assert n / most < passing < n / least


def test_trd_labels_are_contaminated_by_little(rng_of):
    """Of 2.5 % electrons: per mille of the labels are wrong, and a few particles get none."""
    n = 80_000
    truth = (rng_of(1).random(n) < 0.0246).astype(int)
    label = trd.identify(np.full(n, 60.0), truth, rng_of(2)).label
    assert 0.001 < np.mean(truth[label == 1] == 0) < 0.03
    assert 1e-5 < np.mean(truth[label == 0] == 1) < 2e-3
    assert 0.01 < np.mean(label == -1) < 0.06


def test_flight_files_hold_both_labels(tmp_path):
    path = tmp_path / "flight.root"
    words = ["simulate", "ams", "-n", "60", "--set", "dataset=flight", "-o", str(path), "-q"]
    words += ["--set", "electron_fraction=0.9"]
    CliRunner().invoke(rootml, words, catch_exceptions=False)
    with uproot.open(path) as file:
        branches = file["t1"].arrays(["trd_lik", "trd_qk", "ecal_temperature"])
        assert branches["trd_lik"].type.content.size == 3
        assert branches["trd_qk"].type.content.size == 1
        assert np.median(branches["trd_qk"]) == pytest.approx(1.2, abs=0.15)
    with open_source(path, [ADAPTER]) as source:
        columns = ("truth_label", "mc_label", "trd_likelihood", "trd_charge", "temperature")
        events = source.read(columns, 0, 60)
    label, likelihood = column(events, "truth_label"), column(events, "trd_likelihood")
    assert (label[likelihood < 0.58] == 1).all()
    assert (label[likelihood > 0.72] == 0).all()
    assert set(column(events, "mc_label")) <= {0, 1}
    assert (label != column(events, "mc_label")).any()
