"""How many events a second networks train on, and which share of the time they wait for them.

    python benchmarks/training.py ams.root --networks cnn_ams_talk resnet10_ams_talk

Batches of 128 rows of a memory-mapped file: read ahead by a thread, as rootml does; read only when
they are asked for; read ahead by a worker process of torch's DataLoader. One core computes. The
first epoch, in which memory is allocated, does not count.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch.utils.data import DataLoader

from rootml.plugins import get_adapter, get_recipe
from rootml.training import feed
from rootml.training.job import Run
from rootml.training.loop import fit
from rootml.training.objective import objective
from rootml.training.reading import load_dataset

EPOCHS = 3
NETWORKS = ("cnn_ams_talk", "resnet10_ams_talk", "resnet10_ams")
FIGURES = ("events_per_second", "waiting_for_data")


class Worker(feed.Batches):
    """The same batches by a process of torch's DataLoader."""

    def __iter__(self):
        self.waited = 0.0
        loader = iter(
            DataLoader(list(map(np.sort, self.parts)), None, num_workers=1, collate_fn=self._read)
        )
        for _ in self.parts:
            begin = time.monotonic()
            batch = next(loader)
            self.waited += time.monotonic() - begin
            yield batch


READERS = {
    "thread": lambda: mock.patch.object(feed, "AHEAD", feed.AHEAD),
    "none": lambda: mock.patch.object(feed, "AHEAD", 0),
    "worker": lambda: mock.patch.object(feed, "Batches", Worker),
}


def measure(network: str, file: Path, events: int, reader: str) -> tuple[float, float]:
    """Events a second, and share of the time spent waiting."""
    recipe, adapter = get_recipe(network), get_adapter("ams")
    options = {"epochs": EPOCHS, "batch_size": 128, "precision": "32", "device": "cpu"}
    recipe = replace(recipe, learner=recipe.learner.with_options(options | {"warmup": None}))
    view = adapter.views[recipe.view]
    with tempfile.TemporaryDirectory() as name, READERS[reader]():
        folder = Path(name)
        data = load_dataset([file], adapter, view, recipe.task, folder, max_events=events)
        parts = data.parts(1, (0.9, 0.05, 0.05))
        run = Run(network, recipe, adapter, view, folder / "run", "")
        fit(run, recipe.learner, data, parts, objective(recipe.task, view, data, parts["train"]))
        with next(run.checkpoints.glob("version_*/metrics.csv")).open(newline="") as table:
            rows = [row for row in csv.DictReader(table) if row.get(FIGURES[0])]
    rate, waiting = (np.mean([float(row[name]) for row in rows[1:]]) for name in FIGURES)
    return float(rate), float(waiting)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("-n", "--events", type=int, default=5000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print("| network | read by | events/s | waiting |\n|---|---|---|---|")
    for network in arguments.networks:
        for reader in READERS:
            rate, waiting = measure(network, arguments.file, arguments.events, reader)
            print(f"| `{network}` | {reader} | {rate:,.0f} | {waiting:.1%} |", flush=True)


if __name__ == "__main__":
    main()
