"""Trees boosted by XGBoost, stored in its own format."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xgboost as xgb

from rootml.adapter import View
from rootml.errors import TrainingError, nearest
from rootml.runtime.cores import available_cores
from rootml.spec import Array, TensorSpec
from rootml.training.data import DataSet, Rows
from rootml.training.job import Curve, Fitted, Parts, Run, Setting
from rootml.training.learner import XGBoost
from rootml.training.task import Classification, only_value
from rootml.training.weighting import weights_of

INPUT, SCORE, VALUE = "features", "score", "value"
"""What the engine calls the one input of a booster, its probability, its estimate."""


def fit(run: Run, data: DataSet, parts: Parts) -> Fitted:
    """Grow trees until the validation loss stops falling; writes ``<name>.ubj``."""
    learner = run.recipe.learner
    assert isinstance(learner, XGBoost)
    parameters = _objective(run) | {"seed": run.recipe.seed, "nthread": available_cores()}
    spec = _columns(run.view)
    history: dict[str, dict[str, list[float]]] = {}
    matrices = {p: _matrix(run, data, spec, run.draw(parts, p)) for p in ("train", "validation")}
    begin = time.monotonic()
    try:
        _check_names(parameters | dict(learner.parameters))
        booster = xgb.train(
            parameters | dict(learner.parameters),
            matrices["train"],
            num_boost_round=learner.epochs,
            evals=[(matrix, part) for part, matrix in matrices.items()],
            early_stopping_rounds=learner.patience,
            evals_result=history,
            verbose_eval=False,
        )
    except (ValueError, xgb.core.XGBoostError) as error:
        reason = re.sub(r"^\[.*?\] \S+: ", "", str(error).splitlines()[0])
        raise TrainingError(f"XGBoost: {reason}") from error
    minutes = (time.monotonic() - begin) / 60
    path = run.folder / f"{run.name}.ubj"
    booster.save_model(path)

    def predict(tensors: Mapping[str, Array]) -> list[Array]:
        best = (0, booster.best_iteration + 1)
        return [booster.inplace_predict(tensors[spec.name], iteration_range=best)]

    made = SCORE if _classifies(run) else VALUE
    settings: dict[str, Setting] = {
        "trees": booster.num_boosted_rounds(),
        "best_iteration": booster.best_iteration,
        "patience": learner.patience,
        "minutes": round(minutes, 2),
        **learner.parameters,
    }
    return Fitted(
        path,
        "xgboost",
        predict,
        settings,
        inputs={} if spec.name == INPUT else {spec.name: INPUT},
        outputs={output.name: made for output in run.outputs if output.name != made},
        curves=_curves(history),
        loss="Weighted cross entropy" if _classifies(run) else "Root mean square error",
        step="Tree",
    )


def _check_names(parameters: Mapping[str, Any]) -> None:
    """Raise TrainingError where XGBoost, which only warns of it, has no such parameter."""
    matrix = xgb.DMatrix(np.zeros((2, 1)), [0, 1], nthread=1)
    booster = xgb.Booster({**parameters, "verbosity": 1}, [matrix])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = json.loads(booster.save_config())
    for message in (str(warning.message) for warning in caught):
        listed = re.search(r"Parameters: \{(.*)\} are not used", message)
        for name in re.findall(r'"(.*?)"', listed[1]) if listed else ():
            raise TrainingError(
                f"XGBoost has no parameter {name!r} here{nearest(name, _keys(config))}"
            )


def _keys(config: Mapping[str, Any]) -> Iterator[str]:
    """Names of all values in nested mappings."""
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _keys(value)
        else:
            yield name


def _classifies(run: Run) -> bool:
    return isinstance(run.recipe.task, Classification)


def _objective(run: Run) -> dict[str, Any]:
    """Objective, and figures by tree; the last one stops the growth."""
    task = run.recipe.task
    if isinstance(task, Classification):
        return {"objective": "binary:logistic", "eval_metric": ["error", "logloss"]}
    only_value(task, "XGBoost")
    return {"objective": "reg:squarederror", "eval_metric": ["rmse"]}


def _columns(view: View) -> TensorSpec:
    spec, *others = view.tensors
    if others or len(spec.shape) != 1:
        shapes = ", ".join(f"{spec.name} {spec.shape}" for spec in view.tensors)
        raise TrainingError(
            f"view {view.name!r}: XGBoost takes one tensor of columns, not {shapes}"
        )
    return spec


def _matrix(run: Run, data: DataSet, spec: TensorSpec, rows: Rows) -> xgb.DMatrix:
    return xgb.DMatrix(
        data.tensors[spec.name][rows],
        data.truth[rows],
        weight=weights_of(run, data, rows),
        feature_names=_names(spec),
    )


def _names(spec: TensorSpec) -> list[str] | None:
    """The columns' names, for the engine to check; None where XGBoost would refuse one."""
    legal = not any(set("[]<") & set(name) for name in spec.columns)
    return list(spec.columns) if spec.columns and legal else None


def _curves(history: Mapping[str, Mapping[str, list[float]]]) -> dict[str, Curve]:
    curves: dict[str, Curve] = {}
    for part, metrics in history.items():
        for metric, values in metrics.items():
            name, sign = ("accuracy", -1) if metric == "error" else ("loss", 1)
            offset = 1 if metric == "error" else 0
            curves[f"{part}_{name}"] = {
                step: offset + sign * value for step, value in enumerate(values, start=1)
            }
    return curves
