"""Shapes of the simulated events, against what they are chosen to be."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import DataError, LayoutError
from rootml_uboone.simulation import physics


@pytest.fixture(scope="module")
def sample(adapter):
    events = adapter.simulate(20_000, np.random.default_rng(3), selected_fraction=1.0)
    return {name: ak.to_numpy(events[name]) for name in events.fields if events[name].ndim == 1}


def of(sample, branch, *categories):
    return sample[branch][np.isin(sample["category"], categories)]


def test_electrons_ionise_once_and_pairs_twice(sample):
    many = sample["shr_tkfit_nhits_Y"] > 8
    dedx = np.where(many, sample["shr_tkfit_dedx_Y"], np.nan)
    electron = dedx[np.isin(sample["category"], (10, 11))]
    photon = dedx[np.isin(sample["category"], (21, 31))]
    assert np.nanmedian(electron) == pytest.approx(2, abs=0.2)
    assert np.nanmedian(photon) == pytest.approx(4, abs=0.4)


def test_photons_convert_by_the_radiation_length(sample):
    gap = of(sample, "tksh_distance", 21, 31)
    gap = gap[gap > 0]
    error = gap.std() / np.sqrt(len(gap))
    assert gap.mean() == pytest.approx(9 / 7 * 14, abs=0.3 + 4 * error)
    assert np.median(of(sample, "tksh_distance", 11)) < 2


def test_photons_of_pi0_have_its_mass():
    energy = np.linspace(0.15, 2, 500)
    high, low, cosine = physics.split_pi0(energy, np.random.default_rng(5))
    np.testing.assert_allclose(high + low, energy)
    np.testing.assert_allclose(2 * high * low * (1 - cosine), physics.PI0_GEV**2, rtol=1e-6)
    assert (high >= low).all()


def test_directions_are_of_the_wanted_concentration():
    axis = np.tile([0.0, 0.6, 0.8], (40_000, 1))
    for concentration in (1.0, 5.0, 40.0):
        drawn = physics.around(axis, concentration, np.random.default_rng(6))
        np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1)
        cosine = (drawn * axis).sum(axis=1)
        expected = 1 / np.tanh(concentration) - 1 / concentration  # Langevin's function
        assert cosine.mean() == pytest.approx(expected, abs=4 * cosine.std() / 200)


def test_cosmic_showers_are_near_cosmic_particles(sample):
    assert np.median(of(sample, "CosmicIPAll3D", 4)) < 10 < 50
    assert np.median(of(sample, "CosmicIPAll3D", 11)) > 50


def test_shares_are_as_asked(adapter):
    events = adapter.simulate(
        4000, np.random.default_rng(7), signal_fraction=0.2, selected_fraction=0.6
    )
    signal = np.isin(ak.to_numpy(events["category"]), (10, 11)).mean()
    assert signal == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 4000))
    selected = (ak.to_numpy(events["selected"]) == 1).mean()
    assert selected == pytest.approx(0.6, abs=4 * np.sqrt(0.24 / 4000))


def test_requests_that_make_no_sense_are_refused(adapter, tmp_path):
    rng = np.random.default_rng(8)
    with pytest.raises(DataError, match=r"signal_fraction is 1\.5"):
        adapter.simulate(5, rng, signal_fraction=1.5)
    with pytest.raises(
        LayoutError, match=r"layout 'nusel' cannot be written.*did you mean 'nuselection'"
    ):
        adapter.write(tmp_path / "a.root", 5, rng, layout="nusel")
    with pytest.raises(DataError, match="cannot write 0 events"):
        adapter.write(tmp_path / "a.root", 0, rng)
    assert not list(tmp_path.iterdir())
