"""Electromagnetic showers against the literature and against numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammainc

from rootml_ams.geometry import CELL_EDGES_CM, DEPTH_X0, EDGES_X0, LAYER_X0, X0_CM
from rootml_ams.simulation.deposit import add_showers
from rootml_ams.simulation.em import draw_profile, radial_profile
from rootml_ams.simulation.incidence import draw_rays
from rootml_ams.simulation.material import CRITICAL_MEV, MOLIERE_CM
from rootml_ams.simulation.onset import draw_onset
from rootml_ams.simulation.rays import Rays
from rootml_ams.simulation.showers import Showers, draw_showers


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def vertical(n):
    zero = np.zeros(n)
    return Rays(np.arange(n), zero, zero, zero, zero, zero)


def test_projection_is_the_integral_of_the_radial_profile():
    """One layer of one oblique shower, cell by cell, against integration in polar coordinates."""
    x, slope, maximum, energy = 0.3, 0.2, 8.0, 100.0
    layers = np.zeros((1, 18))
    layers[0, 6] = 1000.0
    axis = Rays(np.arange(1), *(np.array([v]) for v in (x, 0.0, 0.0, slope, 0.0)))
    none = vertical(0)
    whole = Showers(axis, np.array([energy]), layers, np.array([maximum]), none, np.zeros(0))
    image = np.zeros((1, 18, 72), np.float32)
    add_showers(image, whole)
    depth = 6.5 * LAYER_X0
    tau = depth * np.hypot(1, slope) / maximum
    core, tail, weight = radial_profile(np.array(energy), np.array(tau))

    def within(distance):
        """Share of the shower closer to the axis than ``distance``, in projection."""

        def ring(r):
            density = sum(
                part * 2 * r * size**2 / (r**2 + size**2) ** 2
                for part, size in ((weight, core), (1 - weight, tail))
            )
            return density * (1 if r < distance else 2 / np.pi * np.arcsin(distance / r))

        return quad(ring, 0, distance)[0] + quad(ring, distance, np.inf)[0]

    centre = x + depth * X0_CM * slope
    for cell in (34, 36, 37, 38, 39, 45):
        far, near = (
            np.sign(edge - centre) * within(abs(edge - centre) / np.hypot(1, slope))
            for edge in (CELL_EDGES_CM[cell + 1], CELL_EDGES_CM[cell])
        )
        assert image[0, 6, cell] == pytest.approx(500 * (far - near), rel=1e-3)
    assert np.count_nonzero(image.sum(axis=2)) == 1


def test_layer_shares_integrate_the_profile(rng):
    energy = np.exp(rng.uniform(np.log(0.5), np.log(2000), 500))
    profile = draw_profile(energy, rng)
    start, secant = rng.uniform(0, 17, 500), rng.uniform(1, 1.2, 500)
    path = np.maximum(EDGES_X0 - start[:, None], 0) * secant[:, None]
    exact = np.diff(gammainc(profile.shape[:, None], profile.rate[:, None] * path), axis=1)
    np.testing.assert_allclose(profile.layer_shares(start, secant), exact, atol=2e-3)
    assert np.abs(profile.layer_shares(start, secant) - exact).mean() < 1e-5


@pytest.mark.parametrize("energy", [50.0, 200.0, 1000.0])
def test_maximum_grows_with_the_logarithm_of_the_energy(rng, energy):
    """PDG, section 34.5: t_max = ln(E / Ec) - 0.5 for electrons."""
    showers = draw_showers(vertical(2000), np.full(2000, energy), False, rng)
    layers = showers.layers.mean(axis=0)
    top = int(layers.argmax())
    near = slice(top - 2, top + 3)
    square, linear, _ = np.polyfit((np.arange(18)[near] + 0.5) * LAYER_X0, layers[near], 2)
    expected = np.log(1000 * energy / CRITICAL_MEV) - 0.5
    assert -linear / (2 * square) == pytest.approx(expected, abs=0.6)


def test_three_quarters_of_a_tev_are_contained(rng):
    showers = draw_showers(vertical(2000), np.full(2000, 1000.0), False, rng)
    assert showers.layers.sum(axis=1).mean() / 1e6 == pytest.approx(0.75, abs=0.03)


def test_first_steps_agree_with_the_parametrisation(rng):
    """Following the first particles singly must not move showers: both are of one theory."""
    energy = np.full(3000, 500.0)
    onset = draw_onset(energy, False, rng)
    np.testing.assert_allclose(np.bincount(onset.shower, onset.energy), energy)
    mean = onset.profile.shape / onset.profile.rate + onset.start
    whole = draw_profile(energy, rng)
    expected = (whole.shape / whole.rate).mean()
    assert len(mean) > 3 * len(energy)
    assert np.average(mean, weights=onset.energy) == pytest.approx(expected, abs=0.6)


def test_ninety_percent_lie_within_the_moliere_radius():
    """By definition 90 % do in a deep calorimeter; seen through sampling showers are narrower."""
    profile = draw_profile(np.full(500, 100.0), np.random.default_rng(1))
    maximum, shape = profile.maximum.mean(), profile.shape.mean()
    tau, radius = np.linspace(0.02, 5, 500), np.linspace(0.01, 10, 1000)[:, None]
    weight = (tau * maximum) ** (shape - 1) * np.exp(-(shape - 1) * tau)
    core, tail, share = radial_profile(np.array(100.0), tau)
    inside = sum(
        part * radius**2 / (radius**2 + size**2)
        for part, size in ((share, core), (1 - share, tail))
    )
    r90 = np.interp(0.9, (inside * weight).sum(axis=1) / weight.sum(), radius[:, 0])
    assert 0.7 < r90 / MOLIERE_CM < 1.0
    assert pytest.approx(2.0, abs=0.3) == r90


def test_rays_are_isotropic_over_the_acceptance(rng):
    rays = draw_rays(20_000, rng)
    for start, slope in ((rays.x, rays.slope_x), (rays.y, rays.slope_y)):
        exit_ = start + slope * 16.6
        assert np.abs(start).max() < 32.4
        assert np.abs(exit_).max() < 32.4
        assert abs(start.mean()) < 0.5
        assert abs(slope.mean()) < 0.005
    assert np.degrees(np.arctan(np.hypot(rays.slope_x, rays.slope_y))).max() < 30


def test_showers_that_start_behind_leave_nothing(rng):
    rays = vertical(10).moved(np.full(10, DEPTH_X0 + 1))
    assert not draw_showers(rays, np.full(10, 50.0), True, rng).layers.any()
