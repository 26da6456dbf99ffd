"""LightGBM (https://lightgbm.readthedocs.io): boosters saved as text by ``save_model``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import lightgbm as lgb
import numpy as np

from rootml.runtime.engine import FileEngine, Port
from rootml.spec import Array

INPUT = "features"
_TRANSFORMED = {
    "binary": "score",
    "cross_entropy": "score",
    "multiclass": "probabilities",
    "multiclassova": "probabilities",
}


class LightGbmEngine(FileEngine):
    """A tree booster with all the iterations in its file.

    ``Booster.save_model`` of LightGBM leaves out those after the best iteration of an early
    stopping, so that all that are there count. Input ``features`` (n, num_feature) float64.
    Outputs float64: ``margin``, the sum of the trees, and what the objective makes of it:
    ``score`` (binary), ``probabilities`` (n, classes), or ``value`` (all others). NaN is
    missing; to a feature that was never missing in the training it is the same as 0.
    """

    name = "lightgbm"
    version = lgb.__version__
    format = "lightgbm"

    def _open(self, data: bytes) -> None:
        text = _trees(data).decode("utf-8")
        self._booster = lgb.Booster(model_str=text)
        objective = re.search(r"^objective=(\w+)", text, re.MULTILINE)
        transformed = _TRANSFORMED.get(objective[1] if objective else "", "value")
        width = self._booster.num_model_per_iteration()
        self._shape = (width,) if width > 1 else ()
        names = tuple(self._booster.feature_name())
        named = names != tuple(f"Column_{place}" for place in range(len(names)))
        shape = ("n", self._booster.num_feature())
        self.inputs = {INPUT: Port(INPUT, "float64", shape, names if named else ())}
        self._raw = {transformed: False, "margin": True}
        self.outputs = {name: Port(name, "float64", ("n", *self._shape)) for name in self._raw}

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        features = tensors[INPUT]
        return [
            np.asarray(
                self._booster.predict(
                    features, raw_score=self._raw[output], num_threads=self.threads
                )
            ).reshape(len(features), *self._shape)
            for output in outputs
        ]


def _trees(data: bytes) -> bytes:
    """The header and the trees, without the parameters of the training that follow them.

    LightGBM reads each tree at the place that the header gives, in threads, and an error there
    ends the process, as do parameters that are cut off. So ValueError unless the trees are
    where they should be.
    """
    data = data.replace(b"\r\n", b"\n")
    header, _, trees = data.partition(b"\n\n")
    sizes = re.search(rb"^tree_sizes=([\d ]+)$", header, re.MULTILINE)
    if sizes is None:
        raise ValueError("its header names no trees")
    start = 0
    for number, size in enumerate(map(int, sizes[1].split())):
        if not trees[start:].startswith(b"Tree=%d\n" % number):
            raise ValueError(f"tree {number} is not where its header says (truncated?)")
        start += size
    end = b"end of trees\n"
    if not trees[start:].startswith(end):
        raise ValueError("the end of its trees is missing (truncated?)")
    return header + b"\n\n" + trees[:start] + end
