"""What a regression is punished for, row by row; making a loss needs no torch.

A network's numbers are in units of ``scale``, the usual size of residuals, so that they are near 1
however small these are: estimates are ``scale`` times them, and a loss is near 1 too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, ClassVar

from rootml.errors import TrainingError
from rootml.spec import Array

if TYPE_CHECKING:
    from torch import Tensor

    from rootml.validation.statistics.binomial import Estimate


@dataclass(frozen=True)
class Loss:
    """Base of all losses. ``title``: what it is called; ``outputs``: estimates that it gives.

    ``shaped``: whether it is of rows with several true values, (n, ...).
    """

    title: ClassVar[str]
    outputs: ClassVar[int] = 1
    shaped: ClassVar[bool] = False

    scale: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.scale < math.inf:
            raise TrainingError(f"{self}: scale must be above 0, and finite")

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of what a network returned, for true values (n,)."""
        return self._point(_column(raw) - truth / self.scale)

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """The estimate (n,) and, of two ``outputs``, its standard deviation (n,)."""
        return (self.scale * _column(raw),)

    def measure(self, values: Sequence[Array], truth: Array) -> Mapping[str, Estimate] | None:
        """Figures of a card, by name, of what the outputs (n, ...) say; None: those of their roles.

        ``truth``: (n, ...), NaN where a row has fewer true values.
        """
        return None

    def _point(self, residual: Tensor) -> Tensor:
        """Loss of residuals in units of ``scale``."""
        raise NotImplementedError


@dataclass(frozen=True)
class MeanSquare(Loss):
    """The square of the residual: estimates the mean. A network returns (n,) or (n, 1)."""

    title: ClassVar[str] = "Mean square error"

    def _point(self, residual: Tensor) -> Tensor:
        return residual.square()


@dataclass(frozen=True)
class LogCosh(Loss):
    """log cosh of the residual: half its square below ``scale``, its size beyond.

    A network returns (n,) or (n, 1).
    """

    title: ClassVar[str] = "Log-cosh"

    def _point(self, residual: Tensor) -> Tensor:
        size = residual.abs()  # cosh itself overflows
        return size + (-2 * size).exp().log1p() - math.log(2)


@dataclass(frozen=True)
class Huber(Loss):
    """Half the square of the residual up to ``scale``, growing linearly from there on.

    P. J. Huber, Ann. Math. Statist. 35 (1964) 73. A network returns (n,) or (n, 1).
    """

    title: ClassVar[str] = "Huber loss"

    def _point(self, residual: Tensor) -> Tensor:
        size = residual.abs()
        within = size.clamp(max=1)
        return within * (size - within / 2)


@dataclass(frozen=True)
class Gaussian(Loss):
    """Negative log likelihood of a Gaussian, but for constants: a network returns (n, 2).

    Mean and log standard deviation; C. M. Bishop, Pattern Recognition and Machine Learning (2006),
    eq. 5.153 with one component.
    """

    title: ClassVar[str] = "Negative log likelihood"
    outputs: ClassVar[int] = 2

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of raw (n, 2)."""
        pull = (truth / self.scale - raw[:, 0]) * (-raw[:, 1]).exp()
        return pull.square() / 2 + raw[:, 1] + math.log(2 * math.pi) / 2

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """Mean and standard deviation."""
        return self.scale * raw[:, 0], self.scale * raw[:, 1].exp()


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Negative log probability of the true class, of classes numbered from 0.

    A network returns a logit a class, (n, k). Gives the most probable class, int32 (n,), and the
    probabilities of all (n, k).
    """

    title: ClassVar[str] = "Cross entropy"
    outputs: ClassVar[int] = 2

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of logits (n, k)."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(raw, _classes(truth, raw.shape[1]), reduction="none")

    def likelihood(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Negative log probability (n,) of the true class."""
        return self.rows(raw, truth)

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """Class and probabilities."""
        probabilities = raw.softmax(dim=1)
        return probabilities.argmax(dim=1).int(), probabilities


@dataclass(frozen=True)
class Cumulative(CrossEntropy):
    """Binary cross entropy of "the class is above this one", summed: for classes with an order.

    A network returns a logit of it for each class but the last, (n, k - 1), which fall from class
    to class (W. Cao, V. Mirjalili, S. Raschka, Pattern Recognit. Lett. 140 (2020) 325). A mistake
    by two classes costs more than one by one. Gives what :class:`CrossEntropy` does.
    """

    title: ClassVar[str] = "Cumulative cross entropy"

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of logits (n, k - 1)."""
        from torch import arange
        from torch.nn.functional import binary_cross_entropy_with_logits

        classes = _classes(truth, raw.shape[1] + 1)
        above = (classes[:, None] > arange(raw.shape[1], device=raw.device)).to(raw.dtype)
        return binary_cross_entropy_with_logits(raw, above, reduction="none").sum(dim=1)

    def likelihood(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Negative log probability (n,) of the true class: a difference of two sigmoids."""
        from torch import finfo
        from torch.nn.functional import logsigmoid, pad

        classes = _classes(truth, raw.shape[1] + 1)[:, None]
        ends = pad(pad(raw, (1, 0), value=math.inf), (0, 1), value=-math.inf)
        from_, to = (ends.gather(1, classes + step)[:, 0] for step in (0, 1))
        apart = (from_ - to).clamp(min=finfo(raw.dtype).tiny)  # where logits do not fall
        return -(logsigmoid(from_) + logsigmoid(-to) + (-(-apart).expm1()).log())

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """Class and probabilities, the differences of what is above."""
        from torch.nn.functional import pad

        above = pad(pad(raw.sigmoid(), (1, 0), value=1.0), (0, 1), value=0.0)
        probabilities = (above[:, :-1] - above[:, 1:]).clamp(min=0)
        return probabilities.argmax(dim=1).int(), probabilities


@dataclass(frozen=True)
class Quantiles(Loss):
    """An estimate, and the quantiles on either side of it: a network returns (n, 3).

    The quantiles below which are the shares ``levels`` of the true values minimise the pinball loss
    (R. Koenker, G. Bassett, Econometrica 46 (1978) 33); they lie below and above the estimate by
    the softplus of a number each, and so never cross it. The estimate is the median or, with
    ``middle``, what that loss makes it, at its own scale. The standard deviation is that of the
    Gaussian whose quantiles are as far apart.
    """

    title: ClassVar[str] = "Quantile loss"
    outputs: ClassVar[int] = 2

    levels: tuple[float, float] = (0.1587, 0.8413)
    middle: Loss | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = self.levels
        if not 0 < low < 0.5 < high < 1:
            raise TrainingError(f"{self}: the levels lie on either side of 0.5, between 0 and 1")
        if self.middle is not None and self.middle.outputs > 1:
            raise TrainingError(f"{self}: the loss of the middle estimates one value")

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of raw (n, 3): of the estimate, and of both quantiles."""
        truth = truth / self.scale
        estimate, low, high = raw[:, 0], *self._quantiles(raw)
        if self.middle is None:
            first = _pinball(truth - estimate, 0.5)
        else:
            first = self.middle.rows(estimate * self.scale / self.middle.scale, truth * self.scale)
        low_level, high_level = self.levels
        return first + _pinball(truth - low, low_level) + _pinball(truth - high, high_level)

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """The estimate and its standard deviation."""
        low, high = self._quantiles(raw)
        apart = NormalDist().inv_cdf(self.levels[1]) - NormalDist().inv_cdf(self.levels[0])
        return self.scale * raw[:, 0], self.scale / apart * (high - low)

    def _quantiles(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        from torch.nn.functional import softplus

        return raw[:, 0] - softplus(raw[:, 1]), raw[:, 0] + softplus(raw[:, 2])


def _pinball(residual: Tensor, level: float) -> Tensor:
    """Loss of truth minus quantile."""
    return level * residual + (-residual).clamp(min=0)


def _classes(truth: Tensor, count: int) -> Tensor:
    """True classes as whole numbers; TrainingError where one is not below ``count``."""
    classes = truth.long()
    wrong = truth[(classes != truth) | (classes < 0) | (classes >= count)]
    if len(wrong):
        raise TrainingError(f"a true class is {float(wrong[0]):g}: expected 0 to {count - 1}")
    return classes


def _column(raw: Tensor) -> Tensor:
    return raw if raw.ndim == 1 else raw[:, 0]
