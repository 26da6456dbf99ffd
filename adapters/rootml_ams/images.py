"""Events as images of the whole calorimeter."""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.adapter import View
from rootml.spec import Array, Batch, TensorSpec
from rootml_ams.geometry import CELLS, LAYERS, MEASURES_X
from rootml_ams.summaries import SUMMARIES
from rootml_ams.variations import VARIATIONS

AXES = ("layer", "cell")


def build_image(events: ak.Array) -> Batch:
    """One channel (n, 1, 18, 72) MeV; events without any deposit are not judged."""
    image, judged = _seen(events)
    return Batch({"image": image[:, None]}, judged)


def build_image2(events: ak.Array) -> Batch:
    """Two channels (n, 2, 18, 72) MeV; events without any deposit are not judged."""
    image, judged = _seen(events)
    return Batch({"image": two_channels(image)}, judged)


def two_channels(image: Array) -> Array:
    """Layers that measure Y, and X: (n, 18, cells) -> (n, 2, 18, cells); the others' rows are 0."""
    both = np.zeros((len(image), 2, *image.shape[1:]), image.dtype)
    both[:, 0, ~MEASURES_X] = image[:, ~MEASURES_X]
    both[:, 1, MEASURES_X] = image[:, MEASURES_X]
    return both


def _seen(events: ak.Array) -> tuple[Array, Array]:
    image = ak.to_numpy(events["image"])
    judged = image.any(axis=(1, 2))
    return (image if judged.all() else image[judged]), judged


IMAGE = View(
    name="image",
    columns=("image",),
    tensors=(TensorSpec("image", (1, LAYERS, CELLS), unit="MeV", axes=AXES),),
    build=build_image,
    summaries=SUMMARIES,
    doc="All cells as one image.",
    variations=VARIATIONS,
)
IMAGE2 = View(
    name="image2",
    columns=("image",),
    tensors=(TensorSpec("image", (2, LAYERS, CELLS), unit="MeV", axes=AXES),),
    build=build_image2,
    summaries=SUMMARIES,
    doc="One image each for the layers that measure Y (channel 0) and X (channel 1).",
    variations=VARIATIONS,
)
