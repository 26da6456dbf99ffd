"""The folder of a training: what may be in it, and what a resumed training must find again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from rootml.card import SUFFIX
from rootml.errors import OutputError, TrainingError
from rootml.training.data import DataSet
from rootml.training.job import Parts, Run
from rootml.training.learner import Torch
from rootml.training.task import Classification
from rootml.training.truth import require_numbers

LEAST_ROWS = 2
"""Rows of each part, and of each class in it, below which nothing can be learned or measured."""


def card_path(run: Run) -> Path:
    """Where the card of a training is."""
    return run.folder / f"{run.name}{SUFFIX}"


def _split(run: Run) -> Path:
    return run.folder / f"{run.name}.split.json"


def check_folder(run: Run) -> None:
    """Refuse to resume what was not begun, and to begin where there is a training."""
    searched = run.tuning.exists()
    if run.resume and not run.recipe.learner.resumes and not searched:
        raise TrainingError(
            f"recipe {run.recipe.name!r}: only trainings of networks can be resumed"
        )
    if run.resume and not _split(run).exists():
        raise TrainingError(f"{run.folder}: there is no training to resume")
    begun = searched or any(run.checkpoints.glob("*")) or card_path(run).exists()
    if begun and not run.resume:
        raise OutputError(f"{run.folder} holds a training: resume it, or choose another folder")


def check_parts(run: Run, data: DataSet, parts: Parts) -> None:
    """Raise TrainingError where a part, or a class in it, has too few rows.

    Also where the learner, no network, would need truth of one number a row.
    """
    task, learner = run.recipe.task, run.recipe.learner
    if not isinstance(task, Classification) and not isinstance(learner, Torch):
        require_numbers(data.truth, task.target, type(learner).__name__)
    for part in parts:
        truth = data.truth[run.draw(parts, part)]
        if not isinstance(run.recipe.task, Classification):
            counts = {"rows": len(truth)}
        else:
            counted = np.bincount(truth, minlength=2).tolist()
            counts = dict(zip(run.adapter.truth.classes, counted, strict=True))
        if min(counts.values()) < LEAST_ROWS:
            have = " and ".join(f"{count} {name}" for name, count in counts.items())
            raise TrainingError(
                f"{', '.join(data.files)}: {have} are left for the part {part!r}: too few"
            )


def pin(run: Run, data: DataSet, parts: Parts, trials: int | None) -> None:
    """Record what follows which seed; a resumed training must find the same again."""
    path = _split(run)
    options = dict(run.recipe.learner.pinned(adapts=run.target is not None))
    if trials:
        options["trials"] = trials
    split: dict[str, Any] = {
        **options,
        "recipe": run.recipe.name,
        "seed": run.recipe.seed,
        "split": str(run.recipe.split),
        "files": list(data.files),
        "train_only": list(run.train_only),
        **{f"sample {name}": list(files) for name, files in run.samples.items()},
        "events": {part: len(rows) for part, rows in parts.items()},
        "not_judged": data.skipped,
        "without_truth": data.unknown,
        "not_selected": data.unselected,
        **run.settings,
    }
    if trials:
        split["search"] = {name: str(space) for name, space in run.recipe.search.items()}
    if run.resume and path.exists():
        # what a training of an earlier version did not record is taken to be the same
        before = {**options, **json.loads(path.read_text(encoding="utf-8"))}
        changed = [key for key in before | split if before.get(key, 0) != split.get(key, 0)]
        if changed:
            was = "; ".join(f"{key}: {before.get(key)}, now {split.get(key)}" for key in changed)
            raise TrainingError(
                f"{path}: a resumed training needs the same events and options ({was})"
            )
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(split, indent=2) + "\n", encoding="utf-8")
    part.replace(path)
