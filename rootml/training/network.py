"""Torch networks: trained by Lightning, exported to ONNX."""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Mapping

import torch

from rootml.errors import TrainingError
from rootml.spec import Array
from rootml.training.calibrating import calibrate
from rootml.training.curves import read_curves
from rootml.training.data import DataSet
from rootml.training.export import export, round_weights
from rootml.training.job import Fitted, Parts, Run, Setting
from rootml.training.learner import Torch, described
from rootml.training.loop import Outcome
from rootml.training.loop import fit as optimise
from rootml.training.objective import Deployed, Objective, objective
from rootml.training.relative import learned
from rootml.training.task import Regression

RECORDED = (
    "schedule",
    "schedule_warmup",
    "weight_decay",
    "accumulate",
    "clip",
    "average",
    "devices",
    "nodes",
)
"""Options that a card tells of where they are not those of a plain training."""


def fit(run: Run, data: DataSet, parts: Parts) -> Fitted:
    """Train the network of the recipe, and write its best state as ``<name>.onnx``."""
    learner = run.recipe.learner
    assert isinstance(learner, Torch)
    aim, seen = aimed(run, data, parts)
    outcome = optimise(run, learner, seen, parts, aim)
    if not math.isfinite(outcome.loss):
        raise TrainingError(
            "the validation loss was no number in any epoch: is learning_rate too high?"
        )
    path = run.folder / f"{run.name}.onnx"
    parameters = sum(parameter.numel() for parameter in outcome.network.parameters())
    round_weights(outcome.network)
    calibrated = calibrate(run, data, parts, outcome.network, aim)
    deployed = Deployed(outcome.network, calibrated.deploy).eval()
    if run.leads:
        export(deployed, run.view.tensors, [output.source for output in run.outputs], path)

    def predict(tensors: Mapping[str, Array]) -> list[Array]:
        arrays = (torch.from_numpy(tensors[spec.name]) for spec in run.view.tensors)
        with torch.inference_mode():
            return [output.numpy() for output in deployed(*arrays)]

    curves = read_curves(run.checkpoints)
    settings = _settings(learner, outcome) | dict(calibrated.settings)
    if run.target is not None:
        accuracy = curves["validation_domain_accuracy"][outcome.best_epoch]
        settings["domain_accuracy"] = round(accuracy, 4)
    return Fitted(
        file=path,
        format="onnx",
        predict=predict,
        settings=settings,
        parameters=parameters,
        curves=curves,
        loss=aim.title,
        warmup=learner.warmup.epochs if learner.warmup else 0,
        coverage=calibrated.coverage,
    )


def aimed(run: Run, data: DataSet, parts: Parts) -> tuple[Objective, DataSet]:
    """The objective of a training, and the data set with what a network learns as its truth."""
    task = run.recipe.task
    aim = objective(task, run.view, data, parts["train"])
    return aim, learned(task, data) if isinstance(task, Regression) else data


def _settings(learner: Torch, outcome: Outcome) -> dict[str, Setting]:
    settings: dict[str, Setting] = {
        "optimiser": "AdamW" if learner.weight_decay else "Adam",
        "learning_rate": learner.learning_rate,
        "batch_size": learner.batch_size,
        "patience": learner.patience,
        "tolerance": learner.tolerance,
        "precision": outcome.precision,
        "epochs": outcome.epochs,
        "best_epoch": outcome.best_epoch,
        "minutes": round(outcome.minutes, 1),
        "events_per_second": float(f"{outcome.rate:.3g}"),
        "waiting_for_data": round(outcome.waiting, 3),
        "processor": platform.machine(),
    }
    defaults = {item.name: item.default for item in dataclasses.fields(learner)}
    for name in RECORDED:
        if (value := getattr(learner, name)) != defaults[name]:
            settings[name] = value
    if learner.schedule != "constant":
        settings["schedule_epochs"] = learner.epochs
    if learner.augment is not None:
        settings["augment"] = described(learner.augment)
    if learner.warmup is not None:
        settings |= {"warmup_epochs": learner.warmup.epochs, "warmup": learner.warmup.doc}
    return settings | dict(learner.parameters)
