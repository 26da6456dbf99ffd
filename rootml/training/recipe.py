"""How a network is trained; making a recipe needs no torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from rootml.errors import TrainingError

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

Precision = Literal["auto", "32", "bf16"]
Transform = Callable[["Mapping[str, Tensor]"], "dict[str, Tensor]"]
RandomTransform = Callable[["Mapping[str, Tensor]", "Generator"], "dict[str, Tensor]"]

PARTS = ("train", "validation", "test")
"""Names of the parts a data set is split into."""


@dataclass(frozen=True)
class Warmup:
    """First epochs on cheaper inputs: ``transform(tensors, generator)`` of each batch."""

    epochs: int
    transform: RandomTransform
    doc: str = ""


@dataclass(frozen=True)
class Recipe:
    """A binary classifier, what it sees and how it is trained.

    ``build()`` returns a ``torch.nn.Module`` that takes the view's tensors in their order,
    each (n, *shape), and returns n logits. Loss: binary cross entropy with the signal weighted
    so that both classes count the same. Optimiser: Adam. Training stops when the validation
    loss has not fallen by ``tolerance`` for ``patience`` epochs.

    ``limits``: at most so many events of a part ("train", "validation", "test") are used: for
    training a fresh random draw an epoch, for the others the same ones every time. ``precision``
    "auto" is bfloat16 (mixed) where the processor or GPU computes it faster, else float32.
    ``threads`` and ``deploy_batch`` (how the network runs best) go to the card.
    """

    name: str
    adapter: str
    view: str
    build: Callable[[], nn.Module]
    title: str = ""
    doc: str = ""
    learning_rate: float = 1e-4
    batch_size: int = 128
    patience: int = 20
    tolerance: float = 1e-5
    max_epochs: int = 200
    split: tuple[float, float, float] = (0.6, 0.2, 0.2)
    limits: Mapping[str, int] = field(default_factory=dict)
    precision: Precision = "auto"
    seed: int = 1
    warmup: Warmup | None = None
    threads: int | None = None
    deploy_batch: int | None = None

    def __post_init__(self) -> None:
        rules = {
            "split must be three positive fractions that add up to 1": (
                len(self.split) == 3 and min(self.split) > 0 and math.isclose(sum(self.split), 1)
            ),
            "seed must be 0 or more": self.seed >= 0,
            "batch_size must be 2 or more": self.batch_size >= 2,
            "max_epochs must be 1 or more": self.max_epochs >= 1,
            f"precision must be {' or '.join(get_args(Precision))}": (
                self.precision in get_args(Precision)
            ),
            f"limits are of {', '.join(PARTS)}": set(self.limits) <= set(PARTS),
        }
        for rule, kept in rules.items():
            if not kept:
                raise TrainingError(f"recipe {self.name!r}: {rule}")
