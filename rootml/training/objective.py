"""What a torch network's output means: its loss, and the columns it becomes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rootml.training.data import DataSet, Rows
from rootml.training.task import Regression, Task
from rootml.training.truth import signal_weight


@dataclass(frozen=True)
class Objective:
    """``loss(raw, truth)`` of a batch, further ``figures`` to log, and ``deploy(raw)``.

    ``deploy`` gives one tensor (n,) an output, in order. ``title``: what the loss is called.
    """

    loss: Callable[[Tensor, Tensor], Tensor]
    deploy: Callable[[Tensor], Sequence[Tensor]]
    title: str
    figures: Callable[[Tensor, Tensor], dict[str, Tensor]] = lambda raw, truth: {}


class Deployed(nn.Module):
    """A network with its final transformation, as it is exported: the columns in float32."""

    def __init__(self, network: nn.Module, deploy: Callable[[Tensor], Sequence[Tensor]]) -> None:
        super().__init__()
        self.network = network
        self.deploy = deploy

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the value of each output for each row, (n,) each."""
        return tuple(self.deploy(self.network(*tensors)))


def objective(task: Task, data: DataSet, train: Rows) -> Objective:
    """The objective of ``task``, weighted by what there is in the training part."""
    if not isinstance(task, Regression):
        return classification(signal_weight(data.truth[train]))
    if task.loss is not None and task.transform is not None:
        return Objective(task.loss, task.transform, "Loss")
    if len(task.estimates) == 1:
        return Objective(mean_square, lambda raw: (_column(raw, 0),), "Mean square error")
    return Objective(gaussian, from_mean_and_log, "Negative log likelihood")


def classification(weight: float) -> Objective:
    """Binary cross entropy of logits (n,), with the signal weighted."""

    def loss(raw: Tensor, truth: Tensor) -> Tensor:
        positive = torch.tensor(weight, device=raw.device)
        return F.binary_cross_entropy_with_logits(raw, truth, pos_weight=positive)

    def figures(raw: Tensor, truth: Tensor) -> dict[str, Tensor]:
        return {"accuracy": ((raw > 0) == (truth > 0)).float().mean()}

    return Objective(loss, lambda raw: (torch.sigmoid(raw),), "Weighted cross entropy", figures)


def mean_square(raw: Tensor, truth: Tensor) -> Tensor:
    """Mean square residual; raw is (n,) or (n, 1)."""
    return F.mse_loss(_column(raw, 0), truth)


def gaussian(raw: Tensor, truth: Tensor) -> Tensor:
    """Negative log likelihood of a Gaussian whose mean and log standard deviation are raw, (n, 2).

    C. M. Bishop, Pattern Recognition and Machine Learning (2006), eq. 5.153 with one component.
    """
    pull = (truth - raw[:, 0]) * torch.exp(-raw[:, 1])
    return (pull.square() / 2 + raw[:, 1] + math.log(2 * math.pi) / 2).mean()


def from_mean_and_log(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of raw, (n, 2)."""
    return raw[:, 0], torch.exp(raw[:, 1])


def _column(raw: Tensor, index: int) -> Tensor:
    return raw if raw.ndim == 1 else raw[:, index]
