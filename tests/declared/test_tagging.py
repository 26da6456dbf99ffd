"""Files tagged by declaration alone."""

from __future__ import annotations

import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import CardError, DataError, LayoutError

FLAT = """
truth: {label: isSignal}
energy: y
tensors: {t: [log(x), {value: "jet[0]", missing: 0}]}
"""
ENTRIES = 300


@pytest.fixture
def flat(tmp_path):
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 4, ENTRIES)
    jets = ak.unflatten(rng.exponential(10, counts.sum()).astype("f4"), counts)
    with uproot.recreate(tmp_path / "flat.root") as file:
        file.mktree(
            "ntuple", {"x": "f4", "y": "f8", "isSignal": "i4", "jet": "var * float32"}
        ).extend(
            {
                "x": rng.exponential(1, ENTRIES).astype("f4"),
                "y": rng.uniform(1, 50, ENTRIES),
                "isSignal": rng.integers(0, 2, ENTRIES, dtype="i4"),
                "jet": jets,
            }
        )
    return tmp_path / "flat.root"


def sigmoid(sums):
    return 1 / (1 + np.exp(-0.01 * sums))


def expected(tree):
    first = ak.fill_none(ak.firsts(tree["jet"].array()), 0).to_numpy()
    return sigmoid(np.log(tree["x"].array().to_numpy()) + first)


def test_a_flat_ntuple(tmp_path, flat, write_declared, own_places):
    card = write_declared("net", 2, FLAT)
    result = rootml.tag_file(flat, tmp_path / "out.root", str(card), plots=tmp_path / "plots")
    with uproot.open(tmp_path / "out.root") as file:
        tree = file["ntuple"]
        np.testing.assert_allclose(tree["net_score"].array(), expected(tree), rtol=1e-5)
    assert result.figures["net"]["events"]["classes"]["signal"]["judged"] > 0
    lazy = rootml.annotate(flat, card)
    np.testing.assert_allclose(lazy["net_score"], expected(uproot.open(flat)["ntuple"]), rtol=1e-5)


def test_one_declaration_for_several_networks(tmp_path, flat, write_declared, own_places):
    cards = [str(write_declared(name, 2, FLAT)) for name in ("first", "second")]
    rootml.tag_file(flat, tmp_path / "out.root", cards, plots=False)
    with uproot.open({tmp_path / "out.root": "ntuple"}) as tree:
        assert {"first_score", "second_score"} <= set(tree.keys())


def test_declarations_of_several_units_in_one_run(tmp_path, flat, write_declared, own_places):
    per_jet = "{per: jet, trees: ['*'], tensors: {t: [jet, y]}}\n"
    cards = [write_declared("event", 2, FLAT), write_declared("object", 2, per_jet)]
    rootml.tag_file(flat, tmp_path / "out.root", cards, plots=False)
    with uproot.open({tmp_path / "out.root": "ntuple"}) as tree:
        np.testing.assert_allclose(tree["event_score"].array(), expected(tree), rtol=1e-5)
        right = sigmoid(tree["jet"].array() + tree["y"].array())
        np.testing.assert_allclose(
            *map(ak.flatten, (tree["jet_object_score"].array(), right)), 1e-5
        )


def test_errors_name_file_tree_entry_and_column(tmp_path, flat, write_declared, own_places):
    card = write_declared("net", 2, "tensors: {t: [log(x - 0.5), y]}\ntrees: ['*']")
    with pytest.raises(
        DataError, match=r"flat.root: tree 'ntuple', entry \d+: column 'log_x_0_5' "
    ):
        rootml.tag_file(flat, tmp_path / "out.root", str(card), plots=False)
    assert not (tmp_path / "out.root").exists()


def test_a_missing_branch_names_the_nearest(tmp_path, flat, write_declared, own_places):
    card = write_declared("net", 2, "tensors: {t: [x, isSignl]}\ntitle: t")
    with pytest.raises(LayoutError, match="no branch 'isSignl'; did you mean 'isSignal'"):
        rootml.tag_file(flat, tmp_path / "out.root", str(card), plots=False)


ELECTRONS = """
trees: [Events]
per: Electron
select: Electron_pt > 10
vectors: {electrons: Electron, jets: Jet}
variables: {isolation: {nearest_deltaR: [electrons, jets]}}
tensors: {t: [log(Electron_pt), {value: isolation, missing: 5}, "Length$(Jet_pt)"]}
"""


def test_electrons_of_nanoaod(tmp_path, shared, write_declared, own_places):
    source = shared("generic/nano_dy.root")
    card = write_declared("myid", 3, ELECTRONS)
    rootml.tag_file(source, tmp_path / "out.root", str(card), plots=False)
    with uproot.open({tmp_path / "out.root": "Events"}) as tree:
        scores, pt = tree["Electron_myid_score"].array(), tree["Electron_pt"].array()
        assert ak.num(scores).to_list() == tree["nElectron"].array().to_list()
        assert np.isnan(scores).to_list() == (pt <= 10).to_list()
    assert leaf_count(tmp_path / "out.root", "Events", "Electron_myid_score") == "nElectron"


def test_electrons_of_physlite(tmp_path, shared, write_declared, own_places):
    text = """
    trees: [CollectionTree, EventData]
    per: AnalysisElectrons
    branches:
      pt: {names: ["AnalysisElectronsAuxDyn.pt", "AnalysisElectronsAuxDyn:pt"], unit: MeV}
      eta: ["AnalysisElectronsAuxDyn.eta", "AnalysisElectronsAuxDyn:eta"]
    tensors: {t: [log(pt / 1000), abs(eta)]}
    """
    card = write_declared("myid", 2, text)
    for file, tree, pt in (
        ("atlas/PHYSLITE_example.root", "CollectionTree", "AnalysisElectronsAuxDyn.pt"),
        ("atlas/uproot-physlite-rntuple_v1-0-0-0.root", "EventData", "AnalysisElectronsAuxDyn:pt"),
    ):
        out = tmp_path / "out.root"
        rootml.tag_file(shared(file), out, str(card), plots=False, overwrite=True)
        with uproot.open(out) as opened:
            scores = opened[tree]["AnalysisElectrons_myid_score"].array()
            momenta = opened[tree][pt].array()
        assert ak.num(scores).to_list() == ak.num(momenta).to_list()
        assert ak.count(scores) > 50
        assert np.isfinite(ak.flatten(scores).to_numpy()).all()


def test_a_counter_of_its_own_name(tmp_path, shared, write_declared, own_places):
    source = shared("generic/uproot-HZZ.root")
    text = """
    per: Muon
    counter: NMuon
    vectors: {muons: {px: Muon_Px, py: Muon_Py, pz: Muon_Pz, energy: Muon_E}}
    variables: {pt: {pt: [muons]}, pair: {mass: ["muons[0]", "muons[1]"]}}
    tensors: {t: [pt, {value: pair, missing: 0}]}
    """
    card = write_declared("myid", 2, text)
    rootml.tag_file(source, tmp_path / "out.root", str(card), plots=False)
    with uproot.open({tmp_path / "out.root": "events"}) as tree:
        p = {c: tree[f"Muon_{c}"].array() for c in ("Px", "Py", "Pz", "E")}
        pair = {c: ak.sum(v[:, :2], axis=1) for c, v in p.items()}
        square = pair["E"] ** 2 - pair["Px"] ** 2 - pair["Py"] ** 2 - pair["Pz"] ** 2
        mass = ak.where(ak.num(p["E"]) > 1, np.sqrt(np.maximum(square, 0)), 0)
        right = sigmoid(np.hypot(p["Px"], p["Py"]) + mass)
        scores = tree["Muon_myid_score"].array()
        assert "nMuon" not in tree.keys()  # noqa: SIM118 - a tree is no dictionary
    np.testing.assert_allclose(ak.flatten(scores), ak.flatten(right), rtol=1e-4)
    assert leaf_count(tmp_path / "out.root", "events", "Muon_myid_score") == "NMuon"
    wrong = write_declared("wrong", 2, text.replace("NMuon", "NJet"))
    with pytest.raises(DataError, match="entry 0 has 0 Muon, the new columns 2"):
        rootml.tag_file(source, tmp_path / "wrong.root", str(wrong), plots=False)


def leaf_count(path, tree, branch):
    """Name of the branch that counts the elements of another, as ROOT sees it."""
    code = f"""
import sys, warnings
warnings.simplefilter("ignore")
import ROOT
file = ROOT.TFile.Open({str(path)!r})
tree = file.Get({tree!r})
assert tree.Draw({branch!r}, "", "goff") > 0
print(tree.GetLeaf({branch!r}).GetLeafCount().GetName())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_errors_in_expressions_name_the_card(tmp_path, flat, write_declared, own_places):
    card = write_declared("net", 2, "tensors: {t: [sqr(x), y]}\ntrees: ['*']")
    with pytest.raises(CardError, match=r"net\.card\.yaml: .*column 'sqr_x' .*mean 'sqrt'"):
        rootml.tag_file(flat, tmp_path / "out.root", str(card), plots=False)
