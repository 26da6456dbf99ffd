"""The simulation against numbers that are known otherwise."""

from __future__ import annotations

import time

import awkward as ak
import numpy as np
import pytest
from scipy.stats import landau as reference

from rootml.errors import DataError
from rootml_mu2e.simulation.material import ALUMINIUM, ionise, landau, most_probable, radiate


@pytest.fixture(scope="module")
def excess(tracks):
    return np.asarray(tracks["deent.mom"] - tracks["truth_momentum"], float)


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def test_landau_is_that_of_scipy(rng):
    drawn = landau(400_000, rng)
    shares = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    expected = np.pi / 2 * reference.ppf(shares) + np.log(np.pi / 2) + 0.22278
    np.testing.assert_allclose(np.quantile(drawn, shares), expected, atol=0.05, rtol=0.02)
    counts, edges = np.histogram(drawn, np.arange(-1.5, 1.5, 0.1))
    assert abs(edges[np.argmax(counts)] + 0.05) < 0.25


def test_most_probable_loss_is_pdgs():
    """0.1 g/cm^2 of aluminium: xi = 7.40 keV; xi (ln(2 m xi / (32.86 eV)^2) + 0.2) = 118 keV."""
    assert most_probable(ALUMINIUM, np.array([0.1]))[0] == pytest.approx(0.118, rel=0.01)


def test_nothing_is_lost_in_nothing(rng):
    nothing, momentum = np.zeros(50), np.full(50, 100.0)
    assert not ionise(ALUMINIUM, nothing, momentum, rng).any()
    assert not radiate(nothing, momentum, rng).any()


def test_mean_radiated_share_is_that_of_bethe_and_heitler(rng):
    """The mean of the remaining share exp(-y), y gamma distributed, is 2^(-t / ln 2)."""
    lost = radiate(np.full(200_000, 0.3), np.full(200_000, 100.0), rng)
    assert 1 - lost.mean() / 100 == pytest.approx(2 ** (-0.3 / np.log(2)), abs=0.002)


def test_electrons_lose_energy_before_the_tracker(tracks):
    lost = np.asarray(tracks["truth_generated"] - tracks["truth_momentum"], float)
    assert tracks["truth_generated"].to_numpy() == pytest.approx(104.97)
    assert lost.min() >= 0
    assert 0.4 < np.median(lost) < 1.2
    assert 0.01 < np.mean(lost > 5) < 0.1


def test_core_and_tails_of_the_momentum(excess):
    low, median, high = np.quantile(excess, [0.1587, 0.5, 0.8413])
    assert 0.12 < (high - low) / 2 < 0.28
    assert -0.15 < median < 0
    too_high, too_low = np.mean(excess > 0.7), np.mean(excess < -0.7)
    assert 0.003 < too_high < 0.02
    assert 2 * too_high < too_low < 0.12


def test_errors_describe_the_core(tracks, excess):
    pull = excess / np.asarray(tracks["deent.momerr"])
    assert 0.9 < np.quantile(pull, 0.8413) < 1.3


def test_bad_tracks_look_worse(tracks, excess):
    bad, good = excess > 0.7, abs(excess) < 0.25
    for name, higher in (("deent.momerr", 1), ("de.nactive", -1), ("de.fitcon", -1)):
        values = np.asarray(tracks[name], float)
        assert higher * (values[bad].mean() - values[good].mean()) > 0, name
    share = np.asarray(tracks["de.nnullambig"] / tracks["de.nactive"])
    assert share[bad].mean() > 1.2 * share[good].mean()


def test_numbers_of_hits_are_possible(tracks):
    hits, active, double = (ak.to_numpy(tracks[f"de.n{n}"]) for n in ("hits", "active", "dactive"))
    assert (active <= hits).all()
    assert (2 * double <= active).all()
    assert (tracks["de.nnullambig"] <= tracks["de.nactive"]).to_numpy().all()
    assert (tracks["de.nmatactive"] >= tracks["de.nactive"]).to_numpy().all()
    assert 15 <= active.min() <= active.max() <= 130


def test_helices_stay_in_the_tracker(adapter, read, tracks):
    found = read("flat", {name: tracks[name] for name in tracks.fields}, "rmax", "d0")
    assert 400 < ak.min(found["rmax"]) < ak.max(found["rmax"]) < 720
    assert abs(found["d0"]).to_numpy().max() < 100


@pytest.mark.parametrize(
    "momentum", ["x", "5:10", "110:90", "1:2:3", "nan", (90,), None, 20, "conversions"]
)
def test_momenta_that_make_no_sense(adapter, rng, momentum):
    with pytest.raises(DataError, match="momentum"):
        adapter.simulate(3, rng, momentum=momentum)


def test_momentum_is_spread_over_its_range(adapter, rng):
    born = adapter.simulate(5000, rng, momentum="90:100")["truth_generated"].to_numpy()
    assert born.min() > 90
    assert born.max() < 100
    counts, _ = np.histogram(born, 5, (90, 100))
    assert (abs(counts - 1000) < 250).all()


def test_fifty_thousand_tracks_a_second(adapter, rng):
    adapter.simulate(100, rng)
    started = time.process_time()
    adapter.simulate(50_000, rng)
    assert time.process_time() - started < 1
