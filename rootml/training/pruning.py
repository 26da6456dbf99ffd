"""Trials of networks that are cut short where they do worse than others did."""

from __future__ import annotations

import lightning as L
import optuna

from rootml.training.data import DataSet
from rootml.training.job import Parts, Run
from rootml.training.learner import Torch
from rootml.training.learning import Learning
from rootml.training.loop import fit
from rootml.training.network import aimed


class Reporting(L.Callback):
    """Tells a trial the monitored figure of each epoch, and ends it when the search says so."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Report an epoch."""
        assert isinstance(pl_module, Learning)
        loss = float(trainer.callback_metrics[pl_module.monitor])
        self.trial.report(loss, trainer.current_epoch)
        if self.trial.should_prune():
            raise optuna.TrialPruned


def network_loss(
    run: Run, learner: Torch, data: DataSet, parts: Parts, trial: optuna.Trial
) -> float:
    """The lowest validation loss of a network; optuna.TrialPruned where it was cut short."""
    aim, seen = aimed(run, data, parts)
    return fit(run, learner, seen, parts, aim, [Reporting(trial)]).loss
