"""Events as variables of their shower's shape, for boosted trees and other classifiers."""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_ams.images import IMAGE
from rootml_ams.variables import COLUMNS, measure_variables
from rootml_ams.variations import VARIATIONS


def build_shower(events: ak.Array) -> Batch:
    """Variables (n, columns) of the shower's shape; events without any deposit are not judged."""
    image = ak.to_numpy(events["image"])
    judged = image.any(axis=(1, 2))
    return Batch({"shower": measure_variables(image if judged.all() else image[judged])}, judged)


def build_image_shower(events: ak.Array) -> Batch:
    """What :data:`IMAGE` and :data:`SHOWER` show, which judge the same events."""
    image, shower = IMAGE.build(events), SHOWER.build(events)
    return Batch({**image.tensors, **shower.tensors}, image.judged)


def _summary(column: str, doc: str, unit: str = "", *, logarithm: bool = False) -> Summary:
    place = COLUMNS.index(column)

    def compute(tensors: Mapping[str, Array]) -> Array:
        values: Array = tensors["shower"][:, place].astype(np.float64)
        return np.exp(values) if logarithm else values

    return Summary(column.removeprefix("log_"), compute, unit, log=logarithm, doc=doc)


SHOWER = View(
    name="shower",
    columns=("image",),
    tensors=(TensorSpec("shower", (len(COLUMNS),), columns=COLUMNS),),
    build=build_shower,
    summaries=(
        _summary("log_energy", "energy corrected for leakage", "GeV", logarithm=True),
        _summary("depth", "centre of gravity in depth", "X0"),
        _summary("core_3", "share of the deposits within 1.35 cm of the axis"),
        _summary("hits", "cells with a deposit"),
    ),
    doc="Variables of the shower's shape.",
    variations=VARIATIONS,
)
IMAGE_SHOWER = View(
    name="image_shower",
    columns=("image",),
    tensors=(*IMAGE.tensors, *SHOWER.tensors),
    build=build_image_shower,
    summaries=IMAGE.summaries,
    doc="All cells as one image, and variables of the shower's shape: for committees.",
    variations=VARIATIONS,
)
