"""Electrons and photons as they leave the collision: by formulas, and by PYTHIA."""

from __future__ import annotations

import sys

import awkward as ak
import numpy as np
import pytest

from rootml.errors import DataError, MissingExtra
from rootml_atlas.simulation import bosons, passage, simulate
from rootml_atlas.simulation.generator import generate
from rootml_atlas.simulation.material import depths
from rootml_atlas.simulation.muons import RESOLUTION, measured
from rootml_atlas.simulation.options import settings


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def drawn(n, rng, **options):
    return generate(n, settings(options), rng)


def angle(one, other):
    """Of momenta (n, 4): square of their mass over twice the product of transverse momenta."""
    return np.cosh(one[:, 2] - other[:, 2]) - np.cos(one[:, 3] - other[:, 3])


def square(one, other):
    """Square of the mass of two massless particles (n, 4)."""
    return 2 * one[:, 1] * other[:, 1] * angle(one, other)


def pairs_of(found):
    """Momenta (n, 2, 4) of the electrons."""
    columns = (found.energy, found.pt, found.eta, found.phi)
    return np.stack(columns, axis=1).reshape(-1, 2, 4)


def test_electrons_of_z(rng):
    pairs = pairs_of(drawn(40_000, rng))
    mass = np.sqrt(square(pairs[:, 0], pairs[:, 1]))
    assert mass.min() >= 66
    assert mass.max() <= 116
    assert np.median(mass) == pytest.approx(91.15, abs=0.1)
    low, high = np.quantile(mass, [0.25, 0.75])
    assert high - low == pytest.approx(2.4952, rel=0.1)  # of a Cauchy distribution: its width
    pt, phi = pairs[:, :, 1], pairs[:, :, 3]
    assert pt.min() >= 15
    assert np.abs(pairs[:, :, 2]).max() <= 1.475
    px, py = ((pt * wave(phi)).sum(axis=1) for wave in (np.cos, np.sin))
    assert 6 < np.median(np.hypot(px, py)) < 11


def test_decay_angles(rng):
    """Mean of cos^2 for the density 1 + cos^2: 0.4."""
    along = bosons._directions(50_000, rng)
    assert np.linalg.norm(along, axis=1) == pytest.approx(1)
    assert (along[:, 2] ** 2).mean() == pytest.approx(0.4, abs=0.005)
    assert along.mean(axis=0) == pytest.approx(0, abs=0.01)
    across = bosons._across(along, rng)
    assert (across * along).sum(axis=1) == pytest.approx(0, abs=1e-12)


def test_radiated_photons_have_the_rate_of_the_formula(rng):
    """Over the rate, decays lie evenly in the triangle of 1 - x1 and 1 - x2, seen from outside."""
    least = 10.0
    found = bosons.to_muons(400_000, (91.0, 91.4), least, rng)
    photons, muons = found.photons.momenta, found.leptons
    pair = square(muons[:, 0], muons[:, 1])
    beside = np.stack([square(photons, muons[:, 1]), square(photons, muons[:, 0])])
    mass2 = pair + beside.sum(axis=0)
    assert np.sqrt(mass2.min()) == pytest.approx(91.0, abs=0.01)
    assert np.sqrt(mass2.max()) == pytest.approx(91.4, abs=0.01)
    left = beside / mass2  # 1 - x of the muon that is not beside
    edge = (least / 91.4) ** 2
    assert left.min() > 0.999 * edge
    weight = left.prod(axis=0) / ((1 - left) ** 2).sum(axis=0)
    mean = (weight * left).sum(axis=1) / weight.sum()
    assert mean == pytest.approx(edge + (1 - 3 * edge + edge) / 3, rel=0.02)


def test_photons_of_muons_are_selected(rng):
    found = drawn(3000, rng, sample="zmumugamma", eta=1.2)
    assert len(found.energy) == 3000
    assert found.pt.min() >= 10
    assert np.abs(found.eta).max() <= 1.2
    assert found.muons[:, :, 1].min() >= 10
    assert np.abs(found.muons[:, :, 2]).max() <= 2.5
    away = np.remainder(found.phi[:, None] - found.muons[:, :, 3] + np.pi, 2 * np.pi) - np.pi
    assert np.hypot(found.eta[:, None] - found.muons[:, :, 2], away).min() >= 0.2


def test_muons_are_measured(rng):
    momenta = np.zeros((20_000, 2, 4))
    momenta[:, :, :2] = [[40.0, 40.0], [80.0, 80.0]]
    found = measured(momenta, rng)
    assert (found["mu1_e"] >= found["mu2_e"]).all()
    for name, pt in (("mu2_e", 40.0), ("mu1_e", 80.0)):
        expected = np.hypot(RESOLUTION[0], RESOLUTION[1] * pt)
        assert np.std(found[name] / 1000 / pt) == pytest.approx(expected, rel=0.03)


def test_the_branches_of_photons_of_muons(rng):
    events = simulate(300, rng, sample="zmumugamma")
    assert set(ak.to_list(events["mcChannelNumber"])) == {361107}
    assert set(ak.to_list(events["p_truth_pdgId"])) == {22}
    assert len(np.unique(ak.to_numpy(events["eventNumber"]))) == 300
    names = ("mu1_e", "mu1_eta", "mu1_phi", "mu2_e", "mu2_eta", "mu2_phi")
    assert all(np.isfinite(ak.to_numpy(events[name])).all() for name in names)
    assert np.isnan(ak.to_numpy(events["tag_e"])).all()
    assert {0, 2} <= set(ak.to_list(events["p_nTracks"]))


def test_pythia_radiates(rng):
    pytest.importorskip("pythia8mc")
    found = drawn(600, rng, generator="pythia8")
    assert len(found.energy) == 600
    assert (np.diff(found.photons.of) >= 0).all()
    pairs, photons = pairs_of(found), found.photons
    assert pairs[:, :, 1].min() >= 15
    bare = np.sqrt(square(pairs[:, 0], pairs[:, 1]))
    assert len(photons.of) > 100
    distance = np.abs(photons.momenta[:, 2] - found.eta[photons.of])
    assert np.median(distance) < 0.05
    lost = np.bincount(photons.of // 2, photons.momenta[:, 0], len(bare))
    hard = lost > 5
    assert np.median(bare[hard]) < np.median(bare[lost < 0.1]) - 3
    part = found.take(200, 400)
    own = photons.of[(photons.of >= 200) & (photons.of < 400)]
    np.testing.assert_array_equal(part.photons.of, own - 200)
    legs = passage.radiated(part, depths(part.eta), rng)
    assert (np.isin(legs.energy, photons.momenta[:, 0])).all()
    assert legs.energy.min() > passage.LEAST_GEV


def test_pythia_follows_the_seed():
    pytest.importorskip("pythia8mc")
    first, again, other = (
        simulate(20, np.random.default_rng(seed), generator="pythia8") for seed in (1, 1, 2)
    )
    assert ak.array_equal(first, again)
    assert not ak.array_equal(first["p_e"], other["p_e"])


def test_without_pythia_the_extra_is_named(rng, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(MissingExtra, match=r"pip install \"rootml\[pythia\]\""):
        simulate(2, rng, generator="pythia8")


def test_single_particles_need_no_pythia(rng):
    with pytest.raises(DataError, match="single photons need no generator"):
        simulate(2, rng, generator="pythia8", sample="photons")
