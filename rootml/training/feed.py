"""Batches of a data set, in an order that follows from the seed and the epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rootml.training.data import DataSet, Rows
from rootml.training.job import Parts, Run
from rootml.training.learner import Torch

TensorBatch = tuple[dict[str, Tensor], Tensor]
Transform = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


class Selection(Dataset[TensorBatch]):
    """Some rows of a data set; torch fetches a batch of them at once."""

    def __init__(self, data: DataSet, rows: Rows) -> None:
        self.data, self.rows = data, rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, indices: Sequence[int]) -> TensorBatch:
        """Tensors (n, *shape) by name, and truth (n,) as float32."""
        rows = self.rows[indices]
        tensors = {
            name: torch.from_numpy(np.array(tensor[rows]))
            for name, tensor in self.data.tensors.items()
        }
        return tensors, torch.from_numpy(self.data.truth[rows].astype(np.float32))


class Feed(L.LightningDataModule):
    """Training batches, shuffled anew each epoch, and validation batches, always the same."""

    def __init__(self, run: Run, learner: Torch, data: DataSet, parts: Parts) -> None:
        super().__init__()
        self.run, self.learner, self.data, self.parts = run, learner, data, parts
        self.seed = run.recipe.seed

    def train_dataloader(self) -> DataLoader[TensorBatch]:
        """All training events or, where the recipe limits them, a new draw each epoch."""
        epoch = 0 if self.trainer is None else self.trainer.current_epoch
        rng = np.random.default_rng((self.seed, epoch))
        rows = rng.permutation(self.parts["train"])[: self.run.recipe.limits.get("train")]
        warmup = self.learner.warmup
        if warmup is None or epoch >= warmup.epochs:
            return self._loader(rows)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        return self._loader(rows, lambda tensors: warmup.transform(tensors, generator))

    def calibration_dataloader(self) -> DataLoader[TensorBatch]:
        """Training events as they will be judged, always in the same order."""
        rng = np.random.default_rng(self.seed)
        return self._loader(rng.permutation(self.parts["train"]))

    def val_dataloader(self) -> DataLoader[TensorBatch]:
        """The validation events."""
        return self._loader(self.run.draw(self.parts, "validation"))

    def _loader(self, rows: Rows, transform: Transform = dict) -> DataLoader[TensorBatch]:
        return DataLoader(
            Selection(self.data, rows),
            batch_size=self.learner.batch_size,
            collate_fn=lambda batch: (transform(batch[0]), batch[1]),
        )
