"""Electromagnetic showers: how deep, how wide, how well measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import curve_fit
from scipy.stats import gamma

from rootml_ams.geometry import CELL_CENTRES_CM, DEPTH_CM, LAYER_X0, LAYERS, MEASURES_X, PITCH_CM
from rootml_ams.simulation.reconstruction import measure_shower
from validity import literature
from validity.samples import Floats, Particles, electrons

ENERGIES_GEV = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)
DISTANCES_CM = np.arange(1, 16) * PITCH_CM / 2
ONE_SIGMA = 0.68269
BOOTSTRAPS = 200


@dataclass(frozen=True)
class Value:
    """A number and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Showers:
    """What was measured at one energy (GeV). Depths in X0 along the shower."""

    energy: float
    profile: Floats
    """Mean share of the energy in each layer, and its error, (18, 2)."""
    secant: float
    maximum: Value
    fall: Value
    """b of the gamma density, per X0."""
    contained: Value
    resolution: Value
    bias: Value
    angle: Value
    """Within which 68 % of the axes lie, degrees."""
    within: Floats
    """Share of the deposits closer to the track than each of ``DISTANCES_CM``, and its error."""


def measure_all(n: int, rng: np.random.Generator) -> list[Showers]:
    """Showers of ``n`` electrons at each energy."""
    return [measure(energy, electrons(energy, n, rng), rng) for energy in ENERGIES_GEV]


def measure(energy: float, particles: Particles, rng: np.random.Generator) -> Showers:
    """Measure the showers of electrons of ``energy`` GeV."""
    share = particles.image.sum(axis=2, dtype=np.float64) / 1000 / particles.energy[:, None]
    profile = np.stack([share.mean(axis=0), share.std(axis=0) / np.sqrt(len(share))], axis=1)
    secant = float(particles.secant.mean())
    maximum, fall = fit_profile(profile, secant)
    ratio = particles["en3d"] / particles.energy
    tilt = _angles(particles)
    return Showers(
        energy=energy,
        profile=profile,
        secant=secant,
        maximum=maximum,
        fall=fall,
        contained=mean(share.sum(axis=1)),
        resolution=bootstrap(ratio, _half_width, rng),
        bias=bootstrap(ratio - 1, np.median, rng),
        angle=bootstrap(tilt, lambda it: np.quantile(it, ONE_SIGMA), rng),
        within=_within(particles),
    )


def fit_profile(profile: Floats, secant: float) -> tuple[Value, Value]:
    """Depth of the maximum and fall ``b`` (per X0) of a gamma density fitted to a mean profile.

    E. Longo and I. Sestili, NIM 128 (1975) 283. A per cent of the largest layer is added to the
    errors: the mean of many profiles is not exactly of that form.
    """
    edges = np.arange(LAYERS + 1) * LAYER_X0 * secant

    def layers(_: Floats, scale: float, maximum: float, fall: float) -> Floats:
        shares: Floats = scale * np.diff(gamma.cdf(edges, 1 + maximum * fall, scale=1 / fall))
        return shares

    error = np.hypot(profile[:, 1], 0.01 * profile[:, 0].max())
    top = float(literature.shower_maximum(100))
    found, covariance = curve_fit(
        layers, edges[:-1], profile[:, 0], (1.0, top, 0.5), error, absolute_sigma=True
    )
    _, maximum, fall = _values(found, covariance)
    return maximum, fall


def fit_resolution(showers: Sequence[Showers]) -> tuple[Value, Value]:
    """Stochastic and constant term, added in quadrature."""

    def total(energy: Floats, stochastic: float, constant: float) -> Floats:
        return np.hypot(stochastic / np.sqrt(energy), constant)

    energy = np.array([one.energy for one in showers])
    values = np.array([(one.resolution.value, one.resolution.error) for one in showers]).T
    found, covariance = curve_fit(total, energy, values[0], (0.1, 0.01), values[1])
    first, second = _values(np.abs(found), covariance)
    return first, second


def _values(found: Floats, covariance: Floats) -> list[Value]:
    errors = np.sqrt(np.diag(covariance))
    return [Value(float(a), float(b)) for a, b in zip(found, errors, strict=True)]


def mean(values: Floats) -> Value:
    return Value(float(values.mean()), float(values.std() / np.sqrt(len(values))))


def bootstrap(values: Floats, statistic: Any, rng: np.random.Generator) -> Value:
    """A statistic with its error from resampling."""
    drawn = rng.integers(len(values), size=(BOOTSTRAPS, len(values)))
    again = [statistic(values[chosen]) for chosen in drawn]
    return Value(float(statistic(values)), float(np.std(again)))


def _half_width(ratio: Floats) -> float:
    """Half of the interval that the middle 68 % lie in."""
    low, high = np.quantile(ratio, [(1 - ONE_SIGMA) / 2, (1 + ONE_SIGMA) / 2])
    return float(high - low) / 2


def _angles(particles: Particles) -> Floats:
    """Degrees between the fitted axis of the shower and the track."""
    axis = measure_shower(particles.image).axis[:, 2:]
    found, true = (
        np.column_stack([slopes, np.ones(len(slopes))]) for slopes in (axis, particles.slopes)
    )
    sine = np.linalg.norm(np.cross(found, true), axis=1)
    angle: Floats = np.degrees(np.arctan2(sine, (found * true).sum(axis=1)))
    return angle


def _within(particles: Particles) -> Floats:
    """Share of the deposits by their distance from the track, in projection."""
    track = np.stack([particles["Trk_Ecal_Inci_X"], particles["Trk_Ecal_Inci_Y"]], axis=1)
    depth = (np.arange(LAYERS) + 0.5) * DEPTH_CM / LAYERS
    axis = np.where(MEASURES_X, 0, 1)
    centre = track[:, axis] + depth * particles.slopes[:, axis]
    distance = np.abs(CELL_CENTRES_CM - centre[..., None])
    total = particles.image.sum(axis=(1, 2), dtype=np.float64)

    def shares() -> Iterator[Value]:
        for limit in DISTANCES_CM:
            covered = np.clip((limit - distance) / PITCH_CM + 0.5, 0, 1)
            yield mean((particles.image * covered).sum(axis=(1, 2)) / total)

    return np.array([(one.value, one.error) for one in shares()])
