"""The last steps of a training: export, check, measure, draw, and write the card."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from rootml.adapter import Adapter, View
from rootml.card import SUFFIX, ModelCard, Network, Output, Training
from rootml.runtime.engines import open_engine
from rootml.runtime.model import Model
from rootml.training.curves import draw_curves, read_curves
from rootml.training.data import DataSet
from rootml.training.domain import describe
from rootml.training.export import check_parity, export, round_weights
from rootml.training.feed import Rows
from rootml.training.figures import measure
from rootml.training.loop import Outcome
from rootml.training.recipe import Recipe

OUTPUT = "score"
PARITY_ROWS = 256
PACKAGES = ("rootml", "torch", "lightning", "onnx", "onnxruntime", "numpy")


@dataclass(frozen=True)
class Run:
    """What is trained, by which command, and where everything goes."""

    name: str
    recipe: Recipe
    adapter: Adapter
    folder: Path
    command: str
    notes: str = ""

    @property
    def view(self) -> View:
        """What the network sees."""
        return self.adapter.views[self.recipe.view]

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints and of the figures by epoch."""
        return self.folder / "checkpoints"


def finish(run: Run, data: DataSet, parts: Mapping[str, Rows], outcome: Outcome) -> Path:
    """Export the network, check and measure it on the test events; return its card's path."""
    network = run.folder / f"{run.name}.onnx"
    round_weights(outcome.network)
    export(outcome.network, run.view.tensors, OUTPUT, network)
    warmup = run.recipe.warmup.epochs if run.recipe.warmup else 0
    title = f"{run.name}, {run.adapter.title}"
    draw_curves(read_curves(run.checkpoints), title, run.folder / f"{run.name}.curves", warmup)
    card = _card(run, network, outcome, _training(run, data, parts, outcome))
    rows = parts["test"][: run.recipe.limits.get("test")]
    model = Model(card, run.adapter, open_engine(card, network))
    scores = model({name: tensor[rows] for name, tensor in data.tensors.items()})[OUTPUT]
    sample = {
        spec.name: np.array(data.tensors[spec.name][rows[:PARITY_ROWS]])
        for spec in run.view.tensors
    }
    check_parity(outcome.network, sample, scores[:PARITY_ROWS])
    metrics, points = measure(
        scores,
        data.labels[rows],
        output=OUTPUT,
        classes=run.adapter.truth.classes,
        how=run.command,
    )
    figures = {
        "metrics": metrics,
        "working_points": points,
        "domain": describe(run.view, data.tensors, parts["train"]),
    }
    return _write(card.model_copy(update=figures), run.folder / f"{run.name}{SUFFIX}")


def _card(run: Run, network: Path, outcome: Outcome, training: Training) -> ModelCard:
    signal = run.adapter.truth.classes[1]
    return ModelCard(
        name=run.name,
        version="1.0",
        title=run.recipe.title,
        doc=run.recipe.doc,
        adapter=run.adapter.name,
        view=run.recipe.view,
        network=Network(file=network.name, sha256=hashlib.sha256(network.read_bytes()).hexdigest()),
        outputs=(Output(name=OUTPUT, role="score", doc=f"probability to be {signal}"),),
        threads=run.recipe.threads,
        batch_size=run.recipe.deploy_batch,
        parameters=sum(parameter.numel() for parameter in outcome.network.parameters()),
        training=training,
        license="BSD-3-Clause",
    )


def _training(run: Run, data: DataSet, parts: Mapping[str, Rows], outcome: Outcome) -> Training:
    recipe = run.recipe
    settings: dict[str, str | int | float | bool] = {
        "optimiser": "Adam",
        "learning_rate": recipe.learning_rate,
        "batch_size": recipe.batch_size,
        "patience": recipe.patience,
        "tolerance": recipe.tolerance,
        "precision": outcome.precision,
        "epochs": outcome.epochs,
        "best_epoch": outcome.best_epoch,
        "minutes": round(outcome.minutes, 1),
        "processor": platform.machine(),
    }
    for part, limit in recipe.limits.items():
        settings[f"{part}_events{'_per_epoch' if part == 'train' else ''}"] = limit
    if recipe.warmup is not None:
        settings |= {"warmup_epochs": recipe.warmup.epochs, "warmup": recipe.warmup.doc}
    return Training(
        data=", ".join(data.files),
        recipe=recipe.name,
        command=run.command,
        seed=recipe.seed,
        events={part: len(rows) for part, rows in parts.items()},
        settings=settings,
        versions={package: version(package) for package in PACKAGES},
        notes=run.notes,
    )


def _write(card: ModelCard, path: Path) -> Path:
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(card.to_yaml(), encoding="utf-8")
    temporary.replace(path)
    return path
