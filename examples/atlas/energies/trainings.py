"""Trainings of the studies: each done once, gone on with where it was interrupted."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import rootml
from energies.samples import ATLAS, TEST, VALIDATION, Sample
from rootml.card import SUFFIX, ModelCard
from rootml.errors import TrainingError
from rootml.spec import Array
from rootml.tagger import Tagger
from rootml.training import Recipe, train

if TYPE_CHECKING:
    from energies.options import Options

TOLD = ("epochs", "best_epoch", "minutes", "precision")
"""Settings of a training that records tell."""


@dataclass(frozen=True)
class Trained:
    """A network: a card's path or an installed name, and where its energies are kept."""

    name: str
    title: str
    kept: Path

    @property
    def card(self) -> ModelCard:
        """Its card."""
        return rootml.load(self.name).card

    def energies(self, sample: Sample) -> Array:
        """Energy (n,) in GeV of each electron of a sample, NaN where it is not judged."""
        model = rootml.load(self.name)
        network = model.card.network.sha256[:10]
        kept = self.kept / f"{model.card.name}_{network}_{sample.name}_{sample.identity}.npy"
        if not kept.exists():
            judge = Tagger(model, outputs=["energy"])
            parts = [judge(events).outputs["energy"] for events in sample.chunks(judge.reads)]
            kept.parent.mkdir(parents=True, exist_ok=True)
            temporary = kept.with_suffix(".part")
            with temporary.open("wb") as file:
                np.save(file, np.concatenate(parts))
            temporary.replace(kept)
        return np.asarray(np.load(kept), np.float64)

    def facts(self) -> dict[str, Any]:
        """What is told of it beside its figures."""
        card = self.card
        settings = card.training.settings
        return {
            "name": card.name,
            "title": self.title,
            "recipe": card.training.recipe,
            "parameters": card.parameters,
            "events": card.training.events,
            "settings": {key: settings[key] for key in TOLD if key in settings},
            "command": card.training.command,
        }


def existing(options: Options, model: str) -> Trained:
    """A network that is there already, by its name or its card."""
    return Trained(model, rootml.load(model).card.name, options.output / "energies")


def trained(
    options: Options,
    recipe: Recipe,
    sample: Sample,
    title: str,
    extra: Mapping[str, Sample] | None = None,
) -> Trained:
    """Train by a recipe; what is finished is not repeated, what was interrupted goes on.

    ``extra``: further samples, by the names that the recipe's task has for them.
    """
    name = "_".join([recipe.name, sample.name.partition("_")[0], *(extra or {})])
    folder = options.output / "models" / name
    samples = {key: one.identity for key, one in (extra or {}).items()}
    asked = {"sample": sample.identity, "samples": samples, **_options(options)}
    _remember(folder, asked)
    path = folder / f"{name}{SUFFIX}"
    if not path.exists():
        _train(options, recipe, sample, extra or {}, folder)
    return Trained(str(path), title, options.output / "energies")


def _options(options: Options) -> dict[str, Any]:
    """What a training follows from."""
    names = ("settings", "epochs", "batch_size", "precision")
    return {name: getattr(options, name) for name in names}


def _train(
    options: Options,
    recipe: Recipe,
    sample: Sample,
    extra: Mapping[str, Sample],
    folder: Path,
) -> None:
    """Train, going on from the last checkpoint where there is one."""
    checkpoints = folder / "checkpoints"
    interrupted = (checkpoints / "last.ckpt").exists()
    if not interrupted:
        shutil.rmtree(checkpoints, ignore_errors=True)
    train(
        recipe,
        sample.files,
        folder,
        name=folder.name,
        adapter=ATLAS.name,
        split=_split(),
        max_events=sample.entries,
        samples={key: one.files for key, one in extra.items()},
        cache=options.output / "cache",
        resume=interrupted,
        progress=sys.stderr.isatty(),
        values=options.settings,
        epochs=options.epochs,
        batch_size=options.batch_size,
        precision=options.precision,
        max_time=options.max_time,
    )


def _split() -> str:
    total = 1 + VALIDATION + TEST
    validation, test = (100 * share / total for share in (VALIDATION, TEST))
    return f"{100 - validation - test:.3f}/{validation:.3f}/{test:.3f}"


def _remember(folder: Path, asked: Mapping[str, Any]) -> None:
    """Raise TrainingError where the folder holds a training of which something else was asked."""
    path = folder / "asked.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else dict(asked)
    if changed := [key for key in asked if before.get(key) != asked[key]]:
        was = "; ".join(f"{key}: {before.get(key)}, now {asked[key]}" for key in changed)
        raise TrainingError(
            f"{folder} holds another training ({was}): remove it, or choose another --output"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(before, indent=2) + "\n", encoding="utf-8")
