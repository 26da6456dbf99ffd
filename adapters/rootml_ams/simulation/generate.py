"""Simulated events: particles of both kinds, selected, mixed and recorded."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from rootml.errors import DataError
from rootml_ams.simulation import reconstruction
from rootml_ams.simulation.particles import (
    Draw,
    Particles,
    Request,
    Selection,
    concatenate,
    draw_electrons,
    draw_protons,
)
from rootml_ams.simulation.record import record

if TYPE_CHECKING:
    import awkward as ak

MINIMUM_GEV, MAXIMUM_GEV, NARROWEST = 5.0, 10_000.0, 1.01
LARGEST_INDEX = 10
BATCH = 400
"""Particles that are followed at a time."""
OPTIONS = {
    "energy": "range in GeV, for example 200:2000",
    "selection": "energy that the range is one of: reconstructed or generated",
    "electron_fraction": "share of electrons and positrons, 0 to 1; the others are protons",
    "index": "of the falling spectra dN/dE = E^-index of both",
}


def simulate(
    n: int,
    rng: np.random.Generator,
    *,
    energy: tuple[float, float] | str = (200.0, 2000.0),
    electron_fraction: float = 0.5,
    index: float = 1.5,
    selection: Selection = "reconstructed",
) -> ak.Array:
    """Simulate ``n`` events; the fields are the branches of the flat layout and ``truth_*``.

    ``energy``: range in GeV of the ``selection`` energy, reconstructed or generated.
    ``electron_fraction``: mean share of electrons and positrons, the rest are protons.
    ``index``: of the falling spectra dN/dE = E^-index of both; 1.5 puts a fifth of the events of
    200-2000 GeV above 1 TeV. Raises DataError for values that make no sense.
    """
    request = _request(n, electron_fraction, energy, index, selection)
    electrons = int(rng.binomial(n, electron_fraction))
    wanted = ((draw_electrons, electrons), (draw_protons, n - electrons))
    parts = [_select(draw, number, request, rng) for draw, number in wanted]
    label = np.repeat([1, 0], [electrons, n - electrons])
    order = rng.permutation(n)
    particles = concatenate(parts).take(order)
    return record(particles.track, particles.energy, particles.image, label[order], rng)


def _select(draw: Draw, n: int, request: Request, rng: np.random.Generator) -> Particles:
    """Draw particles until ``n`` pass the selection."""
    low, high = request.energy
    parts: list[Particles] = []
    missing = n
    while missing > 0 or not parts:
        part = draw(BATCH, request, rng)
        if request.selection == "reconstructed":
            part = part.take(np.flatnonzero(part.image.any(axis=(1, 2))))
            seen = reconstruction.energy(reconstruction.measure_shower(part.image))
            part = part.take((seen >= low) & (seen <= high))
        part = part.take(np.arange(min(missing, len(part.energy))))
        parts.append(part)
        missing -= len(part.energy)
    return concatenate(parts)


def _request(
    n: int, fraction: float, energy: object, index: float, selection: Selection
) -> Request:
    """The request for ``n`` events, if it makes sense."""
    low, high = _range(energy)
    if not MINIMUM_GEV <= low < NARROWEST * low <= high <= MAXIMUM_GEV:
        raise DataError(
            f"energy range {low:g}:{high:g} GeV: expected low < high, by 1 % or more,"
            f" between {MINIMUM_GEV:g} and {MAXIMUM_GEV:g}"
        )
    for name, value, least, most in (
        ("the number of events", n, 0, math.inf),
        ("electron_fraction", fraction, 0, 1),
        ("index", index, -LARGEST_INDEX, LARGEST_INDEX),
    ):
        if not (isinstance(value, Real) and least <= value <= most):
            raise DataError(f"{name} is {value!r}: expected a number from {least:g} to {most:g}")
    if selection not in get_args(Selection):
        raise DataError(
            f"selection is {selection!r}: expected one of {', '.join(get_args(Selection))}"
        )
    return Request((low, high), index, selection)


def _range(energy: object) -> tuple[float, float]:
    """Both ends of a pair of numbers or of a text like ``200:2000``, in GeV."""
    ends: Any = energy.split(":") if isinstance(energy, str) else energy
    try:
        low, high = map(float, ends)
    except (TypeError, ValueError) as error:
        raise DataError(f"energy range {energy!r}: expected two numbers in GeV") from error
    return low, high
