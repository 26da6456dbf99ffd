"""Adaptation to events of another kind, without their truth, by reversal of a gradient.

Y. Ganin, V. Lempitsky, arXiv:1409.7495: beside the classifier of labels, a classifier of domains
(labelled or not) learns from the same features, and what it would have them be, they become
less: in the end the features do not tell the domains apart, and what tells the labels apart in
one domain does so in the other.
"""

from __future__ import annotations

import math
from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rootml.adapter import View
from rootml.errors import TrainingError
from rootml.training.feed import TensorBatch
from rootml.training.learner import Torch
from rootml.training.learning import Learning
from rootml.training.objective import Objective

WIDTH = 100
"""Hidden units of the classifier of domains (ibid., figure 4a)."""
STEEPNESS = 10.0
"""How soon the reversed gradient comes in (ibid., section 4.1)."""


@runtime_checkable
class Adaptable(Protocol):
    """A network in two halves: ``classify(features(*tensors))`` is all of it.

    ``features`` are (n, d), those that shall be alike in both domains.
    """

    def features(self, *tensors: Tensor) -> Tensor:
        """Features (n, d) of tensors (n, *shape)."""

    def classify(self, features: Tensor) -> Tensor:
        """What the network returns, of its features."""


class Reversal(torch.autograd.Function):
    """Passes values as they are, and their gradient times ``-weight``."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, weight: float) -> Tensor:
        """Return the values."""
        ctx.weight = weight
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Return the gradient, reversed."""
        (gradient,) = gradients
        return -ctx.weight * gradient, None


def reverse(values: Tensor, weight: float) -> Tensor:
    """The values, whose gradient will count ``-weight`` times."""
    return cast(Tensor, Reversal.apply(values, weight))  # type: ignore[no-untyped-call]


def reversal_weight(progress: float) -> float:
    """Weight of the reversed gradient, 0 at the beginning (``progress`` 0) and nearly 1 at 1."""
    return 2 / (1 + math.exp(-STEEPNESS * progress)) - 1


class Adapting(Learning):
    """Learns labels from batches that have them, and domains from both kinds of batches.

    The best epoch has the lowest loss of labels less the weighted loss of domains (ibid., eq. 9),
    of which no more counts than that of a guess: the loss of labels alone is the lowest before
    the reversal has come in. Nothing is taken from the truth of the other domain.
    """

    monitor = "validation_objective"

    def __init__(
        self, network: nn.Module, learner: Torch, objective: Objective, seed: int, view: View
    ) -> None:
        super().__init__(network, learner, objective, seed)
        self.domain = nn.Sequential(
            nn.Linear(_width(network, view), WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1)
        )

    def training_step(self, batch: Any, index: int) -> Tensor:
        """Loss of labels and of domains."""
        return self._both("train", batch)

    def validation_step(self, batch: Any, index: int) -> None:
        """Log the figures of labels and of domains."""
        self._both("validation", batch)

    def _both(self, part: str, batch: tuple[TensorBatch, TensorBatch]) -> Tensor:
        (labelled, truth, row_weight), (unlabelled, *_) = batch
        tensors = [torch.cat((tensor, unlabelled[name])) for name, tensor in labelled.items()]
        network = _halves(self.network)
        features = network.features(*tensors)
        raw = network.classify(features[: len(truth)]).float()
        progress = self.global_step / self.trainer.estimated_stepping_batches
        weight = reversal_weight(progress)
        logits = self.domain(reverse(features, weight)).squeeze(1).float()
        is_other = (torch.arange(len(logits), device=logits.device) >= len(truth)).float()
        domain_loss = F.binary_cross_entropy_with_logits(logits, is_other)
        loss = self.record(part, raw, truth, row_weight)
        aim = loss - weight * domain_loss.clamp(max=math.log(2))
        accuracy = ((logits > 0) == (is_other > 0)).float().mean()
        self.record_figures(part, {"objective": aim, "domain_accuracy": accuracy}, len(truth))
        return loss + domain_loss


def _halves(network: nn.Module) -> Adaptable:
    if not isinstance(network, Adaptable):
        raise TrainingError(
            f"{type(network).__name__} cannot be adapted: it needs the methods "
            "features(*tensors), which returns (n, d), and classify(features)"
        )
    return network


def _width(network: nn.Module, view: View) -> int:
    """Number of the features."""
    examples = [torch.zeros(2, *map(int, spec.shape)) for spec in view.tensors]
    training = network.training
    with torch.inference_mode():
        shape = _halves(network.eval()).features(*examples).shape
    network.train(training)
    if len(shape) != 2:
        raise TrainingError(
            f"{type(network).__name__}.features returns {tuple(shape)} of 2 events, not (2, d)"
        )
    return int(shape[1])
