"""What the calorimeter saw around the track that the silicon tracker measured."""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np
import numpy.typing as npt

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_ams.geometry import (
    CELLS,
    DEPTH_CM,
    FRONT_Z_CM,
    HALF_WIDTH_CM,
    LAYERS,
    MEASURES_X,
    PITCH_CM,
)
from rootml_ams.images import AXES, two_channels
from rootml_ams.summaries import SUMMARIES, image_of
from rootml_ams.variations import VARIATIONS

WIDTH = 20
"""Cells of the window around the track, 18 cm in all: even, so that it can be mirrored."""
TRACK = ("track_x", "track_y", "track_z", "track_zenith", "track_azimuth")
LAYER_Z_CM = FRONT_Z_CM - (np.arange(LAYERS) + 0.5) * DEPTH_CM / LAYERS
"""Height of the middle of each layer in the AMS frame."""

_BEYOND = CELLS + WIDTH
_OFFSETS = np.abs(np.arange(WIDTH) - (WIDTH - 1) / 2)

Floats = npt.NDArray[np.float64]


def build_trajectory(events: ak.Array) -> Batch:
    """Windows around the track, (n, 2, 18, 20) MeV: layers that measure Y, and X.

    The track is a straight line through (``track_x``, ``track_y``, ``track_z``) cm that descends
    at ``track_zenith`` from the vertical, towards ``track_azimuth`` from the x axis (rad). In each
    layer it lies within half a cell of the window's middle. Cells beyond the calorimeter are 0.

    Not judged are events without a track (NaN or infinite), with one that does not come from above
    (zenith below 0, or 90 degrees and more), that misses the calorimeter in all layers, or
    without any deposit in the windows.
    """
    image = ak.to_numpy(events["image"])
    track = np.stack([ak.to_numpy(events[name]) for name in TRACK], axis=1).astype(np.float64)
    judged = np.isfinite(track).all(axis=1)
    judged &= (track[:, 3] >= 0) & (track[:, 3] < np.pi / 2)
    x, y = project(track[judged])
    hits = ((np.abs(x) < HALF_WIDTH_CM) & (np.abs(y) < HALF_WIDTH_CM)).any(axis=1)
    windows = cut(image[judged][hits], np.where(MEASURES_X, x, y)[hits])
    seen = windows.any(axis=(1, 2))
    judged[judged] = hits
    judged[judged] = seen
    return Batch({"trajectory": two_channels(windows[seen])}, judged)


def project(track: Floats) -> tuple[Floats, Floats]:
    """x and y (cm) in the middle of each layer, (n, 18) each; ``track``: (n, 5) as ``TRACK``."""
    x, y, z, zenith, azimuth = track.T[..., None]  # (n, 1) each
    across = (z - LAYER_Z_CM) * np.tan(zenith)
    return x + across * np.cos(azimuth), y + across * np.sin(azimuth)


def cut(image: Array, position: Floats) -> Array:
    """The 20 cells around ``position`` (n, 18), cm from the middle: (n, 18, 72) -> (n, 18, 20)."""
    edge = np.clip(position / PITCH_CM + CELLS / 2, -_BEYOND, 2 * _BEYOND)
    first = np.floor(edge + 0.5).astype(np.int64) - WIDTH // 2
    cells = first[..., None] + np.arange(WIDTH)
    windows = np.take_along_axis(image, cells.clip(0, CELLS - 1), axis=2)
    inside: Array = np.where((cells >= 0) & (cells < CELLS), windows, 0)
    return inside


def distance(tensors: Mapping[str, Array]) -> Array:
    """Mean distance of the deposits from the track, in cells."""
    across = image_of(tensors).sum(axis=(1, 2), dtype=np.float64)  # (n, 20)
    mean: Array = across @ _OFFSETS / across.sum(axis=1)
    return mean


TRAJECTORY = View(
    name="trajectory",
    columns=("image", *TRACK),
    tensors=(TensorSpec("trajectory", (2, LAYERS, WIDTH), unit="MeV", axes=AXES),),
    build=build_trajectory,
    summaries=(
        *SUMMARIES,
        Summary("distance", distance, "cells", doc="mean distance of deposits from the track"),
    ),
    doc="20 cells around the track in the layers that measure Y (channel 0) and X (channel 1).",
    variations=VARIATIONS,
)
