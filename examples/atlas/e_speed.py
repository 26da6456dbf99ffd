"""(e) How many electrons a second, by engine, on one thread and on all.

\b
    python examples/atlas/e_speed.py --model film_atlas --test-events 1024

The engines take turns, round by round, on the same electrons in memory: what else the machine does
meets all alike. The ratio to the first is that within rounds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from energies.options import Options, command
from energies.study import Study

import rootml
from rootml.cli import run
from rootml.errors import MissingExtra, NetworkError
from rootml.runtime.engines import NAMES
from rootml.runtime.model import Model
from rootml.spec import Array

ROUNDS = 7
MOST = 1024
"""Electrons that are judged in a round."""


def main(options: Options) -> None:
    study = Study("e", "e_speed", "Electrons a second", options)
    model = study.model()
    sample = study.sample("mc_test")
    view = rootml.load(model.name).view
    events = next(sample.chunks(view.columns))[:MOST]
    started = time.perf_counter()
    batch = view.build(events)
    building = time.perf_counter() - started
    rows = len(next(iter(batch.tensors.values())))
    models = engines(model.name)
    seconds = timed(models, batch.tensors)
    first = next(iter(seconds.values()))
    study.note(
        electrons=rows,
        cores=os.cpu_count(),
        rounds=ROUNDS,
        building=rows / building,
        engines={
            name: {
                "rate": _spread(rows / values),
                "ratio": _spread(first / values),
                "whole": rows / (float(np.median(values)) + building),
                "difference": _difference(models[name], models, batch.tensors),
            }
            for name, values in seconds.items()
        },
    )
    study.write()


def engines(name: str) -> dict[str, Model]:
    """The network in each engine that is installed and runs its format, by engine and threads."""
    card = rootml.load(name).card
    found = {}
    for engine in NAMES:
        for threads in sorted({1, os.cpu_count() or 1}):
            try:
                found[f"{engine}, {threads} thread{'s' * (threads > 1)}"] = rootml.load(
                    name, threads=threads, engine=engine
                )
            except (MissingExtra, NetworkError):
                continue
    if not found:
        raise NetworkError(f"no engine runs networks of {card.network.format}")
    return found


def timed(models: Mapping[str, Model], tensors: Mapping[str, Array]) -> dict[str, Array]:
    """Seconds (rounds,) of the clock that each engine needs for all rows."""
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(ROUNDS + 1):
        for name, model in models.items():
            started = time.perf_counter()
            model(tensors)
            if turn:  # the first warms up
                seconds[name].append(time.perf_counter() - started)
    return {name: np.array(values) for name, values in seconds.items()}


def _difference(model: Model, models: Mapping[str, Model], tensors: Mapping[str, Array]) -> float:
    """Largest relative difference of the energies from those of the first engine."""
    few = {name: values[:256] for name, values in tensors.items()}
    one, first = (each(few)["energy"] for each in (model, next(iter(models.values()))))
    return float(f"{np.abs(one / first - 1).max():.2g}")


def _spread(values: Array) -> dict[str, Any]:
    """Median, smallest and largest of the rounds."""
    return {
        "value": float(f"{np.median(values):.4g}"),
        "low": float(f"{values.min():.4g}"),
        "high": float(f"{values.max():.4g}"),
    }


if __name__ == "__main__":
    run(command(main), "e_speed.py")
