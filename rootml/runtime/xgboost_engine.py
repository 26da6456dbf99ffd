"""XGBoost (https://xgboost.readthedocs.io): boosters saved as JSON or UBJSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
import xgboost as xgb

from rootml.runtime.engine import FileEngine, Port
from rootml.runtime.ubjson import check_whole
from rootml.spec import Array

INPUT = "features"
_TRANSFORMED = {
    "binary:logistic": "score",
    "reg:logistic": "score",
    "multi:softprob": "probabilities",
    "multi:softmax": "probabilities",
}
_TREES = ("gbtree", "dart")


class XGBoostEngine(FileEngine):
    """A tree booster, up to its best iteration where early stopping recorded one.

    Input ``features`` (n, num_feature) float32, in which NaN is missing. Outputs float32:
    ``margin``, the sum of the trees, and what the objective makes of it: ``score`` (logistic),
    ``probabilities`` (n, classes), or ``value`` (all others). Predictions by one booster from
    several threads at once are safe (XGBoost's documentation of ``inplace_predict``).
    """

    name = "xgboost"
    version = xgb.__version__
    format = "xgboost"

    def _open(self, data: bytes) -> None:
        if not re.match(rb'\s*\{\s*"', data):
            check_whole(data)  # XGBoost reads on beyond the end
        with xgb.config_context(verbosity=0):
            self._booster = xgb.Booster({"nthread": self.threads})
            self._booster.load_model(bytearray(data))
        learner = json.loads(self._booster.save_config())["learner"]
        kind = learner["gradient_booster"]["name"]
        if kind not in _TREES:
            raise ValueError(f"a booster of kind {kind!r}; only trees are run")
        objective = learner["objective"]["name"]
        if objective == "multi:softmax":  # the same trees, asked for more than the likeliest class
            self._booster.set_param({"objective": "multi:softprob"})
        self._rounds = _rounds(self._booster)
        parameters = learner["learner_model_param"]
        width = max(int(parameters["num_class"]), int(parameters["num_target"]))
        self._shape = (width,) if width > 1 else ()
        columns = tuple(self._booster.feature_names or ())
        shape = ("n", self._booster.num_features())
        self.inputs = {INPUT: Port(INPUT, "float32", shape, columns)}
        self._kinds = {_TRANSFORMED.get(objective, "value"): "value", "margin": "margin"}
        self.outputs = {name: Port(name, "float32", ("n", *self._shape)) for name in self._kinds}

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        features = tensors[INPUT]
        return [
            np.reshape(
                self._booster.inplace_predict(
                    features,
                    iteration_range=(0, self._rounds),
                    predict_type=self._kinds[output],
                ),
                (len(features), *self._shape),
            )
            for output in outputs
        ]

    @staticmethod
    def _reason(error: Exception) -> str:
        """XGBoost's message without the place in its source and the stack."""
        text = re.sub(r"^\[[\d:]+\] \S+:\d+: ", "", str(error)).partition("Stack trace")[0]
        return " ".join(text.split())


def _rounds(booster: xgb.Booster) -> int:
    """Rounds that predict: up to the best iteration, all where none is recorded."""
    rounds = int(booster.num_boosted_rounds())
    best = booster.attr("best_iteration")
    if best is None:
        return rounds
    if not best.isdecimal() or int(best) >= rounds:
        raise ValueError(f"its best iteration is {best!r}, but it holds {rounds} rounds")
    return int(best) + 1
