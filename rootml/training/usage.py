"""How busy a training keeps its device."""

from __future__ import annotations

import time
from typing import Any

import lightning as L

from rootml.training.feed import Feed


class Usage(L.Callback):
    """Logs, by epoch, events a second and the share of the time spent waiting for data.

    Time of validation does not count. ``totals`` (events, seconds, seconds waited) are of all
    epochs, those before a resumption included.
    """

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.totals = {"events": 0.0, "seconds": 0.0, "waited": 0.0}
        self._begin = self._end = 0.0

    @property
    def rate(self) -> float:
        """Training events a second."""
        return self.totals["events"] / max(self.totals["seconds"], 1e-9)

    @property
    def waiting(self) -> float:
        """Share of the time spent waiting for data, 0 to 1."""
        return self.totals["waited"] / max(self.totals["seconds"], 1e-9)

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._begin = self._end = time.monotonic()

    def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
        """Remember when the last batch was done."""
        self._end = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Log the epoch's figures."""
        seconds = max(self._end - self._begin, 1e-9)
        events = self.feed.events * trainer.world_size
        epoch = {"events": events, "seconds": seconds, "waited": self.feed.waited}
        self.totals = {name: value + epoch[name] for name, value in self.totals.items()}
        figures = {
            "events_per_second": events / seconds,
            "waiting_for_data": self.feed.waited / seconds,
        }
        pl_module.log_dict(figures, prog_bar=True, sync_dist=True)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return dict(self.totals)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.totals = dict(state_dict)
