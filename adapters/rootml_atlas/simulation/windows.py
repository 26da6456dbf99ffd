"""From cells to the windows of pixels in the ntuple, about the hottest cell of the middle layer.

Cells and pixels are numbered from eta = 0 and phi = 0; a window is named by the numbers of its
first middle cell, (n,) each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rootml_atlas.geometry import CELLS, WINDOW
from rootml_atlas.simulation.deposit import SIZES, Grid
from rootml_atlas.simulation.legs import Index
from rootml_atlas.simulation.material import Floats

STRIPS, MIDDLE = 1, 2
_MIDDLE_ROWS = CELLS[MIDDLE][0]
ROWS, COLUMNS = WINDOW[0] // _MIDDLE_ROWS, WINDOW[1]
"""Middle cells of a window."""
HOTTEST: Final = (ROWS // 2, COLUMNS // 2)
"""Where in it the hottest one is."""
WRITTEN: Final = ((ROWS, COLUMNS), WINDOW, (ROWS, COLUMNS), (ROWS, COLUMNS))
"""Shapes of the layers in the ntuple."""
_TOUCHED: Final = ((ROWS, 4), (WINDOW[0], 4), (ROWS, COLUMNS), (4, COLUMNS))
"""Cells of each layer that a window touches at most, wherever it begins."""


@dataclass(frozen=True)
class Windows:
    """Numbers of the first middle cells in eta and phi, (n,)."""

    eta: Index
    phi: Index

    @classmethod
    def about(cls, eta: Floats, phi: Floats, margin: int = 0) -> Windows:
        """Windows about the middle cells at ``eta`` and ``phi``, ``margin`` cells larger."""
        first = [
            np.floor(value / size).astype(np.int64) - centre - margin
            for value, size, centre in zip((eta, phi), SIZES[MIDDLE], HOTTEST, strict=True)
        ]
        return cls(*first)

    def moved(self, rows: Index, columns: Index) -> Windows:
        """Windows that begin later by some middle cells."""
        return Windows(self.eta + rows, self.phi + columns)

    def middle(self, margin: int) -> Grid:
        """Middle cells of windows that are ``margin`` cells larger."""
        return Grid(MIDDLE, self.eta, self.phi, ROWS + 2 * margin, COLUMNS + 2 * margin)

    def grid(self, layer: int) -> Grid:
        """Cells of ``layer`` that the windows touch."""
        rows, columns = CELLS[layer]
        return Grid(layer, self.eta * _MIDDLE_ROWS // rows, self.phi // columns, *_TOUCHED[layer])

    def pixels(self, layer: int, cells: npt.NDArray[Any], *, split: bool) -> npt.NDArray[Any]:
        """Values of cells (n, rows, columns) for each pixel of the ntuple, (n, *WRITTEN[layer]).

        ``split``: evenly over the pixels of a cell; otherwise each has the cell's value.
        """
        written = WRITTEN[layer]
        per_row = max(CELLS[layer][0] * written[0] // WINDOW[0], 1)
        per_column = CELLS[layer][1]
        row = (self.eta % per_row)[:, None] + np.arange(written[0])
        column = (self.phi % per_column)[:, None] + np.arange(written[1])
        found: npt.NDArray[Any] = cells[
            np.arange(len(cells))[:, None, None],
            (row // per_row)[:, :, None],
            (column // per_column)[:, None, :],
        ]
        return found / np.float32(per_row * per_column) if split else found


def hottest(image: npt.NDArray[Any], margin: int) -> tuple[Index, Index]:
    """Rows and columns, 0 to 2 ``margin``, of the hottest cell about the centre of an image."""
    row, column = HOTTEST
    size = 2 * margin + 1
    core = image[:, row : row + size, column : column + size]
    place = core.reshape(len(core), size**2).argmax(axis=1)
    return place // size, place % size
