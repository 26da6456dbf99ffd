"""Batches of a data set, read ahead, in an order that follows from the seed and the epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, cast

import lightning as L
import numpy as np
import torch
from lightning.pytorch.utilities import CombinedLoader
from torch import Generator, Tensor
from torch.utils.data import DistributedSampler

from rootml.training.data import DataSet, Rows
from rootml.training.job import Parts, Run
from rootml.training.learner import Torch
from rootml.training.split import USUAL

TensorBatch = tuple[dict[str, Tensor], Tensor, Tensor]
"""Tensors by name, truth and weight of some rows."""
Transform = Callable[[dict[str, Tensor]], dict[str, Tensor]]

AHEAD = 4
"""Batches that are read before they are asked for."""


def fresh(rows: Rows, count: int, epoch: int, seed: int) -> Rows:
    """The rows of an epoch: ``count`` of them, in random order.

    The epochs walk through all rows, reordered for each walk, before one comes again.
    """
    begin = epoch * count
    first, last = begin // len(rows), (begin + count - 1) // len(rows)
    walks = [
        np.random.default_rng((seed, walk)).permutation(rows) for walk in range(first, last + 1)
    ]
    offset = begin - first * len(rows)
    return np.concatenate(walks)[offset : offset + count]


class Batches:
    """Batches of some rows of a data set, in their order, read by a thread of its own.

    They are of equal size, up to one row: none is so small that a batch norm fails on it. In
    each, rows stand as in the data set, for the sake of the disk. ``waited``: seconds that
    whoever iterates had to wait for them.
    """

    def __init__(
        self,
        data: DataSet,
        rows: Rows,
        batch_size: int,
        transform: Transform = lambda tensors: tensors,
        *,
        pin: bool = False,
    ) -> None:
        self.data, self.transform, self.pin = data, transform, pin
        self.events = len(rows)
        count = min(-(-len(rows) // batch_size), len(rows) // 2)
        self.parts = np.array_split(rows, max(1, count))
        self.waited = 0.0

    def __len__(self) -> int:
        return len(self.parts)

    def __iter__(self) -> Iterator[TensorBatch]:
        self.waited = 0.0
        pending: deque[Future[TensorBatch]] = deque()
        with ThreadPoolExecutor(1, "batches") as thread:
            try:
                for rows in self.parts:
                    pending.append(thread.submit(self._read, np.sort(rows)))
                    if len(pending) > AHEAD:
                        yield self._wait(pending.popleft())
                thread.shutdown(wait=False)
                while pending:
                    yield self._wait(pending.popleft())
            finally:
                thread.shutdown(cancel_futures=True)

    def _read(self, rows: Rows) -> TensorBatch:
        """Tensors (n, *shape) by name, truth and weight (n,) as float32."""
        tensors = {
            name: torch.from_numpy(np.array(tensor[rows]))
            for name, tensor in self.data.tensors.items()
        }
        tensors = self.transform(tensors)
        truth = torch.from_numpy(self.data.truth[rows].astype(np.float32))
        weights = self.data.weights
        weight = torch.ones(len(rows)) if weights is None else torch.from_numpy(weights[rows])
        if self.pin:
            tensors = {name: tensor.pin_memory() for name, tensor in tensors.items()}
        return tensors, truth, weight

    def _wait(self, batch: Future[TensorBatch]) -> TensorBatch:
        begin = monotonic()
        result = batch.result()
        self.waited += monotonic() - begin
        return result


class Feed(L.LightningDataModule):
    """Training batches, other ones each epoch, and validation batches, always the same.

    Of several processes each gets its share of the rows. Where there is another domain to adapt
    to, each batch comes with one of as many of its events, from the same part; its test part is
    never looked at.
    """

    def __init__(self, run: Run, learner: Torch, data: DataSet, parts: Parts) -> None:
        super().__init__()
        self.run, self.learner = run, learner
        self.seed = run.recipe.seed
        self.domains = [(data, parts)]
        if run.target is not None:
            self.domains.append((run.target, run.target.parts(self.seed, USUAL)))
        self._training: list[Batches] = []

    @property
    def events(self) -> int:
        """Training events of the epoch, in this process."""
        return self._training[0].events if self._training else 0

    @property
    def waited(self) -> float:
        """Seconds that were waited for training events in this epoch."""
        return sum(batches.waited for batches in self._training)

    def train_dataloader(self) -> Any:
        """All training events or, where the recipe limits them, fresh ones each epoch."""
        epoch = 0 if self.trainer is None else self.trainer.current_epoch
        total = len(self.domains[0][1]["train"])
        count = min(total, self.run.recipe.limits.get("train", total))
        self._training = [
            self._batches(
                data,
                self._share(fresh(parts["train"], count, epoch, self.seed)),
                self._transform(epoch, domain),
            )
            for domain, (data, parts) in enumerate(self.domains)
        ]
        return _together(self._training)

    def val_dataloader(self) -> Any:
        """The validation events."""
        (data, parts), *others = self.domains
        rows = self.run.draw(parts, "validation")
        loaders = [self._batches(data, self._share(rows))]
        for other, other_parts in others:
            drawn = fresh(other_parts["validation"], len(rows), 0, self.seed)
            loaders.append(self._batches(other, self._share(drawn)))
        return _together(loaders)

    def calibration(self, events: int) -> Iterator[dict[str, Tensor]]:
        """Tensors of so many training events of each domain, as they will be judged."""
        loaders = [
            self._batches(
                data, fresh(parts["train"], min(events, len(parts["train"])), 0, self.seed)
            )
            for data, parts in self.domains
        ]
        for batches in zip(*loaders, strict=False):
            tensors = [tensors for tensors, *_ in batches]
            yield {name: torch.cat([each[name] for each in tensors]) for name in tensors[0]}

    def _transform(self, epoch: int, domain: int) -> Transform:
        """What is done to training batches of an epoch, always the same for the same epoch."""
        generator = _generator(self.seed, epoch, self._rank, domain)
        augment, warmup = self.learner.augment, self.learner.warmup

        def transform(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
            if augment is not None:
                tensors = augment(tensors, generator)
            if warmup is not None and epoch < warmup.epochs:
                tensors = warmup.transform(tensors, generator)
            return dict(tensors)

        return transform

    @property
    def _rank(self) -> int:
        return 0 if self.trainer is None else self.trainer.global_rank

    def _share(self, rows: Rows) -> Rows:
        if self.trainer is None or self.trainer.world_size == 1:
            return rows
        world = self.trainer.world_size
        sampler: Any = DistributedSampler(cast(Any, rows), world, self._rank, shuffle=False)
        return rows[np.fromiter(sampler, np.int64)]

    def _batches(self, data: DataSet, rows: Rows, transform: Transform = dict) -> Batches:
        cuda = self.trainer is not None and self.trainer.strategy.root_device.type == "cuda"
        return Batches(data, rows, self.learner.batch_size, transform, pin=cuda)


def _together(loaders: list[Batches]) -> Any:
    """One loader as it is; of several, a batch of each."""
    return loaders[0] if len(loaders) == 1 else CombinedLoader(loaders, "min_size")


def _generator(*seed: int) -> Generator:
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(2)))
