"""What is learned: to tell signal from background, or the true value of a quantity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootml.adapter import Adapter, Reference
from rootml.card import Output
from rootml.errors import DataError, TrainingError
from rootml.spec import Array

if TYPE_CHECKING:
    from torch import Tensor

    Loss = Callable[[Tensor, Tensor], Tensor]
    Transform = Callable[[Tensor], Sequence[Tensor]]

OF_NO_CLASS = -1
"""The truth label of what belongs to no class."""


@dataclass(frozen=True)
class Classification:
    """Signal (1) against background (0), by the truth label of the adapter.

    A torch network returns logits (n,); the output is the probability ``score``. Both classes
    count the same in training, however many rows each has. Rows of no class (-1) are left out.
    """

    output: str = "score"

    def column(self, adapter: Adapter) -> str:
        """The logical column with the label."""
        if adapter.truth.label is None or len(adapter.truth.classes) != 2:
            classes = ", ".join(adapter.truth.classes) or "none"
            raise TrainingError(
                f"adapter {adapter.name!r}: a classifier needs a truth label with two classes "
                f"(background, signal); the adapter declares: {classes}"
            )
        return adapter.truth.label

    def outputs(self, adapter: Adapter) -> tuple[Output, ...]:
        """The columns that the network gives."""
        signal = adapter.truth.classes[1]
        return (Output(name=self.output, role="score", doc=f"probability to be {signal}"),)

    def references(self, adapter: Adapter) -> tuple[Reference, ...]:
        """What the network is compared with on its card."""
        return ()

    def known(self, truth: Array, adapter: Adapter) -> Array:
        """Which units have a class; DataError where a label is none that the adapter declares."""
        wrong = np.flatnonzero(~np.isin(truth, (OF_NO_CLASS, 0, 1)))
        if len(wrong):
            background, signal = adapter.truth.classes
            raise DataError(
                f"truth label {adapter.truth.label!r} is {truth[wrong[0]]}, expected "
                f"0 ({background}), 1 ({signal}) or {OF_NO_CLASS} (of no class)"
            )
        return np.asarray(truth != OF_NO_CLASS)


@dataclass(frozen=True)
class Regression:
    """The true value of the logical column ``target``, in the unit of the first output.

    ``estimates``: the outputs, first the estimate itself, then perhaps its uncertainty. A torch
    network returns ``raw`` (n,) or (n, k); ``transform(raw)`` gives one (n,) a output, in order,
    and ``loss(raw, truth)`` a number. Unless given: for one output raw is the estimate and the
    loss the mean square; for two, raw holds mean and log standard deviation of a Gaussian whose
    negative log likelihood is the loss. Rows whose target is NaN are left out.
    """

    target: str
    estimates: tuple[Output, ...]
    loss: Loss | None = None
    transform: Transform | None = None

    def __post_init__(self) -> None:
        roles = [output.role for output in self.estimates]
        if not roles or "uncertainty" in roles[:1] or roles.count("uncertainty") > 1:
            raise TrainingError(
                "the outputs of a regression are an estimate, and perhaps its uncertainty; "
                f"these have the roles {roles}"
            )
        if self.estimates[0].estimates != self.target:
            raise TrainingError(
                f"output {self.estimates[0].name!r} must say that it estimates {self.target!r}"
            )
        if (self.loss is None) != (self.transform is None):
            raise TrainingError("a regression has both a loss and a transform of its own, or none")

    def column(self, adapter: Adapter) -> str:
        """The logical column with the true value."""
        return self.target

    def outputs(self, adapter: Adapter) -> tuple[Output, ...]:
        """The columns that the network gives."""
        return self.estimates

    def references(self, adapter: Adapter) -> tuple[Reference, ...]:
        """The file's own estimates of the same quantity, for comparison on the card."""
        return tuple(r for r in adapter.references if r.estimates == self.target)

    def known(self, truth: Array, adapter: Adapter) -> Array:
        """Which units have a true value; DataError where one is infinite."""
        if np.isinf(truth).any():
            raise DataError(f"the truth {self.target!r} is infinite")
        return ~np.isnan(truth)


def only_value(task: Regression, who: str) -> None:
    """Raise TrainingError where the task asks ``who`` for more than the estimate itself."""
    if len(task.estimates) > 1:
        raise TrainingError(
            f"{who} estimates {task.target!r} without its uncertainty; leave out the output "
            f"{task.estimates[1].name!r}"
        )


Task = Classification | Regression
