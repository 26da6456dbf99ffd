"""Steps of a network's weights: Adam or AdamW, their learning rate, the average of the weights."""

from __future__ import annotations

import math
from collections.abc import Iterable

from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR
from torch.optim.swa_utils import get_ema_multi_avg_fn

from rootml.training.learner import Torch


def optimiser(learner: Torch, parameters: Iterable[Parameter]) -> Optimizer:
    """Adam (D. P. Kingma, J. Ba, arXiv:1412.6980) or, where weights decay, AdamW.

    Biases and the gains of norms, which have one axis, do not decay.
    """
    weights = list(parameters)
    if not learner.weight_decay:
        return Adam(weights, lr=learner.learning_rate)
    matrices = [weight for weight in weights if weight.ndim > 1]
    vectors = [weight for weight in weights if weight.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": learner.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=learner.learning_rate)


def scheduler(learner: Torch, optimizer: Optimizer, steps: int) -> LRScheduler:
    """The learning rate of each of ``steps`` steps; the recipe's is its maximum."""
    rising = learner.schedule_warmup
    if learner.schedule == "one-cycle":
        return OneCycleLR(optimizer, learner.learning_rate, total_steps=steps, pct_start=rising)
    first = round(rising * steps)

    def factor(step: int) -> float:
        if step < first:
            return (step + 1) / (first + 1)
        if learner.schedule == "constant":
            return 1.0
        return (1 + math.cos(math.pi * min(1.0, (step - first) / (steps - first)))) / 2

    return LambdaLR(optimizer, factor)


class MovingAverage(WeightAveraging):
    """An exponential moving average of the weights, which is validated and saved.

    The decay of step n is at most (1 + n) / (10 + n), so that the average leaves the first,
    random weights behind soon (as ``tf.train.ExponentialMovingAverage`` has it).
    """

    def __init__(self, decay: float) -> None:
        def update(averaged: list[Tensor], current: list[Tensor], count: Tensor) -> None:
            n = int(count)
            average = get_ema_multi_avg_fn(min(decay, (1 + n) / (10 + n)))  # type: ignore[no-untyped-call]
            average(averaged, current, count)

        super().__init__(use_buffers=False, multi_avg_fn=update)
