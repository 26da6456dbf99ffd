"""How much of the network's own speed is left in ``rootml-tag``, and whether memory is flat.

    python benchmarks/throughput.py -n 50000

Every row runs in a process of its own on the same simulated file and is timed from outside,
start-up and imports included; only "network alone" is timed inside, on tensors in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NETWORK_ALONE = """
import time, json, sys, rootml, uproot
model = rootml.load("{model}", threads=1)
image = uproot.open("{source}:t1/edep_cell").array(library="np").reshape(-1, 1, 18, 72)
model({{"image": image[:256]}})
start = time.perf_counter()
model({{"image": image}})
print(json.dumps({{"seconds": time.perf_counter() - start}}))
"""

HAND_WRITTEN = """
import numpy as np, onnxruntime as ort, uproot, rootml.registry
network = rootml.registry.find_network(rootml.registry.find_card("{model}"))
options = ort.SessionOptions(); options.intra_op_num_threads = 1
session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
with uproot.recreate("{target}") as out:
    tree = out.mktree("t1", {{"score": "f4"}})
    for chunk in uproot.iterate("{source}:t1", ["edep_cell"], step_size="32 MB", library="np"):
        image = chunk["edep_cell"].reshape(-1, 1, 18, 72)
        starts = range(0, len(image), 256)
        scores = [session.run(None, {{name: image[i:i + 256]}})[0] for i in starts]
        tree.extend({{"score": np.concatenate(scores).ravel()}})
"""


def timed(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak resident MB and standard output of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"failed: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024, output


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--events", type=int, default=20000)
    parser.add_argument("--model", default="cnn_ams")
    parser.add_argument("--repeat", type=int, default=3, help="the fastest of so many runs counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), options.events, options.model, options.repeat)


def measure(folder: Path, events: int, model: str, repeat: int) -> None:
    tag, rootml = (str(Path(sys.executable).with_name(c)) for c in ("rootml-tag", "rootml"))
    source, long = folder / "in.root", folder / "long.root"
    target = folder / "out.root"
    for path, n in ((source, events), (long, 10 * events)):
        subprocess.run([rootml, "simulate", "ams", "-n", str(n), "-o", str(path), "-q"], check=True)
    names = {"source": source, "target": folder / "hand.root", "model": model}
    common = [tag, str(source), str(target), "-q", "--overwrite", "--model", model]
    rows = {
        "network alone, in memory": [sys.executable, "-c", NETWORK_ALONE.format(**names)],
        "hand-written, friend tree": [sys.executable, "-c", HAND_WRITTEN.format(**names)],
        "rootml-tag, friend tree": [*common, "--no-plots", "--output", "friend"],
        "rootml-tag, append": [*common, "--no-plots"],
        "rootml-tag, append and plots": common,
    }
    print(f"{model}, {events:,} events, {source.stat().st_size / 1e6:.0f} MB, best of {repeat}\n")
    print(f"{'way':<30}{'seconds':>9}{'events/s':>11}{'ratio':>7}{'peak MB':>9}")
    base = 0.0
    for label, command in rows.items():
        runs = [timed(command) for _ in range(repeat)]
        seconds, memory, _ = min(runs)
        if label.startswith("network"):
            seconds = min(json.loads(run[2])["seconds"] for run in runs)
            base = seconds
        print(
            f"{label:<30}{seconds:>9.2f}{events / seconds:>11,.0f}"
            f"{seconds / base:>7.2f}{memory:>9.0f}"
        )
    _, memory, _ = timed([tag, str(long), str(target), "-q", "--overwrite", "--model", model])
    print(f"{'the last, ten times longer':<30}{'':>27}{memory:>9.0f}")


if __name__ == "__main__":
    main()
