"""Mean energies of the cells: radial profiles integrated over rectangles in eta and phi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rootml_atlas.geometry import CELLS, PIXEL
from rootml_atlas.simulation.legs import Index, Legs, wrapped
from rootml_atlas.simulation.material import RADIUS_M, Floats
from rootml_atlas.simulation.showers import Deposits

Image = npt.NDArray[np.float32]

SIZES: Final = tuple((rows * PIXEL[0], columns * PIXEL[1]) for rows, columns in CELLS)
"""Of a cell in eta and phi, for each layer."""
LEAST_GEV: Final = 1e-4
"""Energy of a leg in a layer that is not worth spreading (a choice)."""
_ROWS = 256


@dataclass(frozen=True)
class Grid:
    """Windows of ``rows`` x ``columns`` cells of a layer, (n,): numbers of their first cells.

    Cells are numbered from eta = 0 and phi = 0.
    """

    layer: int
    eta: Index
    phi: Index
    rows: int
    columns: int


def spread(grid: Grid, legs: Legs, deposits: Deposits, z: Floats) -> Image:
    """Mean energies (n, rows, columns) in GeV; ``z``: of the owners' vertices, m."""
    layer = grid.layer
    used = np.flatnonzero(deposits.energy[:, layer] > LEAST_GEV)
    owner = legs.owner[used]
    radius = RADIUS_M[layer]
    eta = np.arcsinh(legs.sinh_eta[used] + z[owner] / radius)
    size = SIZES[layer]
    x = grid.eta[owner] * size[0] - eta
    y = wrapped(grid.phi[owner] * size[1] - legs.phi[used])
    columns = [
        values.astype(np.float32)
        for values in (
            radius * x,
            radius * y,
            deposits.core[used, layer] ** 2,
            deposits.tail[used, layer] ** 2,
            deposits.share[used, layer],
            deposits.energy[used, layer],
        )
    ]
    steps = [
        np.arange(number + 1, dtype=np.float32) * np.float32(radius * step)
        for number, step in zip((grid.rows, grid.columns), size, strict=True)
    ]
    image: Image = np.zeros((len(grid.eta), grid.rows, grid.columns), np.float32)
    for start in range(0, len(used), _ROWS):
        part = slice(start, start + _ROWS)
        _add(image, owner[part], _cells(*(column[part, None] for column in columns), *steps))
    np.maximum(image, 0, out=image)  # Differences of corners round below zero.
    return image


def _cells(
    x: Image, y: Image, core2: Image, tail2: Image, share: Image, energy: Image, *steps: Image
) -> Image:
    x, y = x + steps[0], y + steps[1]
    corners = (share * energy)[:, :, None] * _corner(x, y, core2)
    corners += ((1 - share) * energy)[:, :, None] * _corner(x, y, tail2)
    cells: Image = np.diff(np.diff(corners, axis=1), axis=2)
    return cells


def _corner(x: Image, y: Image, radius2: Image) -> Image:
    """Integral of R^2 / pi / (r^2 + R^2)^2 from the axis to the corner (x, y), (k, rows, columns).

    With a = sqrt(x^2 + R^2) and b = sqrt(y^2 + R^2) it is
    [x / a arctan(y / a) + y / b arctan(x / b)] / (2 pi).
    """
    a, b = np.sqrt(x * x + radius2), np.sqrt(y * y + radius2)
    corner: Image = np.arctan(y[:, None, :] / a[:, :, None])
    corner *= (x / a)[:, :, None]
    other = np.arctan(x[:, :, None] / b[:, None, :])
    other *= (y / b)[:, None, :]
    corner += other
    corner *= np.float32(0.5 / np.pi)
    return corner


def _add(image: Image, owner: Index, values: Image) -> None:
    """Add ``values`` (k, rows, columns) to the images that the sorted ``owner`` (k,) names."""
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    image[owner[starts]] += np.add.reduceat(values, starts, axis=0)
