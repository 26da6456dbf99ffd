"""Which tensors are images, and sums of them by class, as they are and centred row by row."""

from __future__ import annotations

import math

import numpy as np

from rootml.spec import Array, TensorSpec
from rootml.validation.counting.units import Labels

MAX_SIZE = 1 << 18
"""Tensors with more elements than this per row are not averaged."""

MOST_CHANNELS = 8
"""Of more channels the sum is shown: they are places along a third axis (chosen)."""

HALF_WINDOW = 10
"""Elements on either side of the largest one in a centred image."""


def is_image(spec: TensorSpec) -> bool:
    """Whether a tensor has an average that can be drawn: (H, W) or (channels, H, W).

    A table of variables, or a mask, is no picture.
    """
    if spec.columns or spec.dtype == "bool":
        return False
    fixed = [size for size in spec.shape if isinstance(size, int)]
    whole = len(fixed) == len(spec.shape)
    return whole and len(fixed) in (2, 3) and math.prod(fixed) <= MAX_SIZE


def pictures(rows: Array) -> Array:
    """Images (n, H, W), or (n, channels, H, W) of few channels, of the rows of a tensor."""
    summed = rows.ndim == 4 and rows.shape[1] > MOST_CHANNELS
    return np.asarray(rows.sum(axis=1)) if summed else rows


def is_wide(spec: TensorSpec) -> bool:
    """Whether centring shows more: objects are then anywhere, and plain averages wash out."""
    width = spec.shape[-1]
    return is_image(spec) and isinstance(width, int) and width > 3 * HALF_WINDOW


def centred(rows: Array) -> Array:
    """Each line of each image around its own largest element, zeros beyond the image.

    (..., W) to (..., 2 HALF_WINDOW + 1). Lines are moved one by one, as the layers of a
    calorimeter may measure different coordinates.
    """
    width, size = rows.shape[-1], 2 * HALF_WINDOW + 1
    lines = rows.reshape(math.prod(rows.shape[:-1]), width)
    padded = np.zeros((len(lines), width + size - 1), rows.dtype)
    padded[:, HALF_WINDOW : HALF_WINDOW + width] = lines
    windows = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)
    around = windows[np.arange(len(lines)), lines.argmax(axis=1)]
    return np.asarray(around.reshape(*rows.shape[:-1], size))


def class_sums(rows: Array, *, label: Labels, weight: Array | None, classes: int) -> Array:
    """Sum of the rows of each class, and of those without one: (classes + 1, ...)."""
    # Not a matrix product: BLAS threads that share cores with others make it 20 times slower.
    if weight is not None:
        rows = rows * weight.reshape(-1, *(1 for _ in rows.shape[1:]))
    return np.stack([rows[label == i].sum(axis=0, dtype=np.float64) for i in range(classes + 1)])
