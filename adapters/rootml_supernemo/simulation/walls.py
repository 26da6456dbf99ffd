"""Where tracks end: on the blocks of the calorimeter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootml.spec import Array
from rootml_supernemo.geometry import (
    GAMMA_VETO,
    MAIN_COLUMNS,
    MAIN_PITCH_MM,
    MAIN_ROWS,
    MAIN_WALL,
    MAIN_WALL_X_MM,
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
from rootml_supernemo.simulation.arcs import Arcs, Index

GAP_MM: Final = (3.0, 3.5)
"""Between blocks of the main wall, and of the others in y and z (SN-IEgenerator)."""
NONE: Final = -1
VETO_ROW: Final = 1
"""Of all blocks of the gamma veto, as SN-IEgenerator writes it."""


@dataclass(frozen=True)
class Ends:
    """The blocks that tracks end on, (m,); numbers as in ``hit_tree``, -1 for what a wall has not.

    ``hit``: whether there is one. ``path`` (mm), ``u``, ``y``, ``z``: the point on the wall.
    """

    hit: Array
    path: Array
    u: Array
    y: Array
    z: Array
    type: Index
    wall: Index
    row: Index
    column: Index


def ends(arcs: Arcs) -> Ends:
    """Follow arcs to the first wall; those that turn back before they reach one hit nothing."""
    paths = np.stack([_to_main(arcs), _to_x_wall(arcs, -1), _to_x_wall(arcs, 1), _to_veto(arcs)])
    first = np.argmin(paths, axis=0)
    path = np.take_along_axis(paths, first[None], axis=0)[0]
    reached = np.isfinite(path)
    path = np.where(reached, path, 0)
    u, y, z = arcs.at(path)
    kind = np.array([MAIN_WALL, X_WALL, X_WALL, GAMMA_VETO])[first]
    above = (arcs.slope > 0).astype(np.int64)
    wall = np.select([kind == X_WALL, kind == GAMMA_VETO], [first - 1, above], NONE)
    ahead = np.abs(arcs.angle + arcs.curvature * path) < np.pi / 2
    column, row, on_block = _blocks(kind, u, y, z)
    return Ends(reached & ahead & on_block, path, u, y, z, kind, wall, row, column)


def _to_main(arcs: Arcs) -> Array:
    """Path to the main wall; infinite where an arc turns back before it."""
    away = MAIN_WALL_X_MM - arcs.u
    sine = np.sin(arcs.angle) + arcs.curvature * away
    turned = np.arcsin(np.clip(sine, -1, 1)) - arcs.angle
    straight = arcs.curvature == 0
    path = np.where(
        straight, away / np.cos(arcs.angle), turned / np.where(straight, 1, arcs.curvature)
    )
    return np.where(np.abs(sine) < 1, path, np.inf)


def _to_x_wall(arcs: Arcs, sign: int) -> Array:
    """Path to the X wall at negative or positive y; infinite where an arc does not lead there."""
    away = sign * X_WALL_Y_MM - arcs.y
    cosine = np.cos(arcs.angle) - arcs.curvature * away
    turned = sign * np.arccos(np.clip(cosine, 0, 1)) - arcs.angle
    straight = arcs.curvature == 0
    sine = np.sin(arcs.angle)
    path = np.where(
        straight,
        away / np.where(sine == 0, np.nan, sine),
        turned / np.where(straight, 1, arcs.curvature),
    )
    return np.where((cosine > 0) & (cosine <= 1) & (path > 0), path, np.inf)


def _to_veto(arcs: Arcs) -> Array:
    """Path to the gamma veto above or below."""
    away = np.where(arcs.slope > 0, VETO_Z_MM, -VETO_Z_MM) - arcs.z
    level = arcs.slope == 0
    return np.where(level, np.inf, away / np.where(level, 1, arcs.slope))


def _blocks(kind: Index, u: Array, y: Array, z: Array) -> tuple[Index, Index, Array]:
    """Columns and rows of blocks, and whether a point lies on one and not in a gap."""
    main = (
        _block(y + MAIN_COLUMNS * MAIN_PITCH_MM / 2, MAIN_PITCH_MM, MAIN_COLUMNS, GAP_MM[0]),
        _block(z + MAIN_ROWS * MAIN_PITCH_MM / 2, MAIN_PITCH_MM, MAIN_ROWS, GAP_MM[0]),
    )
    pitch_x, pitch_z = X_WALL_PITCH_MM
    x_wall = (
        _block(u - X_WALL_START_MM, pitch_x, X_WALL_COLUMNS, GAP_MM[0]),
        _block(z + X_WALL_ROWS * pitch_z / 2, pitch_z, X_WALL_ROWS, GAP_MM[1]),
    )
    half = VETO_COLUMNS // 2
    behind = y > VETO_START_MM + half * VETO_PITCH_MM + VETO_GAP_MM / 2
    veto_y = y - VETO_START_MM - np.where(behind, VETO_GAP_MM, 0)
    column, on_veto = _block(veto_y, VETO_PITCH_MM, VETO_COLUMNS, GAP_MM[1])
    on_veto &= np.where(behind, column >= half, column < half)
    on_veto &= (u > VETO_X_MM[0]) & (u < VETO_X_MM[1])
    is_main, is_x = kind == MAIN_WALL, kind == X_WALL
    return (
        np.select([is_main, is_x], [main[0][0], x_wall[0][0]], column),
        np.select([is_main, is_x], [main[1][0], x_wall[1][0]], VETO_ROW),
        np.select([is_main, is_x], [main[0][1] & main[1][1], x_wall[0][1] & x_wall[1][1]], on_veto),
    )


def _block(place: Array, pitch: float, count: int, gap: float) -> tuple[Index, Array]:
    """Number of the block at ``place`` from the first one's edge, and whether it is on it."""
    number = np.floor(place / pitch).astype(np.int64)
    within = place - number * pitch
    inside = (number >= 0) & (number < count) & (within > gap / 2) & (within < pitch - gap / 2)
    return number, inside
