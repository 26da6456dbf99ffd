"""rootml-tag and annotate end to end on PHYSLITE, with a small network."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml

import rootml
from rootml.errors import DataError, FileError
from rootml_atlas import xaod

FILES = {
    "TTree": "atlas/PHYSLITE_example.root",
    "RNTuple": "atlas/uproot-physlite-rntuple_v1-0-0-0.root",
}
TREES = {"TTree": "CollectionTree", "RNTuple": "EventData"}
KINDS = tuple(TREES)
READ_WITH_ROOT = """
import sys
import ROOT
frame = ROOT.RDataFrame(sys.argv[2], sys.argv[1])
frame = frame.Define("n", "double(Electron_mini_energy.size())")
frame = frame.Define("judged", "double(Sum(Electron_mini_energy > 0))")
sums = [frame.Count(), frame.Sum("n"), frame.Sum("judged")]
print(*(one.GetValue() for one in sums))
"""


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    """A network that says 1.02 times the calibrated energy, and 10 % / sqrt(E) as its error."""
    from onnx import TensorProto, helper, numpy_helper

    folder = tmp_path_factory.mktemp("mini")
    constants = {"scale": 1.02, "sampling": 0.1}
    nodes = [
        helper.make_node("Mul", ["calibrated", "scale"], ["energy"]),
        helper.make_node("Sqrt", ["calibrated"], ["root"]),
        helper.make_node("Mul", ["root", "sampling"], ["sigma"]),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ("n", 1))
        for name in ("calibrated", "energy", "sigma")
    ]
    values = [numpy_helper.from_array(np.float32([v]), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "mini", ports[:1], ports[1:], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    network = folder / "mini.onnx"
    network.write_bytes(model.SerializeToString())
    return write_card(network, "electron_reduced")


def write_card(network, view, name="mini"):
    said = {
        "name": name,
        "version": "1.0",
        "adapter": "atlas",
        "view": view,
        "network": {
            "file": network.name,
            "sha256": hashlib.sha256(network.read_bytes()).hexdigest(),
        },
        "outputs": [
            {"name": "energy", "role": "energy", "unit": "GeV", "estimates": "truth_energy"},
            {"name": "sigma", "role": "uncertainty", "unit": "GeV", "error_of": "energy"},
        ],
        "training": {"data": "none"},
    }
    path = network.with_name(f"{name}.card.yaml")
    path.write_text(yaml.safe_dump(said))
    return path


@pytest.fixture(scope="module", params=KINDS)
def tagged(request, shared, card, tmp_path_factory):
    """The kind of tree, the source, and the same with what the network says."""
    source = str(shared(FILES[request.param]))
    target = str(tmp_path_factory.mktemp("tagged") / "tagged.root")
    rootml.tag_file(source, target, card, plots=False)
    return request.param, source, target


@pytest.fixture(scope="module")
def trees(tagged):
    """The tree before and after, open in uproot."""
    kind, source, target = tagged
    return tuple(uproot.open(path)[TREES[kind]] for path in (source, target))


def test_energies_lie_beside_the_tree_s_own_electrons(tagged, trees):
    kind, (before, after) = tagged[0], trees
    energy, sigma = (after[f"Electron_mini_{name}"].array() for name in ("energy", "sigma"))
    sign = "." if kind == "TTree" else ":"
    pt, eta = (before[f"AnalysisElectronsAuxDyn{sign}{name}"].array() for name in ("pt", "eta"))
    np.testing.assert_array_equal(ak.num(energy), ak.num(pt))
    assert 0 in ak.num(energy)
    expected = ak.to_numpy(ak.flatten(pt * np.cosh(eta) / 1000))
    energy, sigma = (ak.to_numpy(ak.flatten(values)) for values in (energy, sigma))
    judged = ~np.isnan(energy)
    assert judged.mean() > 0.85
    np.testing.assert_allclose(energy[judged], 1.02 * expected[judged], rtol=1e-4)
    np.testing.assert_allclose(sigma[judged], 0.1 * np.sqrt(expected[judged]), rtol=1e-4)


def branch_names(tree):
    """Those of an RNTuple without ``keys``, which takes seconds."""
    if isinstance(tree, uproot.TTree):
        return tree.keys()
    return [field.path for field in tree.all_fields if field.path]


def test_nothing_else_changes(tagged, trees):
    before, after = trees
    old, new = map(branch_names, (before, after))
    assert new[: len(old)] == old
    added = {name.rpartition("/")[2] for name in new[len(old) :]}
    counter = {"nElectron"} if tagged[0] == "TTree" else set()
    assert added == {"Electron_mini_energy", "Electron_mini_sigma"} | counter
    for name in ("pt", "eta", "OQ"):
        name = f"AnalysisElectronsAuxDyn{'.' if tagged[0] == 'TTree' else ':'}{name}"
        assert after[name].typename == before[name].typename
        assert ak.array_equal(after[name].array(), before[name].array()), name


def annotated(events, card):
    return ak.to_packed(ak.materialize(rootml.annotate(events, card)["Electron_mini_energy"]))


def test_annotate_says_the_same_as_the_file(tagged, trees, card):
    """Of the branches that are needed, truth not among them: to list all takes seconds."""
    spelling = KINDS.index(tagged[0])
    required = (branch for branch in xaod.BRANCHES.values() if not branch.optional)
    names = [branch.names[spelling] for branch in required]
    events = ak.zip({name: trees[0][name].array() for name in names}, depth_limit=1)
    in_file = trees[1]["Electron_mini_energy"].array()
    assert ak.array_equal(annotated(events, card), in_file, equal_nan=True)
    pt = xaod.BRANCHES["pt"].names[spelling]
    in_gev = ak.with_field(events, events[pt] / 1000, pt)
    with pytest.raises(DataError, match=r"pt: the median is .* MeV .*; this looks like GeV"):
        annotated(in_gev, card)


def test_root_reads_the_result(tagged):
    pytest.importorskip("ROOT")
    kind, _, target = tagged
    done = subprocess.run(
        [sys.executable, "-c", READ_WITH_ROOT, target, TREES[kind]], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    events, electrons, judged = map(float, done.stdout.split())
    assert (events, electrons) == (100, {"TTree": 134, "RNTuple": 57}[kind])
    assert 0.85 < judged / electrons < 1


def test_hdf5_is_annotated_and_not_tagged(electrons, write_hdf5, card, tmp_path):
    path = write_hdf5({"train": electrons, "val": electrons})
    events = rootml.annotate(path, card, tree="train")
    np.testing.assert_allclose(
        ak.to_numpy(events["mini_energy"]), electrons["p_e"] * 1.02e-3, rtol=1e-5
    )
    with pytest.raises(FileError, match=r"electrons\.h5: not a ROOT file: it is HDF5, which .*"):
        rootml.tag_file(path, tmp_path / "tagged.root", card, tree="train")
    assert not (tmp_path / "tagged.root").exists()
