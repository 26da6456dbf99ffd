"""The SuperNEMO demonstrator: cells of its tracker, optical modules of its calorimeter.

x points away from the source foil (side 0: x < 0, side 1: x > 0), y along it, z upwards along the
wires; the origin is the centre of the foil. Lengths in mm. Sources: the SuperNEMO software Falaise
(github.com/SuperNEMO-DBD/Falaise, its ``tkrec``: numbering of cells and modules, size of a cell)
and SN-IEgenerator (github.com/SuperNEMO-DBD/SN-IEgenerator: wires, walls of the calorimeter).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rootml.spec import Array

SIDES: Final = 2
ROWS: Final = 113
"""Cells along the foil: ``grid_column`` of ``hit_tree``, R of TKEvent's ``SRL``."""
LAYERS: Final = 9
"""Cells away from the foil: ``grid_layer`` of ``hit_tree``, L of TKEvent's ``SRL``."""
CELLS_PER_SIDE: Final = ROWS * LAYERS
CELLS: Final = SIDES * CELLS_PER_SIDE

PITCH_MM: Final = 44.0
CELL_RADIUS_MM: Final = PITCH_MM / 2
FIRST_WIRE_MM: Final = 53.0
"""abs(x) of the wires next to the foil."""
MIDDLE_ROW: Final = 56
"""The row at y = 0."""
CELL_LENGTH_MM: Final = 2770.0
"""Between the cathodes at the two ends of a wire."""
HALF_LENGTH_MM: Final = CELL_LENGTH_MM / 2

TICK_NS: Final = 12.5
"""The tracker's clock, 80 MHz; all timestamps count it."""
BOTTOM, TOP = 5, 6
"""Places of the two cathodes' times in ``tsp``; 0 to 4 are the anode's, 0 is the avalanche."""
TIMESTAMPS: Final = 7

Z_BINS: Final = 30
Z_BIN_MM: Final = 100.0
Z_LOWEST_MM, Z_HIGHEST_MM = -1500.0, 1490.0
"""Images clip z to these before they bin it (github.com/amendl/SuperNEMO_ML_applications)."""

MAIN_WALL, X_WALL, GAMMA_VETO = 0, 1, 2
"""``calo_type`` of ``hit_tree``."""
MAIN_COLUMNS, MAIN_ROWS = 20, 13
X_WALL_COLUMNS, X_WALL_ROWS = 2, 16
VETO_COLUMNS: Final = 16
MAIN_WALL_X_MM: Final = 435.0
"""abs(x) of the front of the main walls."""
X_WALL_Y_MM: Final = 2505.5
VETO_Z_MM: Final = 1550.0
MAIN_PITCH_MM: Final = 259.0
"""Of main wall blocks, both ways; they are centred on the wall."""
X_WALL_PITCH_MM = (203.0, 212.0)
"""Of X wall blocks in x and z; in x they begin at ``X_WALL_START_MM``, in z they are centred."""
X_WALL_START_MM: Final = 29.0
VETO_PITCH_MM: Final = 311.5
"""Of gamma veto blocks in y: eight on either side of a gap of ``VETO_GAP_MM``."""
VETO_START_MM, VETO_GAP_MM = -2497.25, 10.5
VETO_X_MM = (4.9, 295.9)
"""Extent of a gamma veto block in abs(x)."""


def cell_number(side: Array, row: Array, layer: Array) -> Array:
    """TKEvent's ``cell_num`` of cells, 0 to 2033."""
    number: Array = CELLS_PER_SIDE * side + LAYERS * row + layer
    return number


def cell_address(number: Array) -> tuple[Array, Array, Array]:
    """Side, row and layer of cells by TKEvent's ``cell_num``."""
    side, within = np.divmod(number, CELLS_PER_SIDE)
    row, layer = np.divmod(within, LAYERS)
    return side, row, layer


def wire_x(side: Array, layer: Array) -> Array:
    """The x of wires, mm."""
    x: Array = (2.0 * side - 1.0) * (FIRST_WIRE_MM + PITCH_MM * layer)
    return x


def wire_y(row: Array) -> Array:
    """The y of wires, mm."""
    y: Array = (row - MIDDLE_ROW) * PITCH_MM
    return y


def z_bin(z: Array) -> Array:
    """Bins of images, 0 to 29, of heights in mm; those outside are in the first and last one."""
    clipped = np.clip(z, Z_LOWEST_MM, Z_HIGHEST_MM)
    bins: Array = ((clipped - Z_LOWEST_MM) / Z_BIN_MM).astype(np.int64)
    return bins
