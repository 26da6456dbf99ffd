"""How long 10 million scores take to count: ``taskset -c 0 python benchmarks/validation.py``.

A score with truth label and energy, in chunks, with and without weights, with and without two more
variables; then the report of it all. One thread each way: seconds are of the processor, those of
a core that does nothing else.
"""

from __future__ import annotations

import argparse
import time

import awkward as ak
import numpy as np

from rootml.adapter import Adapter, Truth, View
from rootml.card import ModelCard, Network, Output, Training, WorkingPoint
from rootml.spec import Batch
from rootml.validation import Collector, Variable

ADAPTER = Adapter(
    "bench",
    "Benchmark",
    layouts=(),
    views={"flat": View("flat", (), (), lambda events: Batch({}))},
    default_model="bench",
    truth=Truth("label", ("background", "signal")),
    energy="energy",
)
CARD = ModelCard(
    name="bench",
    version="1.0",
    adapter="bench",
    view="flat",
    network=Network(file="bench.onnx", sha256="0" * 64),
    outputs=(Output(name="score", role="score"),),
    working_points=(WorkingPoint(name="loose", output="score", threshold=0.5),),
    training=Training(data="none"),
)
VARIABLES = (Variable("eta", edges=tuple(np.linspace(-2.5, 2.5, 21))), Variable("mu"))


def sample(events: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Columns, scores and weights."""
    rng = np.random.default_rng(1)
    label = rng.integers(0, 2, events)
    score = 1 / (1 + np.exp(-(2.0 * label - 1 + 2 * rng.standard_normal(events))))
    columns = {
        "label": label.astype(np.int8),
        "energy": np.exp(rng.uniform(1, 8, events)).astype(np.float32),
        "eta": rng.uniform(-2.5, 2.5, events).astype(np.float32),
        "mu": rng.poisson(40, events).astype(np.float32),
    }
    return columns, score.astype(np.float32), rng.normal(1, 0.5, events)


def count(data: tuple, chunk: int, variables: tuple[Variable, ...], weighted: bool) -> Collector:
    """A collector filled chunk by chunk."""
    columns, score, weights = data
    collector = Collector(
        CARD, ADAPTER, branches={"score": "score"}, variables=variables, weighted=weighted
    )
    for start in range(0, len(score), chunk):
        part = slice(start, start + chunk)
        events = ak.Array({name: columns[name][part] for name in ("label", "energy")})
        collector.fill(
            events,
            Batch({}),
            {"score": score[part]},
            weights=weights[part] if weighted else None,
            variables={variable.name: columns[variable.name][part] for variable in variables},
        )
    return collector


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scores", type=int, default=10_000_000)
    parser.add_argument("--chunk", type=int, default=100_000, help="scores counted at once")
    options = parser.parse_args()
    data = sample(options.scores)
    print("weights  variables         count [s]  report [s]")
    for weighted in (False, True):
        for variables in ((), VARIABLES):
            clock = [time.process_time()]
            collector = count(data, options.chunk, variables, weighted)
            clock.append(time.process_time())
            collector.report()
            clock.append(time.process_time())
            names = ", ".join(("energy", *(variable.name for variable in variables)))
            counting, reporting = np.diff(clock)
            said = "yes" if weighted else "no"
            print(f"{said:7}  {names:16}  {counting:9.2f}  {reporting:10.2f}", flush=True)


if __name__ == "__main__":
    main()
