"""The training loop of networks, by Lightning: early stopping, checkpoints, figures by epoch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, Timer, TQDMProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch import nn

from rootml.errors import TrainingError
from rootml.training.adaptation import Adapting
from rootml.training.checkpoints import Checkpoint, Patience, WholeFiles
from rootml.training.data import DataSet
from rootml.training.feed import Feed
from rootml.training.job import Parts, Run
from rootml.training.learner import Precision, Torch
from rootml.training.learning import Learning
from rootml.training.norms import PreciseNorm
from rootml.training.objective import Objective
from rootml.training.optimiser import MovingAverage
from rootml.training.usage import Usage

EXPECTED_WARNINGS = (
    "Experiment logs directory .* exists",
    "Checkpoint directory .* exists",
)
"""What Lightning warns of although it is meant: folders are resumed."""


@dataclass(frozen=True)
class Outcome:
    """A finished training: its best network (eval mode, on the CPU), and how it went.

    ``rate``: training events a second; ``waiting``: share of the time spent waiting for them.
    """

    network: nn.Module
    epochs: int
    best_epoch: int
    minutes: float
    precision: Precision
    loss: float
    rate: float
    waiting: float


def fit(
    run: Run,
    learner: Torch,
    data: DataSet,
    parts: Parts,
    objective: Objective,
    watchers: Sequence[Callback] = (),
) -> Outcome:
    """Train, and return the network of the lowest validation loss.

    Checkpoints (``last.ckpt``, ``best.ckpt``) and ``version_*/metrics.csv`` go to the run's
    folder of checkpoints. A run that resumes goes on after the last epoch that was completed.
    ``watchers``: further callbacks of Lightning.
    """
    folder, precision = run.checkpoints, resolve_precision(learner)
    last = folder / "last.ckpt"
    timer = Timer(_duration(learner.max_time), interval="epoch", verbose=False)
    averages = [] if learner.average is None else [MovingAverage(learner.average)]
    with _seeded(run.recipe.seed), _quiet():
        network = learner.build(run.view, **learner.parameters)
        module = _module(run, learner, network, objective)
        best, latest = Checkpoint(folder, "best", module.monitor), Checkpoint(folder, "last")
        stop = Patience(module.monitor, learner.tolerance, learner.patience)
        feed = Feed(run, learner, data, parts)
        usage = Usage(feed)
        callbacks = [*averages, PreciseNorm(feed), usage, *watchers, best, latest, timer, stop]
        trainer = _trainer(run, learner, precision, callbacks)
        resumed = last if run.resume and last.exists() else None
        trainer.fit(module, datamodule=feed, ckpt_path=resumed, weights_only=True)
    if not best.best_model_path:
        raise TrainingError(f"{folder}: the training ended before an epoch was complete")
    state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
    module.load_state_dict(state["state_dict"])
    assert best.best_model_score is not None
    progress: Any = trainer.fit_loop.epoch_progress.current
    return Outcome(
        network=module.network.cpu().eval(),
        epochs=progress.processed,  # also where none was left to do
        best_epoch=int(state["epoch"]) + 1,
        minutes=timer.time_elapsed("train") / 60,
        precision=precision,
        loss=float(best.best_model_score),
        rate=usage.rate,
        waiting=usage.waiting,
    )


def _module(run: Run, learner: Torch, network: nn.Module, objective: Objective) -> Learning:
    if run.target is None:
        return Learning(network, learner, objective, run.recipe.seed)
    return Adapting(network, learner, objective, run.recipe.seed, run.view)


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
        devices=learner.devices,
        num_nodes=learner.nodes,
        strategy=_strategy(learner),
        precision="bf16-mixed" if precision == "bf16" else "32-true",
        max_epochs=learner.epochs,
        accumulate_grad_batches=learner.accumulate,
        gradient_clip_val=learner.clip,
        callbacks=callbacks,
        plugins=[WholeFiles()],
        logger=CSVLogger(run.checkpoints, name="", flush_logs_every_n_steps=1),
        enable_progress_bar=run.progress,
        enable_model_summary=False,
        log_every_n_steps=1,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
    )


def _strategy(learner: Torch) -> str:
    """Lightning's; of several processes, one that bears weights without gradient."""
    if learner.strategy == "auto" and learner.devices * learner.nodes > 1:
        return "ddp_find_unused_parameters_true"
    return learner.strategy


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
