"""Simulated double beta decays, and what the calorimeter measures of electrons."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gamma

from rootml.errors import DataError
from rootml_supernemo.modules import number
from rootml_supernemo.simulation import decays as decays_of
from rootml_supernemo.simulation import foil, simulate, spectra

Q, ELECTRON = 2.9979, 0.51099895
SAMPLE = 40_000
MODULE = ("calo_type", "calo_side", "calo_wall", "calo_row", "calo_column")


def rng(seed=5):
    return np.random.default_rng(seed)


def flat(events, name):
    return ak.to_numpy(ak.flatten(events[name]))


@pytest.fixture(scope="module")
def decays():
    return {kind: simulate(2000, rng(), events=kind) for kind in ("2nubb", "0nubb")}


def by_hand(energy):
    """p E F(E), with the gamma function itself."""
    total = energy + ELECTRON
    p = np.sqrt(total**2 - ELECTRON**2)
    order = np.sqrt(1 - (36 / 137.036) ** 2)
    y = 36 / 137.036 * total / p
    rest = np.exp(np.pi * y) * abs(gamma(order + 1j * y)) ** 2
    return total * (p / ELECTRON) ** (2 * order - 1) * rest


def test_sums_with_two_neutrinos():
    """Of electrons by numerical integration; and near the formula of Primakoff and Rosen."""
    energy, density = spectra.sum_density()
    assert np.sum(density) * energy[1] == pytest.approx(1)
    places = np.array([0.3, 0.9, 1.5, 2.4])
    meant = [
        quad(lambda t, k=k: by_hand(t) * by_hand(k - t), 1e-6, k - 1e-6)[0] * (Q - k) ** 5
        for k in places
    ]
    found = np.interp(places, energy, density)
    np.testing.assert_allclose(found / found[0], np.array(meant) / meant[0], rtol=2e-3)
    k, most = energy / ELECTRON, Q / ELECTRON
    rosen = k * (most - k) ** 5 * (1 + 2 * k + 4 * k**2 / 3 + k**3 / 3 + k**4 / 30)
    upto = [np.cumsum(one) / np.sum(one) for one in (density, rosen)]
    assert np.abs(upto[0] - upto[1]).max() < 0.02
    drawn = np.sort(spectra.sums(SAMPLE, 0.0, rng()))
    apart = np.abs(np.interp(drawn, energy, upto[0]) - np.linspace(0, 1, SAMPLE)).max()
    assert apart < 1.95 / np.sqrt(SAMPLE)  # Kolmogorov's test, one in a thousand
    tail = spectra.sums(SAMPLE, 2.0, rng())
    assert tail.min() >= 2.0
    share = np.sum(tail > 2.4) / SAMPLE
    above = [1 - np.interp(k, energy, upto[0]) for k in (2.0, 2.4)]
    assert share == pytest.approx(above[1] / above[0], abs=0.01)


@pytest.mark.parametrize("total", [0.4, Q])
def test_shares_of_the_electrons(total):
    """Kolmogorov's test against the density of one electron."""
    drawn = np.sort(spectra.shares(np.full(SAMPLE, total), rng()))
    energy = np.linspace(0, total, 2001)[1:-1]
    density = by_hand(energy) * by_hand(total - energy)
    upto = np.cumsum(density) / np.sum(density)
    apart = np.abs(np.interp(drawn, energy, upto) - np.linspace(0, 1, SAMPLE)).max()
    assert apart < 1.95 / np.sqrt(SAMPLE) + 1e-3


@pytest.mark.parametrize(("one", "two"), [(1.5, 1.5), (0.05, 2.0), (1e-9, 1e-9)])
def test_angles_between_electrons(one, two):
    """Mean and mean square of a density 1 - b cos are -b / 3 and 1 / 3."""
    slow = np.prod([np.sqrt(1 - 1 / (1 + energy / ELECTRON) ** 2) for energy in (one, two)])
    drawn = spectra.cosines(np.full(SAMPLE, one), np.full(SAMPLE, two), rng())
    assert np.abs(drawn).max() <= 1
    assert drawn.mean() == pytest.approx(-slow / 3, abs=4 * drawn.std() / np.sqrt(SAMPLE))
    assert (drawn**2).mean() == pytest.approx(1 / 3, abs=4 * 0.3 / np.sqrt(SAMPLE))


@settings(deadline=None, max_examples=30)
@given(st.floats(0.3, 3.0), st.floats(0, 60))
def test_losses_in_the_foil_add_up(energy, way):
    start = np.array([energy])
    once = foil.left(start, np.array([way]))
    half = np.array([way / 2])
    twice = foil.left(foil.left(start, half), half)
    assert 0 <= once[0] <= energy
    np.testing.assert_allclose(twice, once, atol=0.01)


def test_stopping_power_by_hand():
    """At 1 MeV: 0.1535 x 34 / 81.92 / 0.8856 x (ln(...) - 0.220), in MeV cm^2 / g."""
    assert foil.stopping_power(np.array(1.0)) == pytest.approx(1.179, abs=0.002)


def test_decays_are_two_electrons_of_one_point(decays):
    for number_of, (kind, events) in enumerate(decays.items()):
        assert set(np.asarray(events.truth_class)) == {number_of}, kind
        assert ak.all(events.truth_ntracks == 2)
        for axis in "yz":
            assert ak.all(
                events[f"truth_vertex{axis}"][:, 0] == events[f"truth_vertex{axis}"][:, 1]
            )
    sums = {kind: ak.to_numpy(ak.sum(one.truth_energy, axis=1)) for kind, one in decays.items()}
    np.testing.assert_allclose(sums["0nubb"], Q)
    assert sums["2nubb"].max() < Q
    high = simulate(300, rng(), events="2nubb", least_energy=2.0)
    assert ak.min(ak.sum(high.truth_energy, axis=1)) >= 2.0
    both = simulate(1000, rng(), events="both")
    assert np.mean(both.truth_class) == pytest.approx(0.5, abs=0.07)
    assert set(np.asarray(simulate(9, rng()).truth_class)) == {-1}


def test_electrons_curve_by_what_the_foil_left_them(decays):
    """Radii are those of less than the emitted energy, mostly by some tens of keV."""
    events = decays["0nubb"]
    way = np.stack([flat(events, "pointx"), flat(events, "pointy") - flat(events, "truth_vertexy")])
    direction = np.stack([flat(events, "dirx"), flat(events, "diry")])
    left = direction[0] * way[1] - direction[1] * way[0]
    radius = (way**2).sum(axis=0) / (2 * left) * np.hypot(1, flat(events, "dirz"))
    momentum = 0.299792458 * 0.0025 * radius
    behind = np.hypot(momentum, ELECTRON) - ELECTRON
    loss = flat(events, "truth_energy") - behind
    assert loss.min() > -1e-6
    assert 0.02 < np.median(loss) < 0.08
    measured = ak.to_numpy(ak.sum(events.calo_energy, axis=1))
    assert np.median(measured) == pytest.approx(Q - 2 * np.mean(loss), abs=0.05)


def test_energies_of_modules():
    """One electron each: Gaussian around its energy, wider in X walls and vetoes."""
    events = simulate(12_000, rng(), tracks=1)
    events = events[ak.num(events.calo_id) == 1]
    kind, true = flat(events, "calo_type"), flat(events, "truth_energy")
    pull = (flat(events, "calo_energy") - true) / np.sqrt(true) * 2.3548
    for place, meant in enumerate((0.08, 0.12, 0.15)):
        mine = pull[kind == place]
        assert mine.mean() == pytest.approx(0, abs=4 * meant / np.sqrt(len(mine)))
        assert mine.std() == pytest.approx(meant, rel=4 / np.sqrt(2 * len(mine)))


def test_tracks_in_the_same_module_are_one_hit():
    events = simulate(3000, rng(), tracks=4, vertex="common")
    om = number(*(events[name] for name in MODULE))
    assert ak.all(om[:, 1:] > om[:, :-1])
    fewer = events[ak.num(events.calo_id) < 4]
    assert len(fewer) > 50
    total = ak.to_numpy(ak.sum(fewer.calo_energy, axis=1) - ak.sum(fewer.truth_energy, axis=1))
    assert np.abs(total).mean() < 0.2
    assert np.mean(total) == pytest.approx(0, abs=4 * np.std(total) / np.sqrt(len(total)))


def test_hits_know_the_module_of_their_track():
    """Where the track ends on the main wall, the block is that of the point."""
    events = simulate(1000, rng(), conditions="detector", tracks=(1, 4), calo_noise=2.0)
    track = ak.mask(events.truth_track, events.truth_track >= 0)
    x, y, z = (events[f"point{axis}"][track] for axis in "xyz")
    assert ak.all(events.truth_module[events.truth_track < 0] == -1)
    main = ak.fill_none((abs(x) > 434.9) & (events.truth_module >= 0), False)
    module = events.truth_module[main]
    assert ak.all(events.calo_type[module] == 0)
    assert ak.all(events.calo_side[module] == (x[main] > 0))
    assert ak.max(abs(y[main] - 259 * (events.calo_column[module] - 9.5))) < 128.1
    assert ak.max(abs(z[main] - 259 * (events.calo_row[module] - 6.0))) < 128.1


def test_modules_know_the_first_of_their_tracks():
    events = simulate(500, rng(), tracks=(1, 4), vertex="common", calo_noise=1.0)
    ends = events.truth_module[:, None] == ak.local_index(events.calo_id)[:, :, None]
    tracks = events.truth_track[:, None] + 0 * ends
    first = ak.min(ak.mask(tracks, ends), axis=2)
    known = ~ak.is_none(first, axis=1)
    assert ak.sum(known) > 500
    assert ak.all(events.calo_id[known] == first[known])
    assert ak.mean(events.calo_id == -1) > 0.1


def test_noise_of_the_calorimeter_changes_nothing_else():
    quiet, loud = (simulate(2000, rng(), calo_noise=share) for share in (0.0, 3.0))
    assert ak.array_equal(quiet.radius, loud.radius)
    assert ak.array_equal(quiet.tsp6, loud.tsp6)
    more = ak.num(loud.calo_id) - ak.num(quiet.calo_id)
    assert ak.mean(more) == pytest.approx(3 * np.exp(-0.05 / 0.5), abs=0.15)
    assert flat(loud, "calo_energy").min() >= 0.05


def test_fields_in_which_electrons_turn_back(monkeypatch):
    monkeypatch.setattr(decays_of, "ATTEMPTS", 30)
    with pytest.raises(DataError, match=r"turn back .* in 0\.01 T: expected less field"):
        simulate(1, rng(), events="2nubb", field=0.01, least=9, reach=100.0)
