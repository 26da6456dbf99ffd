"""The training loop, by Lightning: Adam, weighted loss, early stopping, checkpoints."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    ModelCheckpoint,
    Timer,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from rootml.errors import TrainingError
from rootml.training.data import DataSet
from rootml.training.feed import Feed, Rows, TensorBatch
from rootml.training.norms import PreciseNorm
from rootml.training.recipe import Precision, Recipe

EXPECTED_WARNINGS = (
    "The '.*_dataloader' does not have many workers",
    "Experiment logs directory .* exists",
    "Checkpoint directory .* exists",
)
"""What Lightning warns of although it is meant: data are mapped, and folders are resumed."""

DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Limits:
    """When a training ends, and on what it runs.

    ``minutes``: no epoch begins after so long, the time before a resumption counted in.
    """

    epochs: int
    minutes: float | None = None
    device: str = "auto"
    precision: Precision = "auto"
    progress: bool = False

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise TrainingError(f"no device {self.device!r} (devices: {', '.join(DEVICES)})")
        if self.device == "cuda" and not torch.cuda.is_available():
            raise TrainingError("device 'cuda': torch sees no CUDA device on this machine")


@dataclass(frozen=True)
class Outcome:
    """A finished training: its best network (eval mode, on the CPU), epochs and minutes."""

    network: nn.Module
    epochs: int
    best_epoch: int
    minutes: float
    precision: Precision


class Classifier(L.LightningModule):
    """The network of a recipe with its loss and optimiser."""

    def __init__(self, network: nn.Module, learning_rate: float, signal_weight: float) -> None:
        super().__init__()
        self.network = network
        self.learning_rate = learning_rate
        self.signal_weight = signal_weight

    def forward(self, *tensors: Tensor) -> Tensor:
        """Logits (n,) of tensors (n, *shape)."""
        logits: Tensor = self.network(*tensors)
        return logits

    def training_step(self, batch: TensorBatch, index: int) -> Tensor:
        """Loss of one batch."""
        return self._step("train", batch)

    def validation_step(self, batch: TensorBatch, index: int) -> None:
        """Log loss and accuracy of one batch."""
        self._step("validation", batch)

    def _step(self, part: str, batch: TensorBatch) -> Tensor:
        tensors, labels = batch
        logits = self(*tensors.values()).float()
        weight = torch.tensor(self.signal_weight, device=logits.device)
        loss = binary_cross_entropy_with_logits(logits, labels, pos_weight=weight)
        accuracy = ((logits > 0) == (labels > 0)).float().mean()
        values = {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
        self.log_dict(values, on_step=False, on_epoch=True, batch_size=len(labels))
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam (D. P. Kingma, J. Ba, arXiv:1412.6980)."""
        return torch.optim.Adam(self.network.parameters(), lr=self.learning_rate)


def fit(
    recipe: Recipe,
    data: DataSet,
    parts: Mapping[str, Rows],
    folder: Path,
    limits: Limits,
    *,
    seed: int,
    resume: bool,
) -> Outcome:
    """Train, and return the network of the lowest validation loss.

    Checkpoints (``last.ckpt``, ``best.ckpt``) and ``version_*/metrics.csv`` go to ``folder``.
    """
    last = folder / "last.ckpt"
    if resume and not last.exists():
        raise TrainingError(f"{last} does not exist: there is no training to resume")
    precision = resolve_precision(limits)
    best = ModelCheckpoint(folder, "best", monitor="validation_loss", enable_version_counter=False)
    latest = ModelCheckpoint(folder, "last", enable_version_counter=False)
    timer = Timer(_duration(limits.minutes), interval="epoch", verbose=False)
    stop = EarlyStopping("validation_loss", recipe.tolerance, recipe.patience)
    with _seeded(seed), _quiet():
        module = Classifier(recipe.build(), recipe.learning_rate, _signal_weight(data, parts))
        feed = Feed(data, parts, recipe, seed)
        callbacks = [PreciseNorm(feed), best, latest, timer, stop]
        trainer = _trainer(limits, precision, folder, callbacks)
        trainer.fit(module, datamodule=feed, ckpt_path=last if resume else None)
    if not best.best_model_path:
        raise TrainingError(f"{folder}: the training ended before an epoch was complete")
    state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    module.load_state_dict(state["state_dict"])
    return Outcome(
        network=module.network.cpu().eval(),
        epochs=trainer.current_epoch,
        best_epoch=int(state["epoch"]) + 1,
        minutes=timer.time_elapsed("train") / 60,
        precision=precision,
    )


def resolve_precision(limits: Limits) -> Precision:
    """The precision that "auto" stands for on the device that will be used."""
    if limits.precision != "auto":
        return limits.precision
    if limits.device != "cpu" and torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "32"
    query = getattr(torch.cpu, "get_capabilities", None)  # torch 2.10 or later
    capabilities = query() if query else {}
    return "bf16" if capabilities.get("amx_bf16") or capabilities.get("avx512_bf16") else "32"


def _trainer(
    limits: Limits, precision: Precision, folder: Path, callbacks: list[Callback]
) -> L.Trainer:
    if limits.progress:
        callbacks = [*callbacks, TQDMProgressBar(refresh_rate=20)]
    return L.Trainer(
        accelerator=limits.device,
        devices=1,
        precision="bf16-mixed" if precision == "bf16" else "32-true",
        max_epochs=limits.epochs,
        callbacks=callbacks,
        logger=CSVLogger(folder, name=""),
        enable_progress_bar=limits.progress,
        enable_model_summary=False,
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
    )


def _signal_weight(data: DataSet, parts: Mapping[str, Rows]) -> float:
    background, signal = np.bincount(data.labels[parts["train"]], minlength=2)
    if not background or not signal:
        raise TrainingError(
            f"{background} background and {signal} signal events are left for training: too few"
        )
    return float(background / signal)


def _duration(minutes: float | None) -> timedelta | None:
    return None if minutes is None else timedelta(minutes=minutes)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Torch's global generators (weights, dropout) start from ``seed``, and are put back."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        for category in (FutureWarning, DeprecationWarning):  # between Lightning and torch
            warnings.simplefilter("ignore", category)
        for message in EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message)
        try:
            yield
        finally:
            logger.setLevel(level)
