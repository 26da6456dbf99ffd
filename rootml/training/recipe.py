"""How a model is trained; making a recipe needs none of the libraries that train."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rootml.errors import TrainingError
from rootml.training.learner import Learner
from rootml.training.task import Classification, Task

PARTS = ("train", "validation", "test")
"""Names of the parts a data set is split into."""


@dataclass(frozen=True)
class Recipe:
    """What is learned (``task``), by what (``learner``), from which view of which adapter.

    ``adapter`` and ``view`` are empty where the recipe works with any: they are then chosen with
    the training. ``limits``: at most so many rows of a part ("train", "validation", "test") are
    used; a torch network draws its training rows anew each epoch, all others are drawn once.
    ``threads`` and ``deploy_batch`` (how the model runs best) go to the card.
    """

    name: str
    learner: Learner
    adapter: str = ""
    view: str = ""
    task: Task = field(default_factory=Classification)
    title: str = ""
    doc: str = ""
    split: tuple[float, float, float] = (0.6, 0.2, 0.2)
    limits: Mapping[str, int] = field(default_factory=dict)
    seed: int = 1
    threads: int | None = None
    deploy_batch: int | None = None

    def __post_init__(self) -> None:
        rules = {
            "split must be three positive fractions that add up to 1": (
                len(self.split) == 3 and min(self.split) > 0 and math.isclose(sum(self.split), 1)
            ),
            "seed must be 0 or more": self.seed >= 0,
            f"limits are of {', '.join(PARTS)}": set(self.limits) <= set(PARTS),
        }
        for rule, kept in rules.items():
            if not kept:
                raise TrainingError(f"recipe {self.name!r}: {rule}")
