"""rootml-tag and annotate end to end on PHYSLITE, with a small network."""

from __future__ import annotations

import subprocess
import sys
import warnings

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import DataError, FileError, MissingNetwork
from rootml.rootio.source import open_source
from rootml_atlas import ADAPTER, xaod

FILES = {
    "TTree": "atlas/PHYSLITE_example.root",
    "RNTuple": "atlas/uproot-physlite-rntuple_v1-0-0-0.root",
}
TREES = {"TTree": "CollectionTree", "RNTuple": "EventData"}
KINDS = tuple(TREES)
READ_WITH_ROOT = """
import sys, warnings
warnings.filterwarnings("ignore", "[ \\n]*This distribution|no dictionary for class")
import ROOT
frame = ROOT.RDataFrame(sys.argv[2], sys.argv[1])
frame = frame.Define("n", "double(Electron_mini_energy.size())")
frame = frame.Define("judged", "double(Sum(Electron_mini_energy > 0))")
sums = [frame.Count(), frame.Sum("n"), frame.Sum("judged")]
print(*(one.GetValue() for one in sums))
"""


@pytest.fixture(scope="module")
def card(mini):
    """For PHYSLITE."""
    return mini("electron_reduced")


@pytest.fixture(scope="module", params=KINDS)
def tagged(request, shared, card, tmp_path_factory):
    """The kind of tree, the source, and the same with what the network says."""
    source = str(shared(FILES[request.param]))
    target = str(tmp_path_factory.mktemp("tagged") / "tagged.root")
    verify = request.param == "TTree"  # of the 33 trees beside the RNTuple it takes long
    result = rootml.tag_file(source, target, card, plots=False, verify=verify)
    assert not verify or result.verified.keeps_all
    return request.param, source, target


@pytest.fixture(scope="module")
def trees(tagged):
    """The tree before and after, open in uproot."""
    kind, source, target = tagged
    return tuple(uproot.open(path)[TREES[kind]] for path in (source, target))


def test_energies_lie_beside_the_tree_s_own_electrons(tagged, trees):
    kind, (before, after) = tagged[0], trees
    energy, error = (after[f"Electron_mini_{name}"].array() for name in ("energy", "error"))
    sign = "." if kind == "TTree" else ":"
    pt, eta = (before[f"AnalysisElectronsAuxDyn{sign}{name}"].array() for name in ("pt", "eta"))
    np.testing.assert_array_equal(ak.num(energy), ak.num(pt))
    assert 0 in ak.num(energy)
    expected = ak.to_numpy(ak.flatten(pt * np.cosh(eta) / 1000))
    energy, error = (ak.to_numpy(ak.flatten(values)) for values in (energy, error))
    judged = ~np.isnan(energy)
    assert judged.mean() > 0.85
    np.testing.assert_allclose(energy[judged], 1.02 * expected[judged], rtol=1e-4)
    np.testing.assert_allclose(error[judged], 0.1 * np.sqrt(expected[judged]), rtol=1e-4)


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
    assert added == {"Electron_mini_energy", "Electron_mini_error"} | counter
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


@pytest.mark.parametrize("tagged", ["TTree"], indirect=True)
def test_nanoevents_of_coffea_have_it_on_their_electrons(shared, trees, card):
    pytest.importorskip("coffea")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of coffea, on itself and on branches that it leaves out
        from coffea.nanoevents import NanoEventsFactory, PHYSLITESchema

        file = {str(shared(FILES["TTree"])): "CollectionTree"}
        factory = NanoEventsFactory.from_root(file, schemaclass=PHYSLITESchema, mode="virtual")
        opened = factory.events()
    in_file = trees[1]["Electron_mini_energy"].array()
    for events in (opened, ak.Array(ak.to_layout(opened), behavior=opened.behavior)):
        found = ak.materialize(rootml.annotate(events, card).Electrons.mini_energy)
        assert ak.array_equal(ak.to_packed(found), in_file, equal_nan=True)


def test_root_reads_the_result(tagged):
    pytest.importorskip("ROOT")
    kind, _, target = tagged
    done = subprocess.run(
        [sys.executable, "-c", READ_WITH_ROOT, target, TREES[kind]], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert not done.stderr
    events, electrons, judged = map(float, done.stdout.split())
    assert (events, electrons) == (100, {"TTree": 134, "RNTuple": 57}[kind])
    assert 0.85 < judged / electrons < 1


@pytest.mark.parametrize(("kind", "electrons"), [("TTree", 134), ("RNTuple", 57)])
def test_the_default_network_of_physlite(shared, tmp_path, kind, electrons):
    result = rootml.tag_file(shared(FILES[kind]), tmp_path / "tagged.root", plots=False)
    assert [model.card.name for model in result.plan.models] == ["film_atlas_reduced"]
    with uproot.open(tmp_path / "tagged.root") as file:
        tree, sign = file[TREES[kind]], "." if kind == "TTree" else ":"
        names = [f"AnalysisElectronsAuxDyn{sign}{name}" for name in ("pt", "eta")]
        pt, eta = (ak.to_numpy(ak.flatten(tree[name].array())) for name in names)
        said, error = (
            ak.to_numpy(ak.flatten(tree[f"Electron_film_atlas_reduced_{name}"].array()))
            for name in ("energy", "error")
        )
    calibrated, judged = pt * np.cosh(eta) / 1000, ~np.isnan(said)
    assert len(said) == electrons
    assert judged.mean() > 0.85
    usual = judged & (calibrated > 20)  # below, it has seen few
    assert np.median(said[usual] / calibrated[usual]) == pytest.approx(1, abs=0.05)
    assert 0.005 < np.median(error[usual] / said[usual]) < 0.1
    with open_source(shared(FILES[kind]), [ADAPTER]) as source:
        columns = source.read(("truth_energy", "et"), 0, source.num_entries)
    truth, et = (ak.to_numpy(ak.flatten(columns[name])) for name in ("truth_energy", "et"))
    barrel = (np.abs(calibrated / truth - 1) < 0.6) & (np.abs(eta) < 1.37) & (et > 15)
    spreads = [
        np.subtract(*np.quantile((energy / truth)[barrel & judged], [0.75, 0.25]))
        for energy in (said, calibrated)
    ]
    assert spreads[0] < 1.25 * spreads[1]  # of 19 electrons, and 59: no worse than it was


def test_aods_ask_for_a_network(shared, tmp_path):
    source = shared("atlas/uproot-issue-210.root")
    said = r"issue-210.root: ATLAS .*no default network for its layout 'aod'; name your own"
    with pytest.raises(MissingNetwork, match=said):
        rootml.tag_file(source, tmp_path / "tagged.root")


def test_hdf5_is_inspected(electrons, write_hdf5, command):
    path = write_hdf5({"train": electrons, "val": electrons})
    found = command("inspect", path, "--json", "-v").account
    assert [(t["name"], t["class"], t["entries"]) for t in found["trees"]] == [
        ("train", "HDF5 group", 12),
        ("val", "HDF5 group", 12),
    ]
    matching = [line["text"] for line in found["layouts"] if line["matches"]]
    assert matching == [
        f"atlas/ntuple in tree '{name}': all required branches are there"
        for name in ("train", "val")
    ]
    types = {one["name"]: one["type"] for one in found["trees"][0]["branch_list"]}
    assert types["em_barrel_Lr2"] == "float32[7][11]"


def test_hdf5_is_annotated_and_not_tagged(electrons, write_hdf5, card, tmp_path):
    path = write_hdf5({"train": electrons, "val": electrons})
    events = rootml.annotate(path, card, tree="train")
    np.testing.assert_allclose(
        ak.to_numpy(events["mini_energy"]), electrons["p_e"] * 1.02e-3, rtol=1e-5
    )
    with pytest.raises(FileError, match=r"electrons\.h5: not a ROOT file: it is HDF5, which .*"):
        rootml.tag_file(path, tmp_path / "tagged.root", card, tree="train")
    assert not (tmp_path / "tagged.root").exists()
