"""Simulated events: particles of both kinds, selected, mixed and recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import DataError
from rootml_ams.simulation import reconstruction
from rootml_ams.simulation.datasets import settings
from rootml_ams.simulation.particles import (
    Draw,
    Particles,
    Request,
    concatenate,
    draw_electrons,
    draw_protons,
)
from rootml_ams.simulation.record import record

if TYPE_CHECKING:
    import awkward as ak

BATCH = 400
"""Particles that are followed at a time."""
MATCH_CM = 3.0
"""Distance on the front face within which a good track meets the shower's axis (a choice: some
ten times the resolution of an electron's axis)."""


def simulate(n: int, rng: np.random.Generator, **options: Any) -> ak.Array:
    """Simulate ``n`` events; the fields are the branches of the flat layout and ``truth_*``.

    ``options``: fields of :class:`.datasets.Settings`, over the defaults of ``dataset``.
    ``energy``: range in GeV of the ``selection`` energy, reconstructed or generated.
    ``electron_fraction``: mean share of electrons and positrons, the rest are protons.
    ``index``: of the falling spectra dN/dE = E^-index of both; 1.5 puts a fifth of the events of
    200-2000 GeV above 1 TeV. Raises DataError for values that make no sense.
    """
    if n < 0:
        raise DataError(f"the number of events is {n}: expected 0 or more")
    asked = settings(options)
    electrons = int(rng.binomial(n, asked.fraction))
    wanted = ((draw_electrons, electrons), (draw_protons, n - electrons))
    parts = [_select(draw, number, asked.request, rng) for draw, number in wanted]
    label = np.repeat([1, 0], [electrons, n - electrons])
    order = rng.permutation(n)
    return record(concatenate(parts).take(order), label[order], asked.labels, rng)


def _select(draw: Draw, n: int, request: Request, rng: np.random.Generator) -> Particles:
    """Draw particles until ``n`` pass the selection."""
    parts: list[Particles] = []
    missing = n
    while missing > 0 or not parts:
        part = _selected(draw(BATCH, request, rng), request)
        part = part.take(np.arange(min(missing, len(part.energy))))
        parts.append(part)
        missing -= len(part.energy)
    return concatenate(parts)


def _selected(part: Particles, request: Request) -> Particles:
    """Those in the range of energy, with a good track where one is asked for."""
    by_energy = request.selection == "reconstructed"
    if not (by_energy or request.good_tracks):
        return part
    part = part.take(np.flatnonzero(part.image.any(axis=(1, 2))))
    shower = reconstruction.measure_shower(part.image)
    passed = np.ones(len(part.energy), bool)
    if by_energy:
        seen = reconstruction.energy(shower)
        passed &= (seen >= request.energy[0]) & (seen <= request.energy[1])
    if request.good_tracks:
        x, y = shower.axis[:, 0], shower.axis[:, 1]
        passed &= np.hypot(x - part.track.x, y - part.track.y) < MATCH_CM
    return part.take(passed)
