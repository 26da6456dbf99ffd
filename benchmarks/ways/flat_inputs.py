"""Inputs of the flat job: events, and the same perceptron in the format of each way.

    python flat_inputs.py FOLDER EVENTS

writes the card last. Random numbers are events, random weights the network.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np

NAMES = [f"x{i:02d}" for i in range(30)]
SIZES = (30, 128, 128, 128, 1)
Layers = list[tuple[np.ndarray, np.ndarray]]

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

WEAVER = """
treename: tree
new_variables: {{is_signal: x00 > 0, is_background: x00 <= 0}}
preprocess: {{method: manual}}
inputs: {{x: {{length: null, vars: [{names}]}}}}
labels: {{type: simple, value: [is_signal, is_background]}}
"""


def layers() -> Layers:
    """Kernels (inputs, outputs) and biases of the perceptron."""
    rng = np.random.default_rng(2)
    return [
        (rng.normal(0, i**-0.5, (i, o)).astype("f4"), rng.normal(0, 0.1, o).astype("f4"))
        for i, o in pairwise(SIZES)
    ]


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


def write_onnx(path: Path, perceptron: Layers) -> None:
    from onnx import TensorProto, checker, helper, numpy_helper, save

    nodes, weights, value = [], [], "x"
    for i, (kernel, bias) in enumerate(perceptron):
        weights += [numpy_helper.from_array(kernel, f"w{i}")]
        weights += [numpy_helper.from_array(bias, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [value, f"w{i}", f"b{i}"], [f"h{i}"]))
        last = i == len(perceptron) - 1
        value = "score" if last else f"r{i}"
        nodes.append(helper.make_node("Sigmoid" if last else "Relu", [f"h{i}"], [value]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", SIZES[0]])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["n", 1])
    graph = helper.make_graph(nodes, "flat", [x], [score], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save(model, path)


def write_torch(folder: Path, perceptron: Layers) -> None:
    """TorchScript for coffea, a state of ``weaver_network.py`` for weaver, where there is torch."""
    if find_spec("torch") is None:
        return
    import warnings

    import torch
    from torch import nn

    linear = [nn.Linear(*kernel.shape) for kernel, _ in perceptron]
    for layer, (kernel, bias) in zip(linear, perceptron, strict=True):
        layer.weight.data = torch.from_numpy(kernel.T.copy())
        layer.bias.data = torch.from_numpy(bias)
    hidden = nn.Sequential(*(m for layer in linear[:-1] for m in (layer, nn.ReLU())))
    network = nn.Sequential(hidden, linear[-1], nn.Sigmoid()).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        traced = torch.jit.trace(network, torch.zeros(2, SIZES[0]))  # type: ignore[no-untyped-call]
        torch.jit.save(traced, folder / "flat.pt")
    state = {f"hidden.{k}": v for k, v in hidden.state_dict().items()}
    state |= {f"last.{k}": v for k, v in linear[-1].state_dict().items()}
    torch.save(state, folder / "weaver.pt")


def write_cpp(folder: Path, perceptron: Layers) -> None:
    """The compiled network and its weights, where there is a compiler."""
    compiler = shutil.which("c++")
    if compiler is None:
        return
    source = Path(__file__).parent / "scripts" / "perceptron.cxx"
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    library = str(folder / "perceptron.so")
    subprocess.run([compiler, *flags, str(source), "-o", library], check=True)
    numbers = [array.ravel() for layer in perceptron for array in layer]
    np.concatenate(numbers).tofile(folder / "weights.bin")


def main() -> None:
    folder, events = Path(sys.argv[1]), int(sys.argv[2])
    write_events(folder / "in.root", events)
    perceptron = layers()
    write_onnx(folder / "flat.onnx", perceptron)
    write_torch(folder, perceptron)
    write_cpp(folder, perceptron)
    names = ", ".join(NAMES)
    (folder / "weaver.yaml").write_text(WEAVER.format(names=names))
    sha256 = hashlib.sha256((folder / "flat.onnx").read_bytes()).hexdigest()
    (folder / "flat.card.yaml").write_text(CARD.format(names=names, sha256=sha256))


if __name__ == "__main__":
    main()
