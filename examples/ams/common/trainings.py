"""Trainings of the studies: each done once, gone on with where it was interrupted."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import rootml
from common.options import Options
from common.samples import AMS, REFERENCES, Sample
from common.talk import TITLES
from rootml.card import SUFFIX, ModelCard
from rootml.errors import TrainingError
from rootml.registry import get_recipe
from rootml.spec import Array
from rootml.tagger import Tagger
from rootml.training import Recipe, Torch, train
from rootml.training.chosen import choose_adapter
from rootml.training.recipe_file import is_recipe_file, read_recipe

ON_IMAGES = {"logistic": 20_000, "svm": 4_000, "histgb": 20_000}
"""The talk's simple learners, on the 1296 deposits of the image, and from how many events they
learn: they hold all in memory, and the time of an SVM grows with their square."""
OWN_TEST = {"test": 2_000}
"""Of the training's own test part, which the studies leave alone: they have other files."""
OPTIONS = ("epochs", "max_time", "precision", "device")
"""Of the studies that are handed on to the training."""
TRAINED_BELOW = ("reconstructed", "tracker")
"""Data sets of which the talk trains on events below 1 TeV and validates on those above."""


@dataclass(frozen=True)
class Trained:
    """A finished training."""

    name: str
    title: str
    path: Path

    @property
    def network(self) -> Path:
        """The file of the network."""
        return self.path.parent / self.card.network.file

    @property
    def card(self) -> ModelCard:
        """The card that it wrote."""
        return ModelCard.read(self.path)

    def scores(self, sample: Sample) -> Array:
        """Scores (events,) of a sample, NaN where there is none; kept beside the model."""
        kept = self.path.parent / f"scores_{sample.part}_{sample.identity}.npy"
        if not kept.exists():
            judge = Tagger(rootml.load(self.path))
            output = next(iter(judge.branches))
            parts = [judge(events).outputs[output] for events in sample.chunks(judge.view.columns)]
            temporary = kept.with_suffix(".part")
            with temporary.open("wb") as file:
                np.save(file, np.concatenate(parts))
            temporary.replace(kept)
        scores: Array = np.load(kept)
        return scores

    def facts(self) -> dict[str, Any]:
        """What is told of it beside its figures."""
        card = self.card
        chosen = ("epochs", "best_epoch", "minutes", "precision", "train_events_per_epoch")
        settings = {
            key: card.training.settings[key] for key in chosen if key in card.training.settings
        }
        return {
            "name": self.name,
            "title": self.title,
            "recipe": card.training.recipe,
            "parameters": card.parameters,
            "events": card.training.events,
            "settings": settings,
            "command": card.training.command,
        }


def split(dataset: str, share: float) -> str:
    """The talk's split of a data set, as ``rootml train --split`` takes it.

    ``share`` of the events that the talk trains on; the same events are validated on.
    """
    if dataset in TRAINED_BELOW:
        used = 50 * share
        return f"energy:1000:{used:g}/0/{100 - used:g}:0/50/50"
    used = 60 * share
    return f"{used:g}/20/{80 - used:g}"


def trained(
    options: Options,
    network: str,
    sample: Sample,
    *,
    share: float = 1.0,
    view: str | None = None,
    adapt: Sample | None = None,
) -> Trained:
    """Train a network of the talk, or any recipe, on a sample; what is finished is not repeated.

    ``share`` of the training events; ``view`` instead of the recipe's; ``adapt``: files of another
    detector, to adapt to without their truth.
    """
    recipe = find_recipe(network, options.talk)
    variant = [sample.dataset, view, f"{1000 * share:.0f}" if share < 1 else None]
    name = "_".join(filter(None, [recipe.name, *variant, "adapted" if adapt else None]))
    folder = options.output / "models" / name
    asked = {
        "sample": sample.identity,
        "split": split(sample.dataset, share),
        "view": view,
        "adapt": adapt.identity if adapt else None,
        **_options(options, recipe),
    }
    asked = _remembered(folder, asked)
    path = folder / f"{name}{SUFFIX}"
    if not path.exists():
        _train(recipe, sample, adapt, folder, asked, options.output / "cache")
    return Trained(network, TITLES.get(network, network), path)


def find_recipe(network: str, talk: bool) -> Recipe:
    """The recipe of a network of the talk, or the one of that name.

    RegistryError where there is none, TrainingError where it is not for the ECAL's images.
    """
    if is_recipe_file(network):
        recipe = read_recipe(network)
    elif network in ON_IMAGES:
        recipe = dataclasses.replace(
            get_recipe(network), view="image", limits={"train": ON_IMAGES[network]}
        )
    elif network in TITLES and network not in REFERENCES:
        plain = network.removesuffix("_shower")
        recipe = get_recipe(f"{plain}_ams_talk" if talk and plain == network else f"{plain}_ams")
    else:
        recipe = get_recipe(network)
    choose_adapter(recipe, AMS.name, None)
    return dataclasses.replace(recipe, limits={**recipe.limits, **OWN_TEST})


def _options(options: Options, recipe: Recipe) -> dict[str, Any]:
    """Options of the training that were given, as far as the recipe's learner has them."""
    known = {field.name for field in dataclasses.fields(recipe.learner)}
    given = {name: getattr(options, name) for name in OPTIONS if name in known}
    if isinstance(recipe.learner, Torch):
        given["epoch_events"] = options.epoch_events
    return {name: value for name, value in given.items() if value is not None}


def _train(
    recipe: Recipe,
    sample: Sample,
    adapt: Sample | None,
    folder: Path,
    asked: Mapping[str, Any],
    cache: Path,
) -> None:
    """Train as ``asked``, going on from the last checkpoint where there is one."""
    if events := asked.get("epoch_events"):
        limits = {**recipe.limits, "train": events, "validation": events // 4}
        recipe = dataclasses.replace(recipe, limits=limits)
    checkpoints = folder / "checkpoints"
    interrupted = (checkpoints / "last.ckpt").exists()
    if not interrupted:
        shutil.rmtree(checkpoints, ignore_errors=True)
    train(
        recipe,
        sample.files,
        folder,
        name=folder.name,
        adapter=AMS.name,
        view=asked["view"],
        split=asked["split"],
        max_events=sample.events,
        adapt=adapt.files if adapt else (),
        cache=cache,
        resume=interrupted,
        progress=sys.stderr.isatty(),
        **{name: asked[name] for name in OPTIONS if name in asked},
    )


def _remembered(folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for, now or when the training began; what is not said may be any.

    TrainingError where the folder holds a training of which something else was asked.
    """
    path = folder / "asked.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    changed = [key for key in asked if before and before.get(key) != asked[key]]
    if changed:
        was = "; ".join(f"{key}: {before.get(key)}, now {asked[key]}" for key in changed)
        raise TrainingError(
            f"{folder} holds another training ({was}): remove it, or choose another --output"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**before, **asked}, indent=2) + "\n", encoding="utf-8")
    return {**before, **asked}
