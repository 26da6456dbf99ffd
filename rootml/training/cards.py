"""The last steps of a training: check and measure the deployed file, draw, write the card."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rootml.card import SUFFIX, Member, Metric, ModelCard, Network, Output, Training
from rootml.runtime.engines import open_engine
from rootml.runtime.model import Model
from rootml.spec import Array
from rootml.training.curves import draw_curves
from rootml.training.data import DataSet, Rows
from rootml.training.domain import common, describe
from rootml.training.figures import Estimates, Measured, classification, regression
from rootml.training.job import Fitted, Parts, Run, Setting
from rootml.training.learner import Torch
from rootml.training.members import trained_on
from rootml.training.parity import check_parity
from rootml.training.points import Judged
from rootml.training.task import Classification, Regression
from rootml.training.weighting import samples

PARITY_ROWS = 256
CHUNK = 8192
"""Rows that the deployed model judges at once."""
PACKAGES = ("rootml", "numpy")
"""Whose versions a card records, besides those of learner and engine."""


def finish(run: Run, data: DataSet, parts: Parts, fitted: Fitted) -> Path:
    """Measure the deployed file on the test events and write its card; returns its path."""
    if fitted.curves:
        draw_curves(
            fitted.curves,
            f"{run.name}, {run.adapter.title}".removesuffix(", "),
            run.folder / f"{run.name}.curves",
            loss=fitted.loss,
            step=fitted.step,
            warmup=fitted.warmup,
        )
    card = _card(run, fitted, _training(run, data, parts, fitted))
    model = Model(card, run.adapter, open_engine(card, fitted.file))
    few = run.draw(parts, "test")[:PARITY_ROWS]
    sample = {name: np.array(tensor[few]) for name, tensor in data.tensors.items()}
    found = model(sample)
    seen = [_seen(run, output, sample) for output in run.outputs]
    check_parity(
        run.outputs,
        [values[there] for values, there in zip(fitted.predict(sample), seen, strict=True)],
        [found[o.name][there] for o, there in zip(run.outputs, seen, strict=True)],
    )
    measured = _measure(run, data, parts, model)
    versions = card.training.versions | {model.engine.name: model.engine.version}
    figures = {
        "training": card.training.model_copy(update={"versions": versions}),
        "metrics": measured.metrics,
        "working_points": measured.points,
        "domain": common(run.view, [member.domain for member in fitted.members])
        if fitted.members
        else describe(run.view, data.tensors, parts["train"]),
    }
    return _write(card.model_copy(update=figures), run.folder / f"{run.name}{SUFFIX}")


def _seen(run: Run, output: Output, tensors: Mapping[str, Array]) -> Array:
    """Which values of an output mean anything: of lists those of the objects that are there."""
    if run.view.lists(output):
        return np.asarray(tensors[run.view.mask])
    return np.ones(len(tensors[run.view.tensors[0].name]), np.bool_)


def _measure(run: Run, data: DataSet, parts: Parts, model: Model) -> Measured:
    if isinstance(run.recipe.task, Classification):
        judged = [_judged(run, data, parts, part, model) for part in ("test", "validation")]
        return classification(
            *judged,
            output=run.outputs[0].name,
            against=run.adapter.energy or "",
            classes=run.adapter.truth.classes,
            how=run.command,
        )
    return _estimates(run, data, run.draw(parts, "test"), model, run.recipe.task)


def _estimates(run: Run, data: DataSet, rows: Rows, model: Model, task: Regression) -> Measured:
    """Figures of a regression, of each sample that has test events."""
    before = {r.column: data.columns[r.column] for r in task.references(run.adapter)}
    if task.reference and not before:
        before = {task.reference: data.tensors[task.reference].reshape(len(data))}
    metrics: list[Metric] = []
    for sample, mask in samples(run, data):
        own = rows[mask[rows]]
        if len(own):
            estimates = Estimates(
                sample,
                data.truth[own],
                _values(model, data, own),
                {name: values[own] for name, values in before.items()},
            )
            metrics += regression(
                estimates, outputs=model.card.outputs, how=run.command, loss=task.loss
            )
    return Measured(tuple(metrics))


def _judged(run: Run, data: DataSet, parts: Parts, part: str, model: Model) -> Judged:
    """What the deployed classifier says of a part, with the energies that the files have."""
    rows = run.draw(parts, part)
    energy = data.columns.get(run.adapter.energy or "")
    return Judged(
        part,
        _values(model, data, rows)[run.outputs[0].name],
        data.truth[rows],
        None if energy is None else energy[rows],
    )


def _values(model: Model, data: DataSet, rows: Rows) -> dict[str, Array]:
    """The outputs of some rows, of which few are in memory at once."""
    chunks = [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
    made = [model({name: t[chunk] for name, t in data.tensors.items()}) for chunk in chunks]
    return {name: np.concatenate([one[name] for one in made]) for name in made[0]}


def _card(run: Run, fitted: Fitted, training: Training) -> ModelCard:
    licenses = {member.license for member in fitted.members} or {"BSD-3-Clause"}
    sha256 = hashlib.sha256(fitted.file.read_bytes()).hexdigest()
    return ModelCard(
        name=run.name,
        version="1.0",
        title=run.recipe.title,
        doc=run.recipe.doc,
        adapter=run.declaration or run.adapter.name,
        view=run.view.name,
        network=Network(
            file=fitted.file.name,
            format=fitted.format,
            sha256=sha256,
            inputs=dict(fitted.inputs),
        ),
        outputs=tuple(_deployed(output, fitted) for output in run.outputs),
        threads=run.recipe.threads,
        batch_size=run.recipe.deploy_batch,
        parameters=fitted.parameters,
        training=training,
        license=licenses.pop() if len(licenses) == 1 else "",
    )


def _deployed(output: Output, fitted: Fitted) -> Output:
    """An output as it is in the file."""
    tensor = fitted.outputs.get(output.name, output.tensor)
    coverage = fitted.coverage.get(output.name, output.coverage)
    return output.model_copy(update={"tensor": tensor, "coverage": coverage})


def _training(run: Run, data: DataSet, parts: Parts, fitted: Fitted) -> Training:
    settings = {**run.settings, **fitted.settings} | {"split": str(run.recipe.split)}
    if run.train_only:
        settings["train_only"] = ", ".join(run.train_only)
    settings |= {f"sample_{name}": ", ".join(files) for name, files in run.samples.items()}
    if isinstance(task := run.recipe.task, Regression):
        settings |= {"target": task.target} | ({"select": task.select} if task.select else {})
    for part, limit in run.recipe.limits.items():
        drawn_anew = part == "train" and isinstance(run.recipe.learner, Torch)
        settings[f"{part}_events{'_per_epoch' if drawn_anew else ''}"] = limit
    left_out = {
        "not_judged": data.skipped,
        "without_truth": data.unknown,
        "not_selected": data.unselected,
    }
    settings |= {reason: count for reason, count in left_out.items() if count}
    settings = {key: v if isinstance(v, Setting) else str(v) for key, v in settings.items()}
    packages = [*PACKAGES, *run.recipe.learner.packages]
    of_members = (file for member in fitted.members for file in trained_on(member))
    files = dict.fromkeys(of_members) if fitted.members else data.files
    return Training(
        data=", ".join(files),
        recipe=run.recipe.name,
        command=run.command,
        seed=run.recipe.seed,
        events={part: len(rows) for part, rows in parts.items()},
        settings=settings,
        versions={name: str(importlib.import_module(name).__version__) for name in packages},
        members=tuple(
            Member(name=member.name, version=member.version, sha256=member.network.sha256)
            for member in fitted.members
        ),
        notes=run.notes,
    )


def _write(card: ModelCard, path: Path) -> Path:
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(card.to_yaml(), encoding="utf-8")
    temporary.replace(path)
    return path
