"""Numbers that tell whether an image of the calorimeter looks like those of a training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rootml.adapter import Summary
from rootml.spec import Array
from rootml_ams.geometry import LAYERS


def image_of(tensors: Mapping[str, Array]) -> Array:
    """The image among the tensors of a view, (n, channels, 18, cells) MeV: the one of 4 axes."""
    (image,) = (tensor for tensor in tensors.values() if tensor.ndim == 4)
    return image


def _layers(tensors: Mapping[str, Array]) -> Array:
    """Deposits of the layers, (n, 18) MeV."""
    layers: Array = image_of(tensors).sum(axis=(1, 3), dtype=np.float64)
    return layers


def total_energy(tensors: Mapping[str, Array]) -> Array:
    """Sum of the deposits in GeV."""
    total: Array = _layers(tensors).sum(axis=1) / 1000
    return total


def hit_cells(tensors: Mapping[str, Array]) -> Array:
    """Number of cells with a deposit."""
    hits: Array = np.count_nonzero(image_of(tensors), axis=(1, 2, 3)).astype(np.float64)
    return hits


def largest_share(tensors: Mapping[str, Array]) -> Array:
    """Share of the deposits in the cell with the largest one."""
    share: Array = image_of(tensors).max(axis=(1, 2, 3)) / _layers(tensors).sum(axis=1)
    return share


def mean_depth(tensors: Mapping[str, Array]) -> Array:
    """Centre of gravity in depth, in layers (0 to 17)."""
    layers = _layers(tensors)
    depth: Array = layers @ np.arange(LAYERS) / layers.sum(axis=1)
    return depth


SUMMARIES = (
    Summary("total_energy", total_energy, "GeV", log=True, doc="sum of the deposits"),
    Summary("hit_cells", hit_cells, doc="cells with a deposit"),
    Summary("largest_share", largest_share, doc="share of the cell with the largest deposit"),
    Summary("mean_depth", mean_depth, "layers", doc="centre of gravity in depth"),
)
