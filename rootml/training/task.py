"""What is learned: to tell signal from background, or the true value of a quantity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from rootml.adapter import Adapter, Reference
from rootml.card import Output
from rootml.errors import DataError, TrainingError
from rootml.spec import Array
from rootml.training.losses import CrossEntropy, Loss

if TYPE_CHECKING:
    from torch import Tensor

    OwnLoss = Callable[[Tensor, Tensor], Tensor]
    Transform = Callable[[Tensor], Sequence[Tensor]]

OF_NO_CLASS = -1
"""The truth label of what belongs to no class."""


@dataclass(frozen=True)
class Classification:
    """Signal (1) against background (0), by the truth label of the adapter.

    ``label``: another logical column that is 0 or 1, of ``classes`` (background, signal). A torch
    network returns logits (n,); the output is the probability ``score``. Both classes count the
    same in training, however many rows each has. Rows of no class (-1) are left out.
    ``temperature``: that of a torch network is fitted to the validation events.
    """

    output: str = "score"
    temperature: bool = False
    label: str = ""
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.classes) != (2 if self.label else 0):
            raise TrainingError(
                f"{self}: a label of one's own has two classes (background, signal), and they it"
            )

    def of(self, adapter: Adapter) -> Adapter:
        """The adapter with the truth that is learned."""
        return adapter.labelled(self.label, self.classes)

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
        return (
            Output(
                name=self.output,
                role="score",
                estimates=self.label,
                classes=self.classes,
                doc=f"probability to be {signal}",
            ),
        )

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
class Sample:
    """Files of which the truth is known in a way of their own; texts are expressions.

    ``target``: the true value, or what is taken for it; ``select``: the rows that are learned
    from, where it is not 0, NaN or missing; ``weight`` of each row, 0 or more. ``share``: how much
    the mean loss of these files counts, beside 1 for that of the others.
    """

    target: str
    select: str = ""
    weight: str = ""
    share: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.share < np.inf:
            raise TrainingError(f"{self}: share must be above 0, and finite")


@dataclass(frozen=True)
class Flat:
    """Weights that make a distribution flat in training: that of the target, or of ``of``.

    Rows weigh one over what is in their bin, of so many ``bins`` of equal width (of the logarithm
    with ``log``) over the training rows of a sample, and at most ``most`` times as much as those of
    the fullest bin. ``of``: an expression of logical columns.
    """

    of: str = ""
    bins: int = 50
    log: bool = False
    most: float = 20.0

    def __post_init__(self) -> None:
        if self.bins < 2 or not 1 <= self.most < np.inf:
            raise TrainingError(f"{self}: bins must be 2 or more, most 1 or more, and finite")


@dataclass(frozen=True)
class Regression:
    """The true value ``target``, in the unit of the first output.

    ``target``, ``select`` and ``weight`` are expressions of logical columns, often a name alone,
    one number an event or object: the true value; the rows that are learned from; how much each
    counts. ``estimates``: the outputs, first the estimate itself, then perhaps its uncertainty.
    Rows whose target is NaN are left out. Of events that are judged as wholes the target may be a
    column of several values: one an object of the list that the view makes of them (NaN in what
    ``loss`` is given where there is none), or an array of a fixed shape. What is estimated may also
    be the number of a class, with the probabilities of all classes as the second output, by the
    losses for that; their ``temperature`` is fitted to the validation events, and so are the
    thresholds of further outputs that are a ``set`` of classes. ``flat``: further weights.
    ``samples``: other files whose target is another, by the name that ``rootml train --sample``
    gives them.

    ``loss``: a :class:`~rootml.training.losses.Loss`; unless given, the mean square for one output,
    a Gaussian likelihood for two. Or a function of one's own, with a ``transform``: a torch network
    returns ``raw`` (n,) or (n, k); ``transform(raw)`` gives one (n,) an output, in order, and
    ``loss(raw, truth)`` a number or, where rows have weights, (n,).

    ``reference``: a tensor of the view, one number a row in the unit of the estimate, that is
    estimated already. A torch network then learns ``ratio``, "log" of truth / reference or the
    "linear" one, and the model still gives the value itself; a loss and a transform of one's own
    are then of the ratio.
    """

    target: str
    estimates: tuple[Output, ...]
    loss: Loss | OwnLoss | None = None
    transform: Transform | None = None
    reference: str = ""
    ratio: Literal["log", "linear"] = "log"
    select: str = ""
    weight: str = ""
    flat: Flat | None = None
    samples: Mapping[str, Sample] = field(default_factory=dict)
    temperature: bool = True

    def __post_init__(self) -> None:
        roles = [output.role for output in self.estimates]
        if not roles or "uncertainty" in roles[:1] or roles.count("uncertainty") > 1:
            raise TrainingError(
                "the outputs of a regression are an estimate, and perhaps its uncertainty; "
                f"these have the roles {roles}"
            )
        if self.target.isidentifier() and self.estimates[0].estimates != self.target:
            raise TrainingError(
                f"output {self.estimates[0].name!r} must say that it estimates {self.target!r}"
            )
        if (self.loss is None or isinstance(self.loss, Loss)) != (self.transform is None):
            raise TrainingError("a regression has both a loss and a transform of its own, or none")
        sets, given = roles.count("set"), len(roles)
        if isinstance(self.loss, Loss) and self.loss.outputs != given - sets:
            raise TrainingError(
                f"{self.loss} gives {self.loss.outputs} outputs, not {given - sets}"
            )
        if sets and (
            roles[-sets - 1] != "probabilities" or not isinstance(self.loss, CrossEntropy)
        ):
            raise TrainingError(f"sets come last, after probabilities; these roles are {roles}")
        if sets and self.weighted:
            raise TrainingError("sets are of rows that all count the same: they have no weights")

    def of(self, adapter: Adapter) -> Adapter:
        """The adapter, whose truth is asked for by name."""
        return adapter

    @property
    def weighted(self) -> bool:
        """Whether some rows count more than others."""
        return bool(self.flat or self.samples or self.weight)

    def sample(self, name: str) -> Sample:
        """That of the files called ``name``, "" for those that have no name."""
        return self.samples[name] if name else Sample(self.target, self.select, self.weight)

    def outputs(self, adapter: Adapter) -> tuple[Output, ...]:
        """The columns that the network gives."""
        return self.estimates

    def references(self, adapter: Adapter) -> tuple[Reference, ...]:
        """The file's own estimates of the same quantity, for comparison on the card."""
        estimated = self.estimates[0].estimates
        return tuple(r for r in adapter.references if estimated and r.estimates == estimated)

    def known(self, truth: Array, adapter: Adapter) -> Array:
        """Which units (n,) have a true value, of several any; DataError where one is infinite."""
        if np.isinf(truth).any():
            raise DataError(f"the truth {self.target!r} is infinite")
        return np.asarray(~np.isnan(truth).all(axis=tuple(range(1, truth.ndim))))


def only_value(task: Regression, who: str) -> None:
    """Raise TrainingError where the task asks ``who`` for more than the estimate itself."""
    if len(task.estimates) > 1:
        raise TrainingError(
            f"{who} estimates {task.target!r} without its uncertainty; leave out the output "
            f"{task.estimates[1].name!r}"
        )
    for what, asked in {"a loss": task.loss, "a reference": task.reference}.items():
        if asked:
            raise TrainingError(
                f"{who} has its own loss and estimates {task.target!r} itself: "
                f"{what} is for torch networks"
            )


Task = Classification | Regression
