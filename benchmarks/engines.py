"""The same networks run by every engine that can, on one thread, side by side.

    python benchmarks/engines.py

The engines take turns, round by round, on the same rows in memory; the median round counts, in
seconds of the processor, which other programs disturb less than those of the clock. The
difference is the largest from ONNX Runtime over all rows.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from rootml.registry import find_card, find_network
from rootml.runtime.engine import Engine, EngineOptions
from rootml.runtime.engines import BFLOAT16, ENGINES, engine_class

BATCH = 256
COLUMNS = 30


def mlp(folder: Path) -> dict[str, Path]:
    """A multilayer perceptron 30-128-128-128-1 in each format."""
    torch.manual_seed(1)
    sizes = (COLUMNS, 128, 128, 128)
    hidden = [m for i, o in itertools.pairwise(sizes) for m in (nn.Linear(i, o), nn.ReLU())]
    network = nn.Sequential(*hidden, nn.Linear(128, 1), nn.Sigmoid(), nn.Flatten(0)).eval()
    row = torch.zeros(2, COLUMNS)
    sizes_of = ({0: torch.export.Dim("n")},)
    suffixes = {"onnx": "onnx", "torch-export": "pt2", "torchscript": "pt"}
    paths = {format: folder / f"mlp.{suffix}" for format, suffix in suffixes.items()}
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network, (row,), dynamo=True, verbose=False, dynamic_shapes=sizes_of,
            input_names=["input"], output_names=["score"],
        )  # fmt: skip
        paths["onnx"].write_bytes(program.model_proto.SerializeToString())
        torch.export.save(
            torch.export.export(network, (row,), dynamic_shapes=sizes_of), paths["torch-export"]
        )
        torch.jit.save(torch.jit.trace(network, row), paths["torchscript"])
    return paths


def opened(paths: dict[str, Path], bfloat16_after: str = "") -> dict[str, Engine]:
    """Every engine that runs one of these files, by name."""
    engines: dict[str, Engine] = {}
    for kind in ENGINES:
        path = paths.get(kind.format)
        if path is None or (kind == BFLOAT16 and not bfloat16_after):
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        options = EngineOptions(outputs=("score",), bfloat16_after=bfloat16_after)
        engines[f"{kind.name} ({kind.format})"] = engine_class(kind)(path, digest, options)
    return engines


def compare(
    title: str, engines: dict[str, Engine], rows: np.ndarray[Any, Any], rounds: int
) -> None:
    def judge(engine: Engine) -> np.ndarray[Any, Any]:
        (name,) = engine.inputs
        parts = (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
        return np.concatenate([engine.run({name: part}, ["score"])[0] for part in parts])

    scores = {label: judge(engine).ravel() for label, engine in engines.items()}
    seconds: dict[str, list[float]] = {label: [] for label in engines}
    for _ in range(rounds):
        for label, engine in engines.items():
            seconds[label].append(timed(judge, engine))
    first = next(iter(engines))
    base = statistics.median(seconds[first])
    for label in engines:
        median = statistics.median(seconds[label])
        difference = np.abs(scores[label] - scores[first]).max()
        print(
            f"| {title} | {label} | {len(rows) / median:,.0f} | {base / median:.2f} "
            f"| {difference:.1e} |"
        )


def timed(work: Callable[[Engine], object], engine: Engine) -> float:
    start = time.process_time()
    work(engine)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(1)
    print("| network | engine | rows per CPU second | ratio | difference |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        rows = rng.normal(size=(100_000, COLUMNS)).astype("f4")
        compare("MLP 30-128-128-128-1", opened(mlp(Path(name))), rows, rounds)
    for model, count in (("cnn_ams", 4096), ("cvt_ams", 128)):
        image = rng.exponential(0.05, (count, 1, 18, 72)).astype("f4")
        located = find_card(model)
        allowed = located.card.network.bfloat16
        engines = opened({"onnx": find_network(located)}, allowed.after if allowed else "")
        compare(model, engines, image, rounds)


if __name__ == "__main__":
    main()
