"""From showers and tracks to the energy in each cell, before the detector's response.

Images are (events, 18, 72) float32 in MeV on the scale of electromagnetic showers, and are added to
in place.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import (
    CELL_EDGES_CM,
    CELLS,
    EDGES_X0,
    HALF_WIDTH_CM,
    LAYER_X0,
    LAYERS,
    PITCH_CM,
)
from rootml_ams.simulation.em import radial_profile
from rootml_ams.simulation.material import E_OVER_MIP
from rootml_ams.simulation.rays import Floats, Index, Rays
from rootml_ams.simulation.showers import Showers

Image = npt.NDArray[np.float32]

MIP_MEV_PER_X0 = 1.175 * 6.74 / E_OVER_MIP
"""Mean loss of a minimum ionising particle (1.175 MeV cm2/g, PDG; X0 is 6.74 g/cm2)."""
MIP_MEV = MIP_MEV_PER_X0 * LAYER_X0
"""The same in a layer, 11.5 MeV."""
MOST_PROBABLE, MOYAL_WIDTH = 0.85, 0.118
"""Straggling in one layer: Moyal's approximation of Landau's distribution, with mean 1."""
LEAST_MEV = 0.05
"""Energy in a layer that is not worth spreading over cells."""

_LAYER_CENTRES = (EDGES_X0[1:] + EDGES_X0[:-1]) / 2
_EDGES = CELL_EDGES_CM.astype(np.float32)
_ROWS = 2048


def add_showers(image: Image, showers: Showers) -> None:
    """Add the mean deposits of ``showers``, spread over the cells."""
    shower, layer = np.nonzero(showers.layers > LEAST_MEV)
    target = showers.axes.event[shower] * LAYERS + layer
    order = np.argsort(target, kind="stable")
    shower, layer, target = shower[order], layer[order], target[order]
    axis = showers.axes.take(shower)
    centre = np.maximum(_LAYER_CENTRES[layer], axis.depth + 0.01)
    coordinate, slope = axis.measured(centre, layer)
    tau = (centre - axis.depth) * axis.secant / showers.maximum[shower]
    core, tail, weight = radial_profile(showers.energy[shower], tau)
    # A layer cuts the shower's cross-section obliquely: it is wider by 1/cos in projection.
    stretch = np.sqrt(1 + slope**2)
    radii = (core * stretch) ** 2, (tail * stretch) ** 2
    columns = [
        values.astype(np.float32)[:, None]
        for values in (coordinate, *radii, weight, showers.layers[shower, layer] / 2)
    ]
    rows = image.reshape(-1, CELLS)
    for start in range(0, len(target), _ROWS):
        part = slice(start, start + _ROWS)
        _add_rows(rows, target[part], _spread(*(column[part] for column in columns)))


def _spread(centre: Image, core2: Image, tail2: Image, weight: Image, half: Image) -> Image:
    """Spread deposits over the cells, (k, 72): differences of the projected profile's integral.

    In the plane a component's density is R^2 / pi / (r^2 + R^2)^2. Integrated over y, with
    a^2 = x^2 + R^2 and the integral of (a^2 + y^2)^-2 being pi / (2 a^3), it is
    R^2 / (2 (x^2 + R^2)^(3/2)); over x up to d, (1 + d / sqrt(d^2 + R^2)) / 2. All arguments are
    columns (k, 1): the axis, the squares of the radii, the core's weight, half the deposit.
    """
    distance = _EDGES - centre
    square = distance * distance
    core, tail = square + core2, square + tail2
    np.sqrt(core, out=core)
    np.sqrt(tail, out=tail)
    np.divide(weight, core, out=core)
    np.divide(1 - weight, tail, out=tail)
    core += tail
    core *= distance
    core *= half
    spread: Image = np.diff(core, axis=1)
    return spread


def _add_rows(rows: Image, target: npt.NDArray[np.int64], values: Image) -> None:
    """Add ``values`` (k, 72) to the rows that the sorted ``target`` (k,) names."""
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    rows[target[starts]] += np.add.reduceat(values, starts, axis=0)


def add_tracks(
    image: Image, rays: Rays, end: Floats, ionisation: Floats | float, rng: np.random.Generator
) -> None:
    """Add charged particles that go straight from ``rays`` to the depth ``end`` (X0).

    ``ionisation`` is in units of the minimum.
    """
    low, high = np.minimum(rays.depth, end), np.maximum(rays.depth, end)
    track, layer = _crossed(low, high)
    low, high = (
        np.maximum(low[track], EDGES_X0[layer]),
        np.minimum(high[track], EDGES_X0[layer + 1]),
    )
    middle, length = (low + high) / 2, (high - low) * rays.secant[track]
    straggling = -2 * np.log(np.abs(rng.standard_normal(len(track))))
    loss = MIP_MEV_PER_X0 * length * np.broadcast_to(ionisation, len(rays))[track]
    loss *= np.maximum(MOST_PROBABLE + MOYAL_WIDTH * straggling, 0)
    coordinate, _ = rays.take(track).measured(middle, layer)
    cell = np.floor((coordinate + HALF_WIDTH_CM) / PITCH_CM).astype(np.int64)
    inside = (cell >= 0) & (cell < CELLS)
    place = ((rays.event[track] * LAYERS + layer) * CELLS + cell)[inside]
    add: npt.NDArray[Any] = np.bincount(place, loss[inside], image.size)
    image += add.reshape(image.shape).astype(np.float32)


def _crossed(low: Floats, high: Floats) -> tuple[Index, Index]:
    """Number of a track and of a layer that it crosses, for all such pairs."""
    first = np.clip(low / LAYER_X0, 0, LAYERS).astype(np.int64)
    beyond = np.ceil(np.clip(high / LAYER_X0, 0, LAYERS)).astype(np.int64)
    number = np.maximum(beyond - first, 0)
    track = np.repeat(np.arange(len(low)), number)
    start = np.repeat(np.cumsum(number) - number, number)
    return track, np.arange(len(track)) - start + first[track]
