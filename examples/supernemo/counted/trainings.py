"""Trainings of (b): each done once, gone on with where it was interrupted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from counted.events import opened
from rootml.card import SUFFIX
from rootml.errors import RegistryError, TrainingError, nearest
from rootml.training import train
from rootml_supernemo.simulation.files import write

if TYPE_CHECKING:
    from counted.options import Options
    from rootml.runtime.model import Model

NETWORKS = {
    "ntracks_supernemo": "cells (rootml)",
    "ntracks_supernemo_top": "top",
    "ntracks_supernemo_side": "side",
    "ntracks_supernemo_front": "front",
    "ntracks_supernemo_combined": "three views",
    "ntracks_supernemo_ordinal": "front, ordered classes",
    "ntracks_supernemo_volume": "three dimensions",
}
"""Recipes, and what tables call their networks."""
VIEWS = {"ntracks_supernemo_ordinal": "front"}
"""Where it is not the recipe's own: the view with the fewest pixels is the fastest."""
SEED = 301
SPLIT = "80/18/2"
"""Training, validation, and a test part that the study leaves alone, having events of its own."""
BATCH = 64
"""A choice: a quarter of the recipes', as there are few events."""


def chosen(options: Options) -> dict[str, str]:
    """Titles of the networks that were asked for by their recipes; RegistryError for others."""
    for name in options.networks:
        if name not in NETWORKS:
            raise RegistryError(
                f"no recipe of this study is called {name!r}{nearest(name, NETWORKS)} "
                f"(known: {', '.join(NETWORKS)})"
            )
    return {name: NETWORKS[name] for name in NETWORKS if name in (options.networks or NETWORKS)}


def training_sample(options: Options) -> Path:
    """The file of events to learn from: simulated unless it is there."""
    path = options.output / "samples" / f"train_{options.events}.root"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, options.events, np.random.default_rng(SEED), tracks="0:3")
    return path


def trained(options: Options, recipe: str, sample: Path) -> Model:
    """The network of a recipe; TrainingError where the folder holds one of other options."""
    folder = options.output / "models" / recipe
    asked = {"sample": sample.name, "epochs": options.epochs}
    note = folder / "asked.json"
    before = json.loads(note.read_text(encoding="utf-8")) if note.exists() else asked
    if before != asked:
        raise TrainingError(
            f"{folder} holds a training with {before}, not {asked}: remove it, or choose another "
            "--output"
        )
    card = folder / f"{recipe}{SUFFIX}"
    if not card.exists():
        folder.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(asked) + "\n", encoding="utf-8")
        train(
            recipe,
            [sample],
            folder,
            view=VIEWS.get(recipe),
            split=SPLIT,
            epochs=options.epochs,
            batch_size=BATCH,
            resume=(folder / "checkpoints" / "last.ckpt").exists(),
            progress=sys.stderr.isatty(),
        )
    return opened(str(card))
