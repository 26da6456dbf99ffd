"""Fits of peaks: repeated experiments, other implementations, input that is not good."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hist import Hist, axis, storage
from scipy import stats
from scipy.integrate import quad
from scipy.special import voigt_profile

from rootml.errors import DataError
from rootml.validation.statistics.peaks import fit_peak
from rootml.validation.statistics.shapes import BACKGROUNDS, MODELS


def error(estimate):
    return (estimate.high - estimate.low) / 2


def pulls(fits, **truth):
    for name, value in truth.items():
        found = [fit.parameters[name] for fit in fits]
        yield name, np.array([(one.value - value) / error(one) for one in found])


def assert_unit(fits, **truth):
    for name, values in pulls(fits, **truth):
        assert np.mean(values) == pytest.approx(0, abs=4 / np.sqrt(len(fits))), name
        assert np.std(values) == pytest.approx(1, abs=4 / np.sqrt(2 * len(fits))), name


def test_pulls_over_a_background_are_unit_gaussians():
    rng = np.random.default_rng(1)
    fits = []
    for _ in range(120):
        peak = rng.normal(91, 2.5, rng.poisson(800))
        below = 60 + stats.truncexpon.rvs(3, scale=20, size=rng.poisson(1200), random_state=rng)
        values = np.concatenate((peak, below))
        fits.append(fit_peak(values, background="exponential", bounds=(60, 120)))
    assert all(fit.valid for fit in fits)
    assert np.mean([fit.p_value for fit in fits]) == pytest.approx(0.5, abs=0.1)
    assert_unit(fits, signal=800, mean=91, width=2.5, background=1200, rate=-3)


def test_pulls_of_weighted_entries_are_unit_gaussians():
    """Weights of both signs, few and large away from the peak."""
    rng = np.random.default_rng(2)
    fits = []
    for _ in range(120):
        values = rng.normal(0, 1, rng.poisson(1500))
        weights = rng.choice([-0.5, 1.0, 1.5], len(values), p=[0.1, 0.45, 0.45])
        far = np.abs(values) > 1
        weights[far] *= np.where(rng.random(far.sum()) < 0.125, 8, 0)
        fits.append(fit_peak(values, weights=weights))
    assert_unit(fits, signal=1500 * (-0.05 + 0.45 + 0.675), mean=0, width=1)


def test_resolution_of_a_resonance():
    """The width of Z is known; that of the detector comes out, with a power law below."""
    rng = np.random.default_rng(3)
    z = 91.1876 + 2.4952 / 2 * rng.standard_cauchy(8000)
    tail = np.where(rng.random(8000) < 0.2, rng.exponential(4, 8000), 0)
    masses = z + rng.normal(0, 1.8, 8000) - tail
    fixed = {"gamma": 2.4952}
    fit = fit_peak(masses, "breit_wigner_crystal_ball", bounds=(70, 110), bins=80, fixed=fixed)
    assert fit.valid, fit.message
    assert fit.p_value > 0.01
    gamma, width = fit.parameters["gamma"], fit.parameters["width"]
    assert (gamma.value, gamma.low, gamma.high) == (2.4952, 2.4952, 2.4952)
    assert width.value == pytest.approx(1.8, abs=0.3)
    assert 0.02 < error(width) < 0.15


def test_pulls_of_a_resonance_and_its_resolution_are_unit_gaussians():
    """Breit-Wigner and Crystal Ball, drawn apart and added: mean, width and tail come out."""
    rng = np.random.default_rng(7)
    fits = []
    for _ in range(50):
        z = 91.1876 + 2.4952 / 2 * rng.standard_cauchy(12_000)
        masses = z + 1.8 * stats.crystalball.rvs(1.1, 2.5, size=len(z), random_state=rng)
        fits.append(
            fit_peak(
                masses,
                "breit_wigner_crystal_ball",
                bounds=(75, 105),
                bins=60,
                fixed={"gamma": 2.4952},
            )
        )
    assert all(fit.valid for fit in fits)
    assert np.mean([fit.p_value for fit in fits]) == pytest.approx(0.5, abs=0.15)
    assert_unit(fits, mean=91.1876, width=1.8, alpha=1.1, power=2.5)


@pytest.mark.parametrize(
    ("gamma", "width", "alpha", "power"), [(2.4952, 1.5, 1.5, 3), (2.4952, 2.2, 0.8, 1.5)]
)
def test_folding_keeps_the_whole_tail(gamma, width, alpha, power):
    """Up to 20 widths below, where a tenth and more of a resonance may be."""
    edges = np.array([55.0, 60, 70, 80, 88, 91, 94, 100, 105])
    mine = np.diff(
        MODELS["breit_wigner_crystal_ball"].cumulative(edges, 91, gamma, width, alpha, power)
    )
    resolution = stats.crystalball(alpha, power)

    def density(t, low, high):
        inside = np.arctan(2 * (high - 91 - width * t) / gamma)
        return resolution.pdf(t) * (inside - np.arctan(2 * (low - 91 - width * t) / gamma))

    parts = [-1e5, -1000, -100, -20, -alpha, 0, 6, 10]
    theirs = [
        sum(quad(density, a, b, args=ends, limit=200)[0] for a, b in pairwise(parts))
        for ends in pairwise(edges)
    ]
    assert mine / mine.sum() == pytest.approx(np.array(theirs) / sum(theirs), rel=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_shapes_integrate_what_scipy_knows(name):
    known = {
        "gaussian": (stats.norm(1, 2).pdf, (1, 2)),
        "crystal_ball": (stats.crystalball(1.2, 3.5, 1, 2).pdf, (1, 2, 1.2, 3.5)),
        "double_crystal_ball": (
            lambda x: stats.crystalball(1.2, 3.5).pdf(-abs(x - 1) / 2),
            (1, 2, 1.2, 3.5, 1.2, 3.5),
        ),
        "breit_wigner": (stats.cauchy(1, 1.5).pdf, (1, 3)),
        "breit_wigner_gauss": (lambda x: voigt_profile(x - 1, 2, 1.5), (1, 3, 2)),
        "breit_wigner_crystal_ball": (lambda x: voigt_profile(x - 1, 2, 1.5), (1, 3, 2, 6, 3)),
    }
    density, parameters = known[name]
    edges = np.array([-20.0, -6, -1, 0.5, 1.5, 4, 9])
    mine = np.diff(MODELS[name].cumulative(edges, *parameters))
    theirs = [quad(density, low, high)[0] for low, high in pairwise(edges)]
    assert mine / mine.sum() == pytest.approx(np.array(theirs) / sum(theirs), rel=2e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("constant", ()), ("linear", (-1.0,)), ("exponential", (-30.0,)), ("exponential", (0.0,))],
)
def test_backgrounds_are_never_negative(name, parameters):
    made = BACKGROUNDS[name].cumulative(np.linspace(0, 1, 1001), *parameters)
    assert np.diff(made).min() >= 0
    near = BACKGROUNDS[name].cumulative(np.linspace(0, 1, 1001), *(p + 1e-10 for p in parameters))
    assert made == pytest.approx(near, abs=1e-7)


def test_power_laws_keep_their_digits():
    edges = np.linspace(-30, 30, 7)
    one = MODELS["crystal_ball"].cumulative(edges, 0, 1, 1.0, 1.0)
    near = MODELS["crystal_ball"].cumulative(edges, 0, 1, 1.0, 1 + 1e-7)
    assert np.isfinite(one).all()
    assert one == pytest.approx(near, rel=1e-5)


def test_histograms_of_any_storage_and_wide_bins():
    values = np.random.default_rng(4).normal(5, 1, 20_000)
    plain = Hist(axis.Regular(12, 0, 10)).fill(values)
    weighted = Hist(axis.Regular(12, 0, 10), storage=storage.Weight()).fill(values, weight=3.0)
    one, three = fit_peak(plain), fit_peak(weighted)
    assert one.parameters["width"].value == pytest.approx(1, abs=4 * error(one.parameters["width"]))
    assert three.parameters["width"].value == pytest.approx(one.parameters["width"].value, abs=1e-4)
    assert error(three.parameters["width"]) == pytest.approx(
        error(one.parameters["width"]), rel=0.02
    )
    assert three.parameters["signal"].value == pytest.approx(60_000, rel=1e-3)
    assert one.expected()[0].sum() == pytest.approx(20_000, rel=1e-3)
    part = fit_peak(plain, bounds=(2, 7))
    assert (part.edges[0], part.edges[-1]) == (2.5, pytest.approx(20 / 3))


def test_what_is_not_good_is_said():
    rng = np.random.default_rng(5)
    tails = fit_peak(rng.standard_t(3, 5000), bounds=(-10, 10))
    assert "does not follow" in tails.message
    assert fit_peak(np.array([1.0, 2.0])).message.startswith("too few entries to test")
    flat = fit_peak(rng.uniform(0, 1, 3000), "double_crystal_ball", bounds=(0, 1))
    assert flat.message
    none = fit_peak(rng.normal(0, 1, 3000), "crystal_ball", bounds=(-4, 4))
    assert none.parameters["width"].value == pytest.approx(1, abs=0.06)
    assert none.message
    plain = none.figures()
    assert plain["message"] == none.message
    assert set(plain["parameters"]) == {"signal", "mean", "width", "alpha", "power"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": "crystalball"}, "no shape is called 'crystalball'.*'crystal_ball'"),
        ({"background": "exp"}, "no shape is called 'exp'"),
        ({"fixed": {"sigma": 1}}, r"no parameter 'sigma'.*signal, mean, width"),
        ({"bounds": (5, 1)}, "begins below its end"),
        ({"bounds": (50, 60)}, "no entries between 50 and 60"),
        ({"weights": np.ones(3)}, "a finite weight"),
        ({"weights": -np.ones(100)}, "no entries"),
    ],
)
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        fit_peak(np.random.default_rng(6).normal(0, 1, 100), **arguments)


def test_bad_values_are_refused():
    for values in (np.array([1.0, np.nan]), np.ones((3, 2)), np.empty(0), np.full(9, 2.0)):
        with pytest.raises(DataError):
            fit_peak(values)
    two = Hist(axis.Regular(3, 0, 1), axis.Regular(3, 0, 1))
    with pytest.raises(DataError, match="one axis"):
        fit_peak(two)
    with pytest.raises(DataError, match="no bin"):
        fit_peak(Hist(axis.Regular(3, 0, 1)), bounds=(0.4, 0.6))
