"""Fit the constants of the reconstruction to simulated particles.

Run as ``python -m rootml_ams.simulation.calibrate``: it prints the end of ``calibration.py``.
"""

from __future__ import annotations

import sys
from dataclasses import fields

import numpy as np

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
SEED = 20110519
"""The day AMS-02 began to take data."""


def fit(electrons: int, protons: int, rng: np.random.Generator) -> Calibration:
    """Fit on ``electrons`` electrons, and on ``protons`` protons that the cascades are drawn of."""
    energy, shower = _draw(draw_electrons, electrons, rng)
    leakage = _least_squares(reco.leakage_terms(shower), np.log(energy / shower.deposit))
    found = Calibration(leakage, np.zeros((3, 6)), np.zeros((3, 6)), np.zeros(13))
    terms = reco.energy_terms(reco.energy(shower, found))
    values = reco.variables(shower)
    means = _least_squares(terms, values)
    # The mean of ln|x| of a normal variable is ln(sigma) - 0.635.
    spreads = _least_squares(terms, np.log(np.abs(values - terms @ means) + 1e-9) + 0.635)
    found = Calibration(leakage, means, spreads, np.zeros(13))
    _, other = _draw(draw_protons, protons, rng)
    sides = [
        reco.bdt_terms(reco.pulls(it, reco.energy(it, found), found)) for it in (shower, other)
    ]
    target = np.repeat([1.0, -1.0], [len(side) for side in sides])
    weight = np.repeat([len(side) ** -0.5 for side in sides], [len(side) for side in sides])
    discriminant = _least_squares(np.concatenate(sides) * weight[:, None], target * weight)
    return Calibration(leakage, means, spreads, discriminant)


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
        values = np.array2string(getattr(found, field.name), separator=", ", precision=5)
        sys.stdout.write(f"    {field.name}=np.array({values}),\n")
    sys.stdout.write(")\n")


if __name__ == "__main__":
    main()
