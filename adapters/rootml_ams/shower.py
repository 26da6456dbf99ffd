"""Events as variables of their shower's shape, for boosted trees and other classifiers."""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_ams.variables import COLUMNS, measure_variables


def build_shower(events: ak.Array) -> Batch:
    """Variables (n, columns) of the shower's shape; events without any deposit are not judged."""
    image = ak.to_numpy(events["image"])
    judged = image.any(axis=(1, 2))
    return Batch({"shower": measure_variables(image if judged.all() else image[judged])}, judged)


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
)
