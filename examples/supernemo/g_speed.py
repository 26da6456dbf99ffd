"""(g) How many events a second, on one thread.

\b
    python examples/supernemo/g_speed.py

Tensors and network in memory, and a file of a hit_tree tagged from end to end.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from counted.events import opened
from counted.options import Options, command
from counted.study import Study

import rootml
from rootml.cli import run
from rootml.rootio.source import open_source
from rootml.runtime.model import Model
from rootml_supernemo import ADAPTER

ROUNDS = 7
AT_ONCE = 2000
"""Events that are turned into tensors at a time."""


def main(options: Options) -> None:
    study = Study("g", "g_speed", "Events a second", options)
    model = study.network(opened(options.model))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "events.root"
        size = options.test_events
        ADAPTER.write(path, size, np.random.default_rng(options.seed), tracks="0:3")
        study.note(events=size, rounds=ROUNDS, **in_memory(path, model), **tagged(path, options))
    study.write()


def in_memory(path: Path, model: Model) -> dict[str, Any]:
    """Rates of making tensors, of the network, and of both."""
    with open_source(path, [ADAPTER]) as source:
        events = source.read(model.view.columns, 0, min(AT_ONCE, source.num_entries))
    tensors = model.view.build(events).tensors
    size = len(next(iter(tensors.values())))
    return {
        "building": rate(lambda: model.view.build(events), len(events), ROUNDS),
        "network": rate(lambda: model(tensors), size, ROUNDS),
        "both": rate(lambda: model(model.view.build(events).tensors), len(events), ROUNDS),
    }


def tagged(path: Path, options: Options) -> dict[str, Any]:
    """Rate of tagging a file on one core, without plots."""
    output = path.with_name("tagged.root")

    def tag() -> None:
        rootml.tag_file(path, output, options.model, plots=False, threads=1, overwrite=True)

    return {"file": rate(tag, options.test_events, min(ROUNDS, 3))}


def rate(work: Callable[[], object], events: int, rounds: int) -> dict[str, float]:
    """Events a second of the clock: median, least and most of some rounds, after one to warm up."""
    work()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    rates = events / np.array(seconds)
    low, value, high = (float(f"{q:.4g}") for q in np.quantile(rates, (0, 0.5, 1)))
    return {"value": value, "low": low, "high": high}


if __name__ == "__main__":
    run(command(main, test_events=10_000), "g_speed.py")
