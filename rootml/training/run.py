"""One training from files to card: read, split, fit, export, measure, write."""

from __future__ import annotations

import dataclasses
import json
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rootml.errors import OutputError, RegistryError, TrainingError, nearest
from rootml.plugins import get_adapter, get_recipe
from rootml.rootio.container.transaction import made_folder
from rootml.training.cards import Run, finish
from rootml.training.data import DataSet, load_dataset
from rootml.training.feed import Rows
from rootml.training.loop import Limits, fit
from rootml.training.recipe import Precision, Recipe


def train(
    recipe: str | Recipe,
    files: Sequence[str | Path],
    output: str | Path,
    *,
    name: str | None = None,
    resume: bool = False,
    epochs: int | None = None,
    max_time: float | None = None,
    max_events: int | None = None,
    seed: int | None = None,
    batch_size: int | None = None,
    precision: Precision | None = None,
    device: str = "auto",
    tree: str | None = None,
    notes: str = "",
    progress: bool = False,
) -> Path:
    """Train a network on ROOT files and return the path of its card.

    ``output`` is a folder; it receives ``<name>.card.yaml``, ``<name>.onnx``,
    ``<name>.split.json``, ``<name>.curves.png`` and ``.pdf``, and ``checkpoints/``. What is
    None is taken from the recipe; ``name`` is that of the recipe unless given. ``max_time``:
    minutes after which no epoch begins. ``max_events``: read no more. ``device``: "auto",
    "cpu" or "cuda". ``notes``: what the card shall say of the training data.

    Raises InputError where a file cannot be trained on, TrainingError where a training cannot
    start or go on, OutputError where the folder holds a training and ``resume`` is False.
    """
    changes: dict[str, Any] = {
        "seed": seed,
        "max_epochs": epochs,
        "batch_size": batch_size,
        "precision": precision,
    }
    chosen = _chosen(recipe, changes)
    if not files:
        raise TrainingError("a training needs at least one file")
    asked = changes | {"max_time": max_time, "max_events": max_events, "tree": tree}
    run = Run(
        name=name or chosen.name,
        recipe=chosen,
        adapter=get_adapter(chosen.adapter),
        folder=Path(output),
        command=_command(chosen.name, files, asked),
        notes=notes,
    )
    limits = Limits(chosen.max_epochs, max_time, device, chosen.precision, progress)
    _check(run, resume)
    with (
        made_folder(run.folder),
        made_folder(run.checkpoints),
        tempfile.TemporaryDirectory(dir=run.folder, prefix="cache-") as cache,
    ):
        data = load_dataset(
            files, run.adapter, run.view, Path(cache), tree=tree, max_events=max_events
        )
        parts = data.parts(chosen.seed, chosen.split)
        _pin(run, data, parts, resume)
        outcome = fit(chosen, data, parts, run.checkpoints, limits, seed=chosen.seed, resume=resume)
        return finish(run, data, parts, outcome)


def _chosen(recipe: str | Recipe, changes: Mapping[str, Any]) -> Recipe:
    found = get_recipe(recipe) if isinstance(recipe, str) else recipe
    return dataclasses.replace(found, **{k: v for k, v in changes.items() if v is not None})


def _check(run: Run, resume: bool) -> None:
    views = run.adapter.views
    if run.recipe.view not in views:
        raise RegistryError(
            f"recipe {run.recipe.name!r}: adapter {run.adapter.name!r} has no view "
            f"{run.recipe.view!r}{nearest(run.recipe.view, views)}"
        )
    if not resume and any(run.checkpoints.glob("*")):
        raise OutputError(f"{run.folder} holds a training: resume it, or choose another folder")


def _pin(run: Run, data: DataSet, parts: Mapping[str, Rows], resume: bool) -> None:
    """Record what follows which seed; a resumed training must find the same again."""
    path = run.folder / f"{run.name}.split.json"
    split = {
        "recipe": run.recipe.name,
        "seed": run.recipe.seed,
        "fractions": list(run.recipe.split),
        "files": list(data.files),
        "events": {part: len(rows) for part, rows in parts.items()},
        "not_judged": data.skipped,
    }
    if resume and path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = [key for key, value in split.items() if before.get(key) != value]
        if changed:
            was = "; ".join(f"{key}: {before.get(key)}, now {split[key]}" for key in changed)
            raise TrainingError(f"{path}: a resumed training needs the same events ({was})")
    path.write_text(json.dumps(split, indent=2) + "\n", encoding="utf-8")


def _command(recipe: str, files: Sequence[str | Path], asked: Mapping[str, object]) -> str:
    """The command line that repeats the training, with paths reduced to names."""
    words = ["rootml", "train", recipe, *(Path(path).name for path in files)]
    flags = {"max_epochs": "epochs"}
    for key, value in asked.items():
        if value is not None:
            words += [f"--{flags.get(key, key).replace('_', '-')}", str(value)]
    return shlex.join(words)
