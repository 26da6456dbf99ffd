"""Fit the constants of the reconstruction to simulated particles.

Run as ``python -m rootml_ams.simulation.calibrate``: it prints the end of ``calibration.py``.
"""

from __future__ import annotations

import sys
from dataclasses import fields, replace

import numpy as np
from scipy.special import expit

from rootml_ams.simulation import reconstruction as reco
from rootml_ams.simulation.calibration import Calibration, Floats
from rootml_ams.simulation.generate import BATCH
from rootml_ams.simulation.particles import (
    Draw,
    Request,
    concatenate,
    draw_electrons,
    draw_protons,
)

ENERGY_GEV = (10.0, 3000.0)
SPECTRUM = 1.0
NEWTON_STEPS = 12
SEED = 20110519
"""The day AMS-02 began to take data."""


def fit(electrons: int, protons: int, rng: np.random.Generator) -> Calibration:
    """Fit on ``electrons`` electrons, and on what can be seen of ``protons`` protons."""
    energy, shower = _draw(draw_electrons, electrons, rng)
    found = Calibration(*(np.zeros(0) for _ in fields(Calibration)))
    leakage = _least_squares(reco.leakage_terms(shower), np.log(energy / shower.deposit))
    found = replace(found, leakage=leakage)
    terms = reco.energy_terms(reco.energy(shower, found))
    values = reco.variables(shower)
    means = _least_squares(terms, values)
    # The mean of ln|x| of a normal variable is ln(sigma) - 0.635.
    spreads = _least_squares(terms, np.log(np.abs(values - terms @ means) + 1e-9) + 0.635)
    found = replace(found, means=means, spreads=spreads)
    _, other = _draw(draw_protons, protons, rng)
    sides = [reco.pulls(each, reco.energy(each, found), found) for each in (shower, other)]
    label = np.repeat([1.0, 0.0], [len(side) for side in sides])
    weight = np.repeat([0.5 / len(side) for side in sides], [len(side) for side in sides])
    pull = np.concatenate(sides)
    likelihood = _logistic(reco.likelihood_terms(pull), label, weight)
    discriminant = _logistic(reco.bdt_terms(pull), label, weight)
    return replace(found, likelihood=likelihood, discriminant=discriminant)


def _logistic(terms: Floats, label: Floats, weight: Floats) -> Floats:
    """Weights of a logistic regression, by Newton's method with a little ridge."""
    found = np.zeros(terms.shape[1])
    ridge = 1e-6 * np.eye(len(found))
    for _ in range(NEWTON_STEPS):
        chance = expit(terms @ found)
        curvature = terms.T @ (terms * (weight * chance * (1 - chance))[:, None]) + ridge
        found = found + np.linalg.solve(
            curvature, terms.T @ (weight * (label - chance)) - ridge @ found
        )
    return found


def _draw(draw: Draw, n: int, rng: np.random.Generator) -> tuple[Floats, reco.Shower]:
    """Energies and showers of those among ``n`` particles that leave more than 5 GeV."""
    request = Request(ENERGY_GEV, SPECTRUM, "generated")
    parts = [draw(BATCH, request, rng) for _ in range(-(-n // BATCH))]
    particles = concatenate(parts)
    seen = particles.image.sum(axis=(1, 2)) > 1000 * ENERGY_GEV[0] / 2
    particles = particles.take(seen)
    return particles.energy, reco.measure_shower(particles.image)


def _least_squares(terms: Floats, values: Floats) -> Floats:
    found: Floats = np.linalg.lstsq(terms, values, rcond=None)[0]
    return found


def main() -> None:
    """Print the constants as Python source."""
    found = fit(40_000, 60_000, np.random.default_rng(SEED))
    sys.stdout.write("CALIBRATION = Calibration(\n")
    for field in fields(found):
        values = np.array2string(
            getattr(found, field.name), separator=", ", precision=5, max_line_width=90
        )
        sys.stdout.write(f"    {field.name}=np.array({values}),\n")
    sys.stdout.write(")\n")


if __name__ == "__main__":
    main()
