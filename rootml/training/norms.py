"""Batch norms whose statistics belong to the weights that are validated and exported."""

from __future__ import annotations

import lightning as L
import torch
from torch import nn

from rootml.training.feed import Feed

EVENTS = 1024
"""Enough according to Y. Wu, J. Johnson, arXiv:2105.07576, section 3.2."""

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class PreciseNorm(L.Callback):
    """Before each validation, measure the statistics anew over training events.

    Comes after a callback that puts averaged weights in place.

    The running averages kept in training lag behind the weights, the more so the fewer steps
    an epoch has (the same paper, section 3.1). Here the weights stand still.
    """

    def __init__(self, feed: Feed) -> None:
        self.feed = feed

    def on_validation_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Replace the running statistics of every batch norm."""
        norms = [m for m in pl_module.modules() if isinstance(m, BATCH_NORMS)]
        momenta = [norm.momentum for norm in norms]
        if not norms:
            return
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # a plain mean over the batches
            norm.train()
        with torch.inference_mode(), trainer.precision_plugin.forward_context():
            for tensors in self.feed.calibration(EVENTS):
                pl_module(*(tensor.to(pl_module.device) for tensor in tensors.values()))
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
