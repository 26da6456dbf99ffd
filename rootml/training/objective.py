"""What a torch network's output means: its loss, and the columns it becomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rootml.adapter import View
from rootml.errors import TrainingError
from rootml.training.data import DataSet, Rows
from rootml.training.losses import CrossEntropy, Gaussian, Loss, MeanSquare
from rootml.training.relative import physical, place
from rootml.training.task import Regression, Task
from rootml.training.truth import signal_weight

Deploy = Callable[[Tensor, Sequence[Tensor]], Sequence[Tensor]]
Likelihood = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """``loss(raw, truth, weight)`` of a batch, further ``figures`` to log, and ``deploy``.

    ``deploy(raw, tensors)`` gives one tensor (n, ...) an output, in order, of what the network
    makes of its ``tensors``. ``title``: what the loss is called. ``likelihood(raw, truth, weight)``
    of logits of classes: the weighted mean negative log probability of the true ones.
    """

    loss: Callable[[Tensor, Tensor, Tensor], Tensor]
    deploy: Deploy
    title: str
    figures: Callable[[Tensor, Tensor], dict[str, Tensor]] = lambda raw, truth: {}
    likelihood: Likelihood | None = None


class Deployed(nn.Module):
    """A network with its final transformation, as it is exported: the columns in float32."""

    def __init__(self, network: nn.Module, deploy: Deploy) -> None:
        super().__init__()
        self.network = network
        self.deploy = deploy

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the value of each output for each row, (n, ...) each."""
        return tuple(self.deploy(self.network(*tensors), tensors))


def objective(task: Task, view: View, data: DataSet, train: Rows) -> Objective:
    """The objective of ``task``, weighted by what there is in the training part."""
    if isinstance(task, Regression):
        return regression(task, view)
    return classification(signal_weight(data.truth[train]))


def classification(weight: float) -> Objective:
    """Binary cross entropy of logits (n,), with the signal weighted."""

    def loss(raw: Tensor, truth: Tensor, _: Tensor) -> Tensor:
        positive = torch.tensor(weight, device=raw.device)
        return F.binary_cross_entropy_with_logits(raw, truth, pos_weight=positive)

    def figures(raw: Tensor, truth: Tensor) -> dict[str, Tensor]:
        return {"accuracy": ((raw > 0) == (truth > 0)).float().mean()}

    def likelihood(raw: Tensor, truth: Tensor, row_weight: Tensor) -> Tensor:
        each = F.binary_cross_entropy_with_logits(raw, truth, reduction="none")
        return (row_weight * each).sum() / row_weight.sum()

    title = "Weighted cross entropy"
    return Objective(loss, lambda raw, _: (torch.sigmoid(raw),), title, figures, likelihood)


def regression(task: Regression, view: View) -> Objective:
    """The loss of ``task``, and what becomes of its estimates where they are relative."""
    usual = MeanSquare() if len(task.estimates) == 1 else Gaussian()
    chosen = task.loss or usual
    rows = chosen.rows if isinstance(chosen, Loss) else chosen
    estimates = chosen.estimates if isinstance(chosen, Loss) else task.transform
    assert estimates is not None
    reference = place(task, view) if task.reference else None

    def loss(raw: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
        if truth.ndim > 1 and isinstance(chosen, Loss) and not chosen.shaped:
            raise TrainingError(
                f"{chosen.title} is of one true number a row; {task.target!r} has an array of the "
                f"shape {tuple(truth.shape[1:])}"
            )
        made = rows(raw, truth)
        if made.ndim == 0 and task.weighted:
            raise TrainingError("rows have weights: a loss of one's own gives one number a row")
        if made.ndim and made.shape != weight.shape:
            raise TrainingError(
                f"the loss of truth {tuple(truth.shape)} has the shape {tuple(made.shape)}: "
                "expected one number a row"
            )
        return made if made.ndim == 0 else (weight * made).mean()

    def deploy(raw: Tensor, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        made = estimates(raw)
        if reference is None:
            return made
        return physical(task, made, tensors[reference].reshape(-1))

    def likelihood(raw: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
        assert isinstance(chosen, CrossEntropy)
        return (weight * chosen.likelihood(raw, truth)).sum() / weight.sum()

    title = chosen.title if isinstance(chosen, Loss) else "Loss"
    of_classes = likelihood if isinstance(chosen, CrossEntropy) else None
    return Objective(loss, deploy, title, likelihood=of_classes)
