"""What learns: a torch network, an estimator of scikit-learn, or trees boosted by XGBoost.

A learner is a description; making one needs none of these libraries. What does the work is the
function ``fit(run, data, parts) -> Fitted`` of the module ``backend``.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

from rootml.errors import MissingExtra, TrainingError, nearest
from rootml.training.split import PARTS

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from rootml.training.job import Fit

Precision = Literal["auto", "32", "bf16"]
Device = Literal["auto", "cpu", "cuda"]
Schedule = Literal["constant", "cosine", "one-cycle"]
if TYPE_CHECKING:
    Augment = Callable[[Mapping[str, Tensor], Generator], dict[str, Tensor]]

SETTABLE: Mapping[type, tuple[type, ...]] = {
    int: (int,),
    float: (int, float),
    str: (str,),
    type(None): (int, float),
}
"""What may be set in place of a value of a type."""


PINNED = (
    "learning_rate",
    "batch_size",
    "schedule_warmup",
    "weight_decay",
    "accumulate",
    "clip",
    "average",
    "schedule",
)
"""Options of a network that its checkpoints hold, or that its next steps follow from."""


def described(function: Callable[..., Any]) -> str:
    """The first line of a function's docstring, or its name."""
    return (function.__doc__ or function.__name__).strip().split("\n")[0]


@dataclass(frozen=True)
class Warmup:
    """First epochs on cheaper inputs: ``transform(tensors, generator)`` of each batch."""

    epochs: int
    transform: Augment
    doc: str = ""


@dataclass(frozen=True)
class Learner:
    """Base of all learners; fields are options that ``rootml train`` can set.

    ``backend``: the module that trains; ``extra`` and ``packages``: what it needs;
    ``resumes``: whether it can go on with a training that was interrupted; ``parts``: those of
    the events that it needs.
    """

    backend: ClassVar[str]
    extra: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    resumes: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = PARTS

    @property
    def takes_nan(self) -> bool:
        """Whether NaN, where a view allows it, is understood as a missing value."""
        return False

    def pinned(self, *, adapts: bool = False) -> Mapping[str, Any]:
        """Options that a resumed training must have again; ``adapts``: to another domain."""
        return {}

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """The same learner with other options; TrainingError where it has none of that name."""
        known = {item.name for item in dataclasses.fields(self)}
        for name in options:
            if name not in known:
                raise TrainingError(f"{type(self).__name__} takes no option {name!r}")
        return dataclasses.replace(self, **options)

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """The same learner with other options or, where it has none of a name, parameters.

        TrainingError where an option is no text or number, or is given a value of another type.
        """
        known = {item.name for item in dataclasses.fields(self)}
        options = {name: value for name, value in values.items() if name in known}
        others = {name: value for name, value in values.items() if name not in known}
        for name, value in options.items():
            kinds = SETTABLE.get(type(getattr(self, name)))
            if kinds is None or not isinstance(value, kinds) or isinstance(value, bool):
                wanted = "cannot be set" if kinds is None else f"cannot be {value!r}"
                raise TrainingError(f"{type(self).__name__}: {name} {wanted}")
        if others:
            options["parameters"] = {**getattr(self, "parameters", {}), **others}
        return self.with_options(options)

    def fit(self) -> Fit:
        """The function that trains; MissingExtra where a package it needs is not installed."""
        try:
            fit: Fit = importlib.import_module(self.backend).fit
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in self.packages:
                raise
            raise MissingExtra(
                f'training needs the package {error.name!r}: pip install "rootml[{self.extra}]"'
            ) from error
        return fit

    def _require(self, rules: Mapping[str, bool]) -> None:
        for rule, kept in rules.items():
            if not kept:
                raise TrainingError(f"{type(self).__name__}: {rule}")


@dataclass(frozen=True)
class Torch(Learner):
    """A torch network, trained by Lightning with Adam.

    ``build(view, **parameters)`` returns a ``torch.nn.Module`` that takes the view's tensors in
    their order, each (n, *shape), and returns what the task says. Training stops when the
    validation loss has not fallen by ``tolerance`` for ``patience`` epochs, after ``epochs`` of
    them, or when ``max_time`` minutes have passed. ``precision`` "auto" is bfloat16 (mixed) where
    the processor or GPU computes it faster, else float32.

    ``schedule``: the learning rate stays "constant", falls to 0 as half a "cosine" over all
    epochs, or follows "one-cycle" (arXiv:1708.07120); it rises over the first
    ``schedule_warmup`` (a fraction) of all steps. ``weight_decay`` above 0 turns Adam into AdamW
    (arXiv:1711.05101) for all but biases and norms. Gradients are summed over ``accumulate``
    batches before a step, and their norm is cut at ``clip``. ``augment(tensors, generator)``
    changes each batch of training events, never those that measure. ``average``: decay a step of
    the moving average of the weights that is validated and exported; None takes the weights
    themselves. ``devices`` of ``nodes`` machines work on batches of ``batch_size`` each, by
    Lightning's ``strategy``.
    """

    backend: ClassVar[str] = "rootml.training.network"
    extra: ClassVar[str] = "torch"
    packages: ClassVar[tuple[str, ...]] = ("torch", "lightning", "onnx", "onnxscript")
    resumes: ClassVar[bool] = True

    build: Callable[..., nn.Module]
    learning_rate: float = 1e-4
    batch_size: int = 128
    patience: int = 20
    tolerance: float = 1e-5
    epochs: int = 200
    max_time: float | None = None
    precision: Precision = "auto"
    device: Device = "auto"
    warmup: Warmup | None = None
    schedule: Schedule = "constant"
    schedule_warmup: float = 0.0
    weight_decay: float = 0.0
    accumulate: int = 1
    clip: float | None = None
    augment: Augment | None = None
    average: float | None = None
    devices: int = 1
    nodes: int = 1
    strategy: str = "auto"
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def pinned(self, *, adapts: bool = False) -> Mapping[str, Any]:
        """What the checkpoint was made with; a schedule, or a reversal, is one over all epochs."""
        pinned: dict[str, Any] = {name: getattr(self, name) for name in PINNED}
        pinned |= {name: str(value) for name, value in self.parameters.items()}
        if adapts:
            pinned["epochs"] = self.epochs
        if self.schedule != "constant":
            pinned["schedule"] = f"{self.schedule} over {self.epochs} epochs"
        return pinned

    def __post_init__(self) -> None:
        choices = {"precision": Precision, "device": Device, "schedule": Schedule}
        self._require(
            {
                "learning_rate must be above 0, and finite": 0 < self.learning_rate < math.inf,
                "batch_size must be 2 or more": self.batch_size >= 2,
                "schedule_warmup must be 0 or more, and below 1": 0 <= self.schedule_warmup < 1,
                "weight_decay must be 0 or more, and finite": 0 <= self.weight_decay < math.inf,
                "tolerance must be 0 or more": self.tolerance >= 0,
                "max_time must be minutes, 0 to a billion": self.max_time is None
                or 0 <= self.max_time <= 1e9,
                "clip must be above 0": self.clip is None or self.clip > 0,
                "average must be between 0 and 1": self.average is None or 0 < self.average < 1,
            }
            | {
                f"{name} must be 1 or more": getattr(self, name) >= 1
                for name in ("epochs", "patience", "accumulate", "devices", "nodes")
            }
            | {
                f"{name} must be {' or '.join(get_args(kind))}": getattr(self, name)
                in get_args(kind)
                for name, kind in choices.items()
            }
        )
        self._check_parameters()

    def _check_parameters(self) -> None:
        """Raise TrainingError where ``build`` takes no such parameter, or one of another type."""
        taken = inspect.signature(self.build).parameters
        if any(each.kind is each.VAR_KEYWORD for each in taken.values()):
            return
        known = [*[item.name for item in dataclasses.fields(self)], *taken]
        for name, value in self.parameters.items():
            if name not in taken:
                raise TrainingError(
                    f"Torch has no option, and this network no parameter, {name!r}"
                    f"{nearest(name, known)}"
                )
            kind = type(taken[name].default)
            if kind in (int, float, str, bool) and not isinstance(value, SETTABLE.get(kind, kind)):
                raise TrainingError(f"Torch: {name} of this network cannot be {value!r}")


@dataclass(frozen=True)
class ScikitLearn(Learner):
    """A classifier or regressor of scikit-learn, stored as ONNX.

    ``build(seed)`` returns an estimator, or a pipeline that ends in one; it sees the columns of
    all tensors of the view, flattened, in their order, or those that ``columns`` names, in its
    order. Where its ``fit`` takes validation events (``X_val``), it stops early on those of the
    validation part. A regressor gives the estimate alone, without uncertainty. ``parameters``:
    what its ``set_params`` is given.
    """

    backend: ClassVar[str] = "rootml.training.estimator"
    extra: ClassVar[str] = "sklearn"
    packages: ClassVar[tuple[str, ...]] = ("sklearn", "skl2onnx", "onnx")

    build: Callable[[int], Any]
    columns: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def estimator(self, seed: int) -> Any:
        """A new estimator, not fitted; TrainingError where it has no such parameter."""
        built = self.build(seed)
        try:
            return built.set_params(**self.parameters)
        except ValueError as error:
            raise TrainingError(f"{type(built).__name__}: {error}") from error

    @property
    def takes_nan(self) -> bool:
        """What the estimator, or the first step of a pipeline, says of itself."""
        from sklearn.pipeline import Pipeline
        from sklearn.utils import get_tags

        estimator = self.build(0)
        first = estimator[0] if isinstance(estimator, Pipeline) else estimator
        return bool(get_tags(first).input_tags.allow_nan)


@dataclass(frozen=True)
class XGBoost(Learner):
    """Trees boosted by XGBoost, stored in its own binary format (UBJ).

    ``parameters`` are those of ``xgboost.train``. At most ``epochs`` trees are grown;
    boosting stops when the validation loss has not fallen for ``patience`` trees, and the file
    says which tree was the best. NaN is a missing value to it.
    """

    backend: ClassVar[str] = "rootml.training.boosting"
    extra: ClassVar[str] = "xgboost"
    packages: ClassVar[tuple[str, ...]] = ("xgboost",)

    parameters: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 1000
    patience: int = 20

    @property
    def takes_nan(self) -> bool:
        """Always: each split knows where missing values go."""
        return True

    def __post_init__(self) -> None:
        self._require(
            {
                "epochs must be 1 or more": self.epochs >= 1,
                "patience must be 1 or more": self.patience >= 1,
            }
        )
