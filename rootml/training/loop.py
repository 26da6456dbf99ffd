"""The training loop of networks, by Lightning: Adam, early stopping, checkpoints."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
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

from rootml.errors import TrainingError
from rootml.training.data import DataSet
from rootml.training.feed import Feed, TensorBatch
from rootml.training.job import Parts, Run
from rootml.training.learner import Precision, Torch
from rootml.training.norms import PreciseNorm
from rootml.training.objective import Objective

EXPECTED_WARNINGS = (
    "The '.*_dataloader' does not have many workers",
    "Experiment logs directory .* exists",
    "Checkpoint directory .* exists",
)
"""What Lightning warns of although it is meant: data are mapped, and folders are resumed."""


@dataclass(frozen=True)
class Outcome:
    """A finished training: its best network (eval mode, on the CPU), epochs and minutes."""

    network: nn.Module
    epochs: int
    best_epoch: int
    minutes: float
    precision: Precision


class Learning(L.LightningModule):
    """The network of a recipe with its objective and optimiser."""

    def __init__(self, network: nn.Module, learning_rate: float, objective: Objective) -> None:
        super().__init__()
        self.network = network
        self.learning_rate = learning_rate
        self.objective = objective

    def forward(self, *tensors: Tensor) -> Tensor:
        """What the network returns, of tensors (n, *shape)."""
        raw: Tensor = self.network(*tensors)
        return raw

    def training_step(self, batch: TensorBatch, index: int) -> Tensor:
        """Loss of one batch."""
        return self._step("train", batch)

    def validation_step(self, batch: TensorBatch, index: int) -> None:
        """Log the loss and further figures of one batch."""
        self._step("validation", batch)

    def _step(self, part: str, batch: TensorBatch) -> Tensor:
        tensors, truth = batch
        raw = self(*tensors.values()).float()
        loss = self.objective.loss(raw, truth)
        values = {"loss": loss} | self.objective.figures(raw, truth)
        named = {f"{part}_{name}": value for name, value in values.items()}
        self.log_dict(named, on_step=False, on_epoch=True, batch_size=len(truth))
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam (D. P. Kingma, J. Ba, arXiv:1412.6980)."""
        return torch.optim.Adam(self.network.parameters(), lr=self.learning_rate)


class Checkpoint(ModelCheckpoint):
    """Lightning's, which also remembers what was best in a folder that was moved or copied."""

    def __init__(self, folder: Path, name: str, monitor: str | None = None) -> None:
        super().__init__(folder, name, monitor=monitor, enable_version_counter=False)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what is remembered, with all paths in the folder of now."""

        def here(path: str) -> str:
            return str(Path(str(self.dirpath), Path(path).name)) if path else ""

        names = ("best_model_path", "kth_best_model_path", "last_model_path")
        state = state_dict | {name: here(state_dict[name]) for name in names}
        state["best_k_models"] = {here(p): s for p, s in state_dict["best_k_models"].items()}
        super().load_state_dict(state | {"dirpath": self.dirpath})


def fit(run: Run, learner: Torch, data: DataSet, parts: Parts, objective: Objective) -> Outcome:
    """Train, and return the network of the lowest validation loss.

    Checkpoints (``last.ckpt``, ``best.ckpt``) and ``version_*/metrics.csv`` go to the run's
    folder of checkpoints.
    """
    folder = run.checkpoints
    last = folder / "last.ckpt"
    if run.resume and not last.exists():
        raise TrainingError(f"{last} does not exist: there is no training to resume")
    precision = resolve_precision(learner)
    best, latest = Checkpoint(folder, "best", "validation_loss"), Checkpoint(folder, "last")
    timer = Timer(_duration(learner.max_time), interval="epoch", verbose=False)
    stop = EarlyStopping("validation_loss", learner.tolerance, learner.patience)
    with _seeded(run.recipe.seed), _quiet():
        module = Learning(learner.build(run.view), learner.learning_rate, objective)
        feed = Feed(run, learner, data, parts)
        trainer = _trainer(run, learner, precision, [PreciseNorm(feed), best, latest, timer, stop])
        trainer.fit(module, datamodule=feed, ckpt_path=last if run.resume else None)
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


def resolve_precision(learner: Torch) -> Precision:
    """The precision that "auto" stands for on the device that will be used."""
    if learner.precision != "auto":
        return learner.precision
    if learner.device != "cpu" and torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "32"
    query = getattr(torch.cpu, "get_capabilities", None)  # torch 2.10 or later
    capabilities = query() if query else {}
    return "bf16" if capabilities.get("amx_bf16") or capabilities.get("avx512_bf16") else "32"


def _trainer(
    run: Run, learner: Torch, precision: Precision, callbacks: list[Callback]
) -> L.Trainer:
    if learner.device == "cuda" and not torch.cuda.is_available():
        raise TrainingError("device 'cuda': torch sees no CUDA device on this machine")
    if run.progress:
        callbacks = [*callbacks, TQDMProgressBar(refresh_rate=20)]
    return L.Trainer(
        accelerator=learner.device,
        devices=1,
        precision="bf16-mixed" if precision == "bf16" else "32-true",
        max_epochs=learner.epochs,
        callbacks=callbacks,
        logger=CSVLogger(run.checkpoints, name=""),
        enable_progress_bar=run.progress,
        enable_model_summary=False,
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
    )


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
