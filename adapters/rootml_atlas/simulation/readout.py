"""What the electronics make of the energy in cells: fluctuations, pile-up, noise, times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootml_atlas.simulation.conditions import Conditions
from rootml_atlas.simulation.deposit import SIZES, Grid, Image
from rootml_atlas.simulation.legs import Index
from rootml_atlas.simulation.material import Floats

GRAIN_GEV: Final = (0.06, 0.01, 0.01, 0.01)
"""Variance over energy of what a layer samples: 10 %/sqrt(E / GeV) (ATLAS, JINST 3 (2008) S08003,
chapter 5); in the presampler single electrons of 0.046 GeV each, and their straggling."""
CONSTANT: Final = 0.006
"""Of all cells of a shower together; with the shower's place in the cells it makes the constant
term of 0.7 % (the same)."""
NOISE_GEV: Final = (0.025, 0.012, 0.027, 0.022)
"""Electronics, within the 10 to 50 MeV of ATLAS, EPJC 70 (2010) 723 (round numbers)."""
PILEUP_GEV: Final = (0.006, 0.004, 0.007, 0.003)
"""Noise of out-of-time collisions over sqrt(<mu>), such that it exceeds the electronics' in the
middle layer at <mu> = 30 (ATLAS, EPJC 77 (2017) 490; round numbers)."""
BASELINE_GEV: Final = (0.022, 0.093, 0.120, 0.004)
"""Mean E_T per <mu> and unit of eta and phi of in-time collisions, which out-of-time ones cancel on
average (the same); measured on simulated windows without an electron."""
SIGNIFICANT: Final = 3.0
"""Signal over noise from which a cell has a time (a choice)."""
TIME_NS: Final = (1.2, 0.25)
"""Resolution times E / GeV, and at high energies, where the collisions' spread of 0.2 ns is part
of it (choices)."""
_CROSSING_NS = 25.0


@dataclass(frozen=True)
class Cells:
    """Measured cells of a layer, (n, rows, columns): GeV and ns, 0 where there is no time."""

    energy: Image
    time: Image

    def cut(self, row: Index, column: Index, grid: Grid) -> Cells:
        """The part of the size of ``grid`` that begins at ``row`` and ``column``, (n,) each."""
        rows = row[:, None, None] + np.arange(grid.rows)[:, None]
        columns = column[:, None, None] + np.arange(grid.columns)
        place = np.arange(len(row))[:, None, None], rows, columns
        return Cells(self.energy[place], self.time[place])


def read(
    layer: int,
    mean: Image,
    eta: Floats,
    mu: Floats,
    gain: Floats,
    conditions: Conditions,
    rng: np.random.Generator,
) -> Cells:
    """Measure cells of ``mean`` GeV; ``eta``, ``mu`` and ``gain`` are of their windows, (n,).

    Sampling makes each deposit a gamma variate; these add up to one of the same kind, so that the
    resolution does not depend on the cells.
    """
    grain = np.float32(GRAIN_GEV[layer])
    seen = rng.standard_gamma(mean / grain, dtype=np.float32)
    seen *= _column(grain * gain * conditions.layers[layer])
    area = SIZES[layer][0] * SIZES[layer][1]
    baseline = _column(BASELINE_GEV[layer] * area * mu * np.cosh(eta))
    noise = conditions.noise * np.hypot(NOISE_GEV[layer], PILEUP_GEV[layer] * np.sqrt(mu))
    other = _column(noise) * rng.standard_normal(mean.shape, np.float32) - baseline
    energy = seen + other
    return Cells(energy, _times(energy, seen, _column(noise), rng))


def gains(eta: Floats, conditions: Conditions, rng: np.random.Generator) -> Floats:
    """What all energies of a shower are multiplied with."""
    spread = np.hypot(CONSTANT, conditions.constant)
    found: Floats = conditions.scale(eta) * (1 + spread * rng.standard_normal(len(eta)))
    return found


def _times(energy: Image, seen: Image, noise: Image, rng: np.random.Generator) -> Image:
    """Times of significant cells: of the own crossing, or of others where these leave most."""
    slope, floor = TIME_NS
    event, row, column = np.nonzero(energy > SIGNIFICANT * noise)
    cell = energy[event, row, column]
    own = seen[event, row, column] > cell / 2
    drawn = np.clip(rng.normal(0, np.hypot(slope / cell, floor)), -_CROSSING_NS, _CROSSING_NS)
    other = rng.uniform(-_CROSSING_NS, _CROSSING_NS, len(cell))
    time = np.zeros_like(energy)
    time[event, row, column] = np.where(own, drawn, other)
    return time


def _column(values: Floats) -> Image:
    found: Image = np.asarray(values, np.float32)[:, None, None]
    return found
