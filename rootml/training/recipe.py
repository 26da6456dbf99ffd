"""How a model is trained; making a recipe needs none of the libraries that train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rootml.errors import TrainingError
from rootml.training.learner import Learner
from rootml.training.search import Search
from rootml.training.split import PARTS, USUAL, Split, as_split
from rootml.training.task import Classification, Task


@dataclass(frozen=True)
class Recipe:
    """What is learned (``task``), by what (``learner``), from which view of which adapter.

    ``adapter`` and ``view`` are empty where the recipe works with any: they are then chosen with
    the training. ``limits``: at most so many rows of a part ("train", "validation", "test") are
    used; a torch network draws its training rows anew each epoch, all others are drawn once.
    ``split``: a :class:`Split`, its text (``"60/20/20"``), or three shares that add up to 1.
    ``together``: where entries are objects of events, the logical column with the event's number,
    so that all objects of an event go to the same part.
    ``search``: where ``rootml train --tune`` looks for better values, by the name of an option or
    parameter of the learner. ``threads`` and ``deploy_batch`` (how the model runs best) go to
    the card.
    """

    name: str
    learner: Learner
    adapter: str = ""
    view: str = ""
    task: Task = field(default_factory=Classification)
    title: str = ""
    doc: str = ""
    split: Split = USUAL
    together: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    seed: int = 1
    threads: int | None = None
    deploy_batch: int | None = None
    search: Search = field(default_factory=dict)

    @property
    def needs(self) -> tuple[str, ...]:
        """Logical columns that the split follows."""
        return tuple(dict.fromkeys((*self.split.columns, *filter(None, [self.together]))))

    def __post_init__(self) -> None:
        object.__setattr__(self, "split", as_split(self.split, self.learner.parts))
        rules = {
            "seed must be 0 or more": self.seed >= 0,
            f"limits are of {', '.join(PARTS)}": set(self.limits) <= set(PARTS),
        }
        for rule, kept in rules.items():
            if not kept:
                raise TrainingError(f"recipe {self.name!r}: {rule}")
