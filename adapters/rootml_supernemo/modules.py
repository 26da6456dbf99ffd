"""The optical modules of the calorimeter: their numbers, and the middles of their front faces.

Kinds (0 main wall, 1 X wall, 2 gamma veto), sides, walls, rows and columns as ``hit_tree`` has
them; numbers as TKEvent's ``OM_num`` (github.com/TomasKrizak/TKEvent, ``TKOMhit.cpp``). Lengths
in mm, in the frame of :mod:`rootml_supernemo.geometry`, where the sources of the sizes are.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from rootml.spec import Array
from rootml_supernemo.geometry import (
    GAMMA_VETO,
    MAIN_COLUMNS,
    MAIN_PITCH_MM,
    MAIN_ROWS,
    MAIN_WALL,
    MAIN_WALL_X_MM,
    SIDES,
    VETO_COLUMNS,
    VETO_GAP_MM,
    VETO_PITCH_MM,
    VETO_START_MM,
    VETO_X_MM,
    VETO_Z_MM,
    X_WALL,
    X_WALL_COLUMNS,
    X_WALL_PITCH_MM,
    X_WALL_ROWS,
    X_WALL_START_MM,
    X_WALL_Y_MM,
)

KINDS: Final = ("main wall", "X wall", "gamma veto")
WALLS: Final = 2
"""X walls of a side: at negative and at positive y; vetoes: below and above."""
NONE: Final = -1
"""Wall of the main wall, row of the vetoes, and the side where a file has none."""

_MAIN: Final = MAIN_COLUMNS * MAIN_ROWS
_X: Final = X_WALL_COLUMNS * X_WALL_ROWS
_BEFORE_X: Final = SIDES * _MAIN
_BEFORE_VETO: Final = _BEFORE_X + SIDES * WALLS * _X
MODULES: Final = _BEFORE_VETO + SIDES * WALLS * VETO_COLUMNS

LIMITS: Final = {
    "calo_wall": (0, WALLS, WALLS),
    "calo_column": (MAIN_COLUMNS, X_WALL_COLUMNS, VETO_COLUMNS),
    "calo_row": (MAIN_ROWS, X_WALL_ROWS, 0),
}
"""How many there are, by kind; 0: it has none, and what a file says of it is overlooked."""


def number(kind: Any, side: Any, wall: Any, row: Any, column: Any) -> Any:
    """``OM_num``, 0 to 711, of modules: arrays of numpy or Awkward Array, all alike."""
    main = _MAIN * side + MAIN_ROWS * column + row
    x_wall = _BEFORE_X + _X * (WALLS * side + wall) + X_WALL_ROWS * column + row
    veto = _BEFORE_VETO + VETO_COLUMNS * (WALLS * side + wall) + column
    return np.where(kind == MAIN_WALL, main, np.where(kind == X_WALL, x_wall, veto))


def address(om: Array) -> dict[str, Array]:
    """Kind, side, wall, row and column of modules (m,) by their ``OM_num``."""
    in_main, in_x, in_veto = om, om - _BEFORE_X, om - _BEFORE_VETO
    kinds = [om < _BEFORE_X, om < _BEFORE_VETO]
    side_of_x, within_x = np.divmod(in_x, WALLS * _X)
    wall_of_x, within_x = np.divmod(within_x, _X)
    side_of_veto, within_veto = np.divmod(in_veto, WALLS * VETO_COLUMNS)
    wall_of_veto, column_of_veto = np.divmod(within_veto, VETO_COLUMNS)
    return {
        "kind": np.select(kinds, [MAIN_WALL, X_WALL], GAMMA_VETO),
        "side": np.select(kinds, [in_main // _MAIN, side_of_x], side_of_veto),
        "wall": np.select(kinds, [NONE, wall_of_x], wall_of_veto),
        "row": np.select(kinds, [in_main % MAIN_ROWS, within_x % X_WALL_ROWS], NONE),
        "column": np.select(
            kinds, [in_main % _MAIN // MAIN_ROWS, within_x // X_WALL_ROWS], column_of_veto
        ),
    }


def front(
    kind: Array, side: Array, wall: Array, row: Array, column: Array
) -> tuple[Array, Array, Array]:
    """x, y and z in mm of the middles of front faces (m,); x is NaN where the side is ``NONE``."""
    kinds = [kind == MAIN_WALL, kind == X_WALL]
    sign = np.where(side == NONE, np.nan, 2.0 * side - 1)
    end = 2.0 * wall - 1
    pitch_x, pitch_z = X_WALL_PITCH_MM
    of_x = X_WALL_START_MM + pitch_x * (column + 0.5)
    gap = np.where(column < VETO_COLUMNS // 2, 0, VETO_GAP_MM)
    along_veto = VETO_START_MM + VETO_PITCH_MM * (column + 0.5) + gap
    x = np.select(kinds, [np.full(len(kind), MAIN_WALL_X_MM), of_x], sum(VETO_X_MM) / 2)
    y = np.select(
        kinds,
        [MAIN_PITCH_MM * (column - (MAIN_COLUMNS - 1) / 2), X_WALL_Y_MM * end],
        along_veto,
    )
    z = np.select(
        kinds,
        [MAIN_PITCH_MM * (row - (MAIN_ROWS - 1) / 2), pitch_z * (row - (X_WALL_ROWS - 1) / 2)],
        VETO_Z_MM * end,
    )
    return sign * x, y, z
