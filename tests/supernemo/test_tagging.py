"""Files tagged end to end by tiny networks: counts per event, heights per hit; ROOT reads them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from onnx import TensorProto, helper, numpy_helper

from rootml.rootio.source import open_source
from rootml_supernemo import ADAPTER

REAL = "supernemo/TKEvent_Run-0.root"
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


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


def test_the_real_file(shared, counter, command, root, tmp_path):
    tagged = tmp_path / "tagged.root"
    said = command("tag", shared(REAL), tagged, "--model", counter, "--no-plots")
    assert said.code == 0, said.err
    before, after = uproot.open(shared(REAL))["Event"], uproot.open(tagged)["Event"]
    assert {*before.keys(recursive=True)} < {*after.keys(recursive=True)}
    hits = before["Eventdata/tr_hits"].array(library="np")
    cells = [len({(one.member("cell_num") % 1017) for one in event}) for event in hits]
    counts = after["tiny_count_ntracks"].array(library="np")
    nearest = np.abs(np.array(cells)[:, None] - [1, 10, 20, 30]).argmin(axis=1)
    np.testing.assert_array_equal(counts, nearest)
    assert sum(not cell for cell in cells) > 0  # of no hits are no tracks
    sums = after["tiny_count_probabilities"].array(library="np").sum(axis=1)
    np.testing.assert_allclose(sums, 1, rtol=1e-5)
    seen = root(f"""
file = ROOT.TFile({str(tagged)!r})
print([int(event.tiny_count_ntracks) for event in file.Get("Event")])
""")
    assert json.loads(seen) == counts.tolist()


def test_heights_of_hits(trees, measurer, command, root, tmp_path):
    """One value a hit of the tree's own; NaN where no timestamp tells, and where there is none."""
    tagged = tmp_path / "tagged.root"
    said = command("tag", trees / "tkevent.root", tagged, "--model", measurer, "--no-plots")
    assert said.code == 0, said.err
    with open_source(trees / "tkevent.root", [ADAPTER]) as source:
        meant = source.read(["z_timed", "z_error"], 0, source.num_entries)
    tree = uproot.open(tagged)["Event"]
    for name, column in (("z", "z_timed"), ("z_error", "z_error")):
        found = tree[f"hit_tiny_z_{name}"].array()
        assert ak.array_equal(found, meant[column], equal_nan=True, dtype_exact=False)
    assert ak.any(np.isnan(meant["z_timed"]))
    counts = json.loads(
        root(f"""
file = ROOT.TFile({str(tagged)!r})
tree = file.Get("Event")
tree.SetBranchStatus("*", False)  # ROOT frees objects twice that are pointed to twice,
for name in ("nhit", "hit_*"):    # where it does not know their class
    tree.SetBranchStatus(name, True)
print([[int(event.nhit), len(event.hit_tiny_z_z)] for event in tree])
""")
    )
    assert counts == [[n, n] for n in ak.num(meant["z_timed"]).tolist()]


def test_heights_of_the_real_file_are_unknown(shared, measurer, command, tmp_path):
    """Its timestamps are uninitialised memory."""
    tagged = tmp_path / "tagged.root"
    said = command("tag", shared(REAL), tagged, "--model", measurer, "--no-plots")
    assert said.code == 0, said.err
    found = uproot.open(tagged)["Event/hit_tiny_z_z"].array()
    assert ak.count(found) == 2127
    assert ak.all(np.isnan(found))


def test_calibration_is_told(trees, measurer, command, tmp_path):
    said = command(
        "tag", trees / "tkevent.root", tmp_path / "out.root", "--model", measurer, "--no-plots"
    )
    assert "timestamps" in said.out + said.err
    assert "on_line" in said.out + said.err


def test_a_hit_outside_names_the_entry(tmp_path, counter, command, events):
    path = tmp_path / "bad.root"
    few = {name: events[name][:5] for name in ("grid_layer", "grid_column", "wirez", "radius")}
    few["grid_column"] = ak.where(ak.local_index(few["grid_column"]) == 1, 200, few["grid_column"])
    with uproot.recreate(path) as file:
        file["hit_tree"] = few | {"grid_side": few["grid_layer"][:, :0]}
    said = command("tag", path, tmp_path / "out.root", "--model", counter, "--no-plots")
    assert said.code == 2
    entry = int(np.flatnonzero(ak.to_numpy(ak.num(few["grid_layer"])) > 1)[0])
    expected = f"bad.root: tree 'hit_tree', entry {entry}: grid_column of hit 1 is 200, expected"
    assert expected in said.err
    assert not (tmp_path / "out.root").exists()
