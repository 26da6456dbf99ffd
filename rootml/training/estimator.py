"""Estimators of scikit-learn: trained on flattened tensors, exported to ONNX."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from rootml.errors import TrainingError, nearest
from rootml.spec import Array, TensorSpec
from rootml.training.data import DataSet, Rows
from rootml.training.job import Curve, Fitted, Parts, Run, Setting
from rootml.training.learner import ScikitLearn
from rootml.training.sklearn_export import export_estimator
from rootml.training.task import Classification, only_value
from rootml.training.weighting import weights_of

BLOCK_ROWS = 20_000


def fit(run: Run, data: DataSet, parts: Parts) -> Fitted:
    """Fit the estimator of the recipe, classes weighted alike; writes ``<name>.onnx``."""
    learner, task = run.recipe.learner, run.recipe.task
    assert isinstance(learner, ScikitLearn)
    estimator = learner.estimator(run.recipe.seed)
    if not isinstance(task, Classification):
        only_value(task, type(estimator).__name__)
    begin = time.monotonic()
    arguments = _train(run, data, run.draw(parts, "train"), estimator)
    if has_fit_parameter(estimator, "X_val"):  # scikit-learn 1.7 or later
        arguments |= _validation(run, data, run.draw(parts, "validation"))
    try:
        estimator.fit(**arguments)
    except ValueError as error:
        raise TrainingError(f"{type(estimator).__name__}: {error}") from error
    minutes = (time.monotonic() - begin) / 60
    path = run.folder / f"{run.name}.onnx"
    export_estimator(estimator, run.view.tensors, path, run.outputs[0].source, places(run))

    def predict(tensors: Mapping[str, Array]) -> list[Array]:
        matrix = flatten(run, tensors)
        if isinstance(task, Classification):
            return [estimator.predict_proba(matrix)[:, 1]]
        return [estimator.predict(matrix)]

    settings: dict[str, Setting] = {
        "estimator": " ".join(repr(estimator).split()),
        "minutes": round(minutes, 2),
    }
    loss = "Weighted cross entropy" if isinstance(task, Classification) else "Loss"
    curves = _curves(estimator)
    return Fitted(path, "onnx", predict, settings, curves=curves, loss=loss, step="Iteration")


def flatten(run: Run, tensors: Mapping[str, Array]) -> Array:
    """Tensors (n, *shape) of the run's view as one matrix (n, columns) in float32."""
    first = tensors[run.view.tensors[0].name]
    columns = [tensors[spec.name].reshape(len(first), -1) for spec in run.view.tensors]
    matrix = np.concatenate(columns, axis=1, dtype=np.float32)
    chosen = places(run)
    return matrix[:, chosen] if chosen else matrix


def places(run: Run) -> list[int]:
    """Where the columns that the learner names are in the view's matrix; none: it sees all."""
    learner = run.recipe.learner
    assert isinstance(learner, ScikitLearn)
    if not learner.columns:
        return []
    known = [name for spec in run.view.tensors for name in _names(spec)]
    for column in learner.columns:
        if column not in known:
            raise TrainingError(
                f"view {run.view.name!r} has no column {column!r}{nearest(column, known)}"
            )
    return [known.index(column) for column in learner.columns]


def _names(spec: TensorSpec) -> Sequence[str]:
    """Name of each column of a flattened tensor; empty where it has none."""
    return spec.columns if len(spec.shape) == 1 else [""] * math.prod(map(int, spec.shape))


def _matrix(run: Run, data: DataSet, rows: Rows) -> Array:
    """The matrix of ``rows``, in blocks: memory holds it once and little more."""

    def take(block: Rows) -> Array:
        return flatten(run, {name: tensor[block] for name, tensor in data.tensors.items()})

    matrix = np.empty((len(rows), take(rows[:1]).shape[1]), np.float32)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = rows[start : start + BLOCK_ROWS]
        matrix[start : start + len(block)] = take(block)
    return matrix


def _train(run: Run, data: DataSet, rows: Rows, estimator: Any) -> dict[str, Array]:
    """Arguments of ``estimator.fit``; in a pipeline the weights are those of its last step."""
    arguments = {"X": _matrix(run, data, rows), "y": data.truth[rows]}
    weights = weights_of(run, data, rows)
    if weights is None:
        return arguments
    prefix, last = "", estimator
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        prefix = f"{name}__"
    if not has_fit_parameter(last, "sample_weight"):
        raise TrainingError(
            f"{type(last).__name__} takes no weights: all rows, and classes by their numbers, "
            "would count the same"
        )
    return arguments | {f"{prefix}sample_weight": weights}


def _validation(run: Run, data: DataSet, rows: Rows) -> dict[str, Array]:
    """Further arguments for an estimator that can stop early on given events."""
    arguments = {"X_val": _matrix(run, data, rows), "y_val": data.truth[rows]}
    weights = weights_of(run, data, rows)
    return arguments if weights is None else arguments | {"sample_weight_val": weights}


def _curves(estimator: Any) -> dict[str, Curve]:
    """Loss by iteration, where the estimator kept it: scikit-learn keeps the negative loss."""
    scores = {"train": "train_score_", "validation": "validation_score_"}
    kept = {part: getattr(estimator, name, ()) for part, name in scores.items()}
    if not all(map(len, kept.values())):
        return {}
    return {
        f"{part}_loss": {step: -float(score) for step, score in enumerate(values) if step}
        for part, values in kept.items()
    }
