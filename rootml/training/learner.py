"""What learns: a torch network, an estimator of scikit-learn, or trees boosted by XGBoost.

A learner is a description; making one needs none of these libraries. What does the work is the
function ``fit(run, data, parts) -> Fitted`` of the module ``backend``.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, get_args

from rootml.errors import MissingExtra, TrainingError

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from rootml.adapter import View
    from rootml.training.job import Fit

Precision = Literal["auto", "32", "bf16"]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Warmup:
    """First epochs on cheaper inputs: ``transform(tensors, generator)`` of each batch."""

    epochs: int
    transform: Callable[[Mapping[str, Tensor], Generator], dict[str, Tensor]]
    doc: str = ""


@dataclass(frozen=True)
class Learner:
    """Base of all learners; fields are options that ``rootml train`` can set.

    ``backend``: the module that trains; ``extra`` and ``packages``: what it needs;
    ``resumes``: whether it can go on with a training that was interrupted.
    """

    backend: ClassVar[str]
    extra: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    resumes: ClassVar[bool] = False

    @property
    def takes_nan(self) -> bool:
        """Whether NaN, where a view allows it, is understood as a missing value."""
        return False

    def with_options(self, options: Mapping[str, Any]) -> Self:
        """The same learner with other options; TrainingError where it has none of that name."""
        known = {item.name for item in dataclasses.fields(self)}
        for name in options:
            if name not in known:
                raise TrainingError(f"{type(self).__name__} takes no option {name!r}")
        return dataclasses.replace(self, **options)

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

    ``build(view)`` returns a ``torch.nn.Module`` that takes the view's tensors in their order,
    each (n, *shape), and returns what the task says. Training stops when the validation loss
    has not fallen by ``tolerance`` for ``patience`` epochs, after ``epochs`` of them, or when
    ``max_time`` minutes have passed. ``precision`` "auto" is bfloat16 (mixed) where the
    processor or GPU computes it faster, else float32.
    """

    backend: ClassVar[str] = "rootml.training.network"
    extra: ClassVar[str] = "torch"
    packages: ClassVar[tuple[str, ...]] = ("torch", "lightning", "onnx", "onnxscript")
    resumes: ClassVar[bool] = True

    build: Callable[[View], nn.Module]
    learning_rate: float = 1e-4
    batch_size: int = 128
    patience: int = 20
    tolerance: float = 1e-5
    epochs: int = 200
    max_time: float | None = None
    precision: Precision = "auto"
    device: Device = "auto"
    warmup: Warmup | None = None

    def __post_init__(self) -> None:
        self._require(
            {
                "batch_size must be 2 or more": self.batch_size >= 2,
                "epochs must be 1 or more": self.epochs >= 1,
                f"precision must be {' or '.join(get_args(Precision))}": (
                    self.precision in get_args(Precision)
                ),
                f"device must be {' or '.join(get_args(Device))}": (
                    self.device in get_args(Device)
                ),
            }
        )


@dataclass(frozen=True)
class ScikitLearn(Learner):
    """A classifier or regressor of scikit-learn, stored as ONNX.

    ``build(seed)`` returns an estimator, or a pipeline that ends in one; it sees the columns of
    all tensors of the view, flattened, in their order. Where its ``fit`` takes validation events
    (``X_val``), it stops early on those of the validation part. A regressor gives the estimate
    alone, without uncertainty.
    """

    backend: ClassVar[str] = "rootml.training.estimator"
    extra: ClassVar[str] = "sklearn"
    packages: ClassVar[tuple[str, ...]] = ("sklearn", "skl2onnx", "onnx")

    build: Callable[[int], Any]

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
