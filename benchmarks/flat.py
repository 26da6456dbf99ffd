"""The flat job: a small network on an ntuple, ``rootml-tag`` beside the script one would write.

    python benchmarks/flat.py

500,000 events with 30 float branches and a jagged one, a perceptron 30-128-128-128-1 in ONNX. Each
row is a whole process, timed from outside, start-up and imports included; the contestants take
turns, so that other work on the machine meets all of them, and the median of the turns counts.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

NAMES = [f"x{i:02d}" for i in range(30)]
HIDDEN = (128, 128, 128)

HAND_WRITTEN = """
import sys
import numpy as np, onnxruntime as ort, uproot
source, network, target = sys.argv[1:]
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
names = [f"x{i:02d}" for i in range(30)]
with uproot.recreate(target) as out:
    tree = out.mktree("tree", {"score": "f4"})
    for chunk in uproot.iterate(source + ":tree", names, step_size="16 MB", library="np"):
        x = np.empty((len(chunk["x00"]), len(names)), np.float32)
        for i, name in enumerate(names):
            x[:, i] = chunk[name]
        starts = range(0, len(x), 1024)
        scores = [session.run(None, {"x": x[i : i + 1024]})[0] for i in starts]
        tree.extend({"score": np.concatenate(scores).ravel()})
"""

CARD = """
card_version: 1
name: flat
version: "1.0"
adapter:
  trees: [tree]
  tensors:
    x: [{names}]
network: {{file: flat.onnx, sha256: {sha256}}}
outputs: [{{name: score, role: score}}]
training: {{data: none}}
"""


def write_events(path: Path, events: int) -> None:
    """Float branches and a jagged one, ZLIB-1 as ROOT's default, 25,000 events a basket."""
    import awkward as ak
    import uproot

    rng = np.random.default_rng(1)
    types = dict.fromkeys(NAMES, "float32") | {"jet_pt": "var * float32"}
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as file:
        tree = file.mktree("tree", types)
        for start in range(0, events, 25_000):
            n = min(25_000, events - start)
            flat = {name: rng.normal(size=n).astype(np.float32) for name in NAMES}
            counts = rng.poisson(5, n)
            jets = rng.exponential(50, counts.sum()).astype(np.float32)
            tree.extend(flat | {"jet_pt": ak.unflatten(jets, counts)})


def write_network(path: Path) -> None:
    """The perceptron with random weights."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    rng = np.random.default_rng(2)
    sizes = (len(NAMES), *HIDDEN, 1)
    nodes, weights, value = [], [], "x"
    for i, (size, to) in enumerate(pairwise(sizes)):
        kernel = rng.normal(0, size**-0.5, (size, to)).astype(np.float32)
        weights += [numpy_helper.from_array(kernel, f"w{i}")]
        weights += [numpy_helper.from_array(np.zeros(to, np.float32), f"b{i}")]
        nodes.append(helper.make_node("Gemm", [value, f"w{i}", f"b{i}"], [f"h{i}"]))
        last = i == len(HIDDEN)
        value = "score" if last else f"r{i}"
        nodes.append(helper.make_node("Sigmoid" if last else "Relu", [f"h{i}"], [value]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", len(NAMES)])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", 1])
    graph = helper.make_graph(nodes, "flat", [x], [score], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, path)


def timed(command: list[str]) -> tuple[float, float, float]:
    """Seconds, seconds of the processor and peak resident MB of a command.

    Modules are compiled once, as those of an installed package are, whatever the environment says.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--events", type=int, default=500_000)
    parser.add_argument("--repeat", type=int, default=5, help="the median of so many turns counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), options.events, options.repeat)


def measure(folder: Path, events: int, repeat: int) -> None:
    source, network, card = (folder / name for name in ("in.root", "flat.onnx", "flat.card.yaml"))
    write_events(source, events)
    write_network(network)
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    card.write_text(CARD.format(names=", ".join(NAMES), sha256=sha256))
    script = folder / "hand_written.py"
    script.write_text(HAND_WRITTEN)
    tag = [str(Path(sys.executable).with_name("rootml-tag")), str(source)]
    options = ["-q", "--overwrite", "--model", str(card)]
    made = [folder / name for name in ("hand.root", "a.root", "f.root", "p.root")]
    hand, append, friend, plotted = map(str, made)
    contestants = {
        "hand-written, friend tree": [
            *(sys.executable, str(script), str(source), str(network), hand),
        ],
        "rootml-tag, append": [*tag, append, *options, "--no-plots"],
        "rootml-tag, friend": [*(*tag, friend, *options, "--no-plots", "--output", "friend")],
        "rootml-tag, append and plots": [*tag, plotted, *options],
    }
    runs: dict[str, list[tuple[float, float, float]]] = {way: [] for way in contestants}
    for command in contestants.values():
        timed(command)  # a first turn that does not count: modules are compiled, files are cached
    for _ in range(repeat):
        for way, command in contestants.items():
            for old in made:
                old.unlink(missing_ok=True)
            runs[way].append(timed(command))
    print(f"{events:,} events, {source.stat().st_size / 1e6:.0f} MB, median of {repeat}\n")
    print(
        f"{'way':<30}{'seconds':>9}{'ratio':>7}{'of the processor':>18}{'ratio':>7}{'peak MB':>9}"
    )
    base = [statistics.median(column) for column in zip(*next(iter(runs.values())), strict=True)]
    for way, measured in runs.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*measured, strict=True))
        print(
            f"{way:<30}{wall:>9.2f}{wall / base[0]:>7.2f}{cpu:>18.2f}{cpu / base[1]:>7.2f}"
            f"{memory:>9.0f}"
        )


if __name__ == "__main__":
    main()
