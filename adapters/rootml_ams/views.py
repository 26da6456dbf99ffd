"""Events as images for networks."""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_ams.geometry import CELLS, LAYERS, MEASURES_X


def build_image(events: ak.Array) -> Batch:
    """One channel (n, 1, 18, 72) MeV; events without any deposit are not judged."""
    image, judged = _seen(events)
    return Batch({"image": image[:, None]}, judged)


def build_image2(events: ak.Array) -> Batch:
    """Two channels (n, 2, 18, 72) MeV: layers that measure Y, and X; the others' rows are 0."""
    image, judged = _seen(events)
    both = np.zeros((len(image), 2, LAYERS, CELLS), np.float32)
    both[:, 0, ~MEASURES_X] = image[:, ~MEASURES_X]
    both[:, 1, MEASURES_X] = image[:, MEASURES_X]
    return Batch({"image": both}, judged)


def _seen(events: ak.Array) -> tuple[Array, Array]:
    image = ak.to_numpy(events["image"])
    judged = image.any(axis=(1, 2))
    return (image if judged.all() else image[judged]), judged


def _layers(tensors: Mapping[str, Array]) -> Array:
    """Deposits of the layers, (n, 18) MeV."""
    layers: Array = tensors["image"].sum(axis=(1, 3), dtype=np.float64)
    return layers


def total_energy(tensors: Mapping[str, Array]) -> Array:
    """Sum of the deposits in GeV."""
    total: Array = _layers(tensors).sum(axis=1) / 1000
    return total


def hit_cells(tensors: Mapping[str, Array]) -> Array:
    """Number of cells with a deposit."""
    hits: Array = np.count_nonzero(tensors["image"], axis=(1, 2, 3)).astype(np.float64)
    return hits


def largest_share(tensors: Mapping[str, Array]) -> Array:
    """Share of the deposits in the cell with the largest one."""
    share: Array = tensors["image"].max(axis=(1, 2, 3)) / _layers(tensors).sum(axis=1)
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
_AXES = ("layer", "cell")

IMAGE = View(
    name="image",
    columns=("image",),
    tensors=(TensorSpec("image", (1, LAYERS, CELLS), unit="MeV", axes=_AXES),),
    build=build_image,
    summaries=SUMMARIES,
    doc="All cells as one image.",
)
IMAGE2 = View(
    name="image2",
    columns=("image",),
    tensors=(TensorSpec("image", (2, LAYERS, CELLS), unit="MeV", axes=_AXES),),
    build=build_image2,
    summaries=SUMMARIES,
    doc="One image each for the layers that measure Y (channel 0) and X (channel 1).",
)
VIEWS = {view.name: view for view in (IMAGE, IMAGE2)}
