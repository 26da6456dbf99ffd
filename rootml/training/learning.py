"""A network with its objective and optimiser, as Lightning trains it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import lightning as L
import numpy as np
import torch
from torch import Tensor, nn

from rootml.training.feed import TensorBatch
from rootml.training.learner import Torch
from rootml.training.objective import Objective
from rootml.training.optimiser import optimiser, scheduler


@runtime_checkable
class Taught(Protocol):
    """A network that learns more than its outputs, such as to draw its input again."""

    def with_loss(self, truth: Tensor, *tensors: Tensor) -> tuple[Tensor, Tensor]:
        """What the network returns of tensors (n, *shape), and a further loss (n,) of its own."""


class Learning(L.LightningModule):
    """The network of a recipe, its loss and its steps.

    The loss of a network's own (:class:`Taught`) is added in training; the best epoch is that of
    the task's loss alone. The generators of torch (dropout) start anew each epoch, from the seed: a
    training that goes on after an epoch makes the same steps as one that was not interrupted.
    """

    monitor = "validation_loss"
    """The figure whose lowest value is the best epoch's."""

    def __init__(self, network: nn.Module, learner: Torch, objective: Objective, seed: int) -> None:
        super().__init__()
        self.network = network
        self.learner = learner
        self.objective = objective
        self.seed = seed

    def forward(self, *tensors: Tensor) -> Tensor:
        """What the network returns, of tensors (n, *shape)."""
        raw: Tensor = self.network(*tensors)
        return raw

    def on_train_epoch_start(self) -> None:
        """Seed what is random in the network."""
        seed = np.random.SeedSequence((self.seed, self.current_epoch, self.global_rank))
        torch.manual_seed(int(seed.generate_state(1)[0]))

    def training_step(self, batch: TensorBatch, index: int) -> Tensor:
        """Loss of one batch."""
        return self._step("train", batch)

    def validation_step(self, batch: TensorBatch, index: int) -> None:
        """Log the loss and further figures of one batch."""
        self._step("validation", batch)

    def _step(self, part: str, batch: TensorBatch) -> Tensor:
        tensors, truth, weight = batch
        if not isinstance(self.network, Taught):
            return self.record(part, self(*tensors.values()).float(), truth, weight)
        raw, own = self.network.with_loss(truth, *tensors.values())
        further = (weight * own.float()).mean()
        self.record_figures(part, {"own_loss": further}, len(truth))
        return self.record(part, raw.float(), truth, weight) + further

    def record(self, part: str, raw: Tensor, truth: Tensor, weight: Tensor) -> Tensor:
        """Log the figures of a batch; returns its loss."""
        loss = self.objective.loss(raw, truth, weight)
        self.record_figures(part, {"loss": loss} | self.objective.figures(raw, truth), len(truth))
        return loss

    def record_figures(self, part: str, figures: Mapping[str, Tensor], rows: int) -> None:
        """Log means over the ``rows`` of a batch, to be averaged over the epoch."""
        named = {f"{part}_{name}": value.detach() for name, value in figures.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=rows, sync_dist=True)

    def configure_optimizers(self) -> Any:
        """The optimiser and its schedule, which steps with it."""
        steps = int(self.trainer.estimated_stepping_batches)
        optimizer = optimiser(self.learner, self.parameters())
        schedule = scheduler(self.learner, optimizer, steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }
