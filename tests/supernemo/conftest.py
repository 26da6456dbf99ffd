from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from rootml.adapter import Adapter
from rootml.rootio.matching import BranchNames, Decoder, match
from rootml_supernemo import ADAPTER

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
TREES = Path(__file__).with_name("write_trees.py")


@pytest.fixture(scope="session")
def adapter() -> Adapter:
    return ADAPTER


@pytest.fixture(scope="session")
def events() -> ak.Array:
    """Simulated events, a fifth of whose timestamps are missing; not to be changed."""
    return ADAPTER.simulate(400, np.random.default_rng(9), missing=0.2, noise=2)


@pytest.fixture(scope="session")
def read() -> Callable[..., ak.Array]:
    """``read(layout name, branches, *columns)``: branches (by name) to logical columns."""

    def read(name: str, branches: Any, *columns: str) -> ak.Array:
        layout = next(layout for layout in ADAPTER.layouts if layout.name == name)
        branches = {field: branches[field] for field in getattr(branches, "fields", branches)}
        found = match(ADAPTER, layout, layout.trees[0], BranchNames(branches), named=True)
        assert found.complete, found.missing
        raw = {key: branches[path] for key, path in found.found.items() if key in layout.probes}
        options = layout.configure(ak.zip(raw, depth_limit=1))
        return Decoder(found, options, "test").decode(branches, columns)

    return read


@pytest.fixture(scope="session")
def trees(events: ak.Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that ROOT wrote, with classes and vectors as the collaboration's.

    ``tkevent.root``: objects of TKEvent; ``mievent.root``: of MiEvent; ``haystack.root``: a
    ``hit_tree`` of vectors whose ``grid_side`` is empty, ``own.root``: one without wires.
    """
    if find_spec("ROOT") is None:
        pytest.skip("the root wheel is not installed")
    folder = tmp_path_factory.mktemp("trees")
    few = events[:60]
    counts = ak.to_numpy(ak.num(few["grid_layer"]))
    names = [name for name in few.fields if few[name].ndim == 2]
    flat = {name: ak.to_numpy(ak.flatten(few[name])) for name in names if _per_hit(name)}
    splits = ak.to_list(few["track_split"])
    np.savez(folder / "hits.npz", counts=counts, splits=np.array(splits, object), **flat)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(TREES), str(folder)], capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return folder


def _per_hit(name: str) -> bool:
    return name.startswith(("grid_", "wire", "tsp")) or name in ("radius", "truth_track")


@pytest.fixture
def root(tmp_path: Path) -> Callable[[str], str]:
    """``root(code)``: what Python with ROOT prints; fails where ROOT warns of anything."""
    if find_spec("ROOT") is None:
        pytest.skip("the root wheel is not installed")

    def run(code: str) -> str:
        script = f"import warnings\nwarnings.simplefilter('ignore')\nimport ROOT\n{code}"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert not done.returncode, done.stderr
        assert "Warning" not in done.stderr, done.stderr
        assert "Error" not in done.stderr, done.stderr
        return done.stdout

    return run


def save(path: Path, nodes: list, inputs: dict, outputs: dict, constants: dict) -> Path:
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "tiny",
        [info(name, FLOAT, ("n", *shape)) for name, shape in inputs.items()],
        [info(name, kind, ("n", *shape)) for name, (kind, shape) in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def counter(tmp_path: Path, write_card: Callable[..., Path]) -> Path:
    """Tells 0 to 3 tracks by the number of cells: one more for every ten."""
    node = helper.make_node
    nodes = [
        node("ReduceSum", ["top", "axes"], ["cells"], keepdims=0),
        node("Unsqueeze", ["cells", "last"], ["column"]),
        node("Sub", ["column", "centres"], ["off"]),
        node("Abs", ["off"], ["distance"]),
        node("Neg", ["distance"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=1),
        node("ArgMax", ["logits"], ["ntracks"], axis=1, keepdims=0),
    ]
    constants = {
        "axes": np.array([1, 2]),
        "last": np.array([1]),
        "centres": np.array([[1, 10, 20, 30]], np.float32),
    }
    outputs = {"probabilities": (FLOAT, (4,)), "ntracks": (INT64, ())}
    path = save(tmp_path / "tiny_count.onnx", nodes, {"top": (9, 113)}, outputs, constants)
    return write_card(
        path,
        adapter="supernemo",
        view="top",
        outputs=[
            {"name": "ntracks", "role": "label", "dtype": "int64"},
            {"name": "probabilities", "role": "probabilities", "shape": [4]},
        ],
    )


@pytest.fixture
def measurer(tmp_path: Path, write_card: Callable[..., Path]) -> Path:
    """Gives the heights of hits as the view has them."""
    nodes = [
        helper.make_node("Gather", ["height", "first"], ["z"], axis=1),
        helper.make_node("Gather", ["height", "second"], ["z_error"], axis=1),
    ]
    constants = {"first": np.array(0), "second": np.array(1)}
    outputs = {"z": (FLOAT, ()), "z_error": (FLOAT, ())}
    inputs = {"height": (2,), "times": (6,)}
    path = save(tmp_path / "tiny_z.onnx", nodes, inputs, outputs, constants)
    named = {"per": "hit", "unit": "mm"}
    return write_card(
        path,
        adapter="supernemo",
        view="timestamps",
        outputs=[
            {"name": "z", "role": "value"} | named,
            {"name": "z_error", "role": "uncertainty", "error_of": "z"} | named,
        ],
    )


@pytest.fixture
def pixels(tmp_path: Path, write_card: Callable[..., Path]) -> Path:
    """Gives the number of pixels of the view from the front."""
    nodes = [helper.make_node("ReduceSum", ["front", "axes"], ["score"], keepdims=0)]
    constants = {"axes": np.array([1, 2])}
    outputs = {"score": (FLOAT, ())}
    path = save(tmp_path / "tiny_pixels.onnx", nodes, {"front": (30, 9)}, outputs, constants)
    return write_card(
        path,
        adapter="supernemo",
        view="front",
        outputs=[{"name": "score", "role": "value"}],
    )
