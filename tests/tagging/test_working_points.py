"""Cuts of a card as branches of bools, in every kind of output."""

from __future__ import annotations

import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml

import rootml
from rootml.card import ModelCard
from rootml.errors import BranchError, CardError, OutputError, RegistryError
from rootml.rootio import read_provenance

POINTS = [
    {"name": "pass90", "output": "score", "threshold": 0.6},
    {"name": "pass95", "output": "score", "threshold": 0.55},
    {
        "name": "flat90",
        "output": "score",
        "against": "energy",
        "at": [1.0, 3.0],
        "thresholds": [0.6, 0.8],
    },
]


@pytest.fixture
def toy(toylab, own_places, write_model):
    return write_model(own_places / "rootml" / "models", working_points=POINTS[:2])


@pytest.fixture
def passed(scores):
    """What the cut at 0.6 says; events without a deposit do not pass."""
    return scores > np.float32(0.6)


def branch(path, name="toy_pass90", tree="hits"):
    with uproot.open(path) as file:
        return file[tree][name].array(library="np")


@pytest.fixture
def read_keys():
    def read(path, tree="hits"):
        with uproot.open(path) as file:
            return set(file[tree].keys())

    return read


def test_a_branch_of_bools(toy, hits, passed, tmp_path):
    result = rootml.tag_file(hits, tmp_path / "out.root", working_points="pass90", plots=False)
    assert [(c.name, c.dtype) for c in result.plan.columns] == [
        ("toy_score", "float32"),
        ("toy_pass90", "bool"),
    ]
    with uproot.open(tmp_path / "out.root") as file:
        made = file["hits/toy_pass90"]
        assert made.typename == "bool"
        assert made.title == "score > 0.6: passed, where the network judged at all"
    np.testing.assert_array_equal(branch(tmp_path / "out.root"), passed)
    assert not passed.all()
    assert passed.any()


@pytest.mark.parametrize("how", ["copy", "in place", "friend", "ntuple"])
def test_every_kind_of_output(toy, hits, deposits, passed, tmp_path, how):
    target, options = tmp_path / "out.root", {"plots": False, "working_points": ["pass90"]}
    if how == "ntuple":
        hits = tmp_path / "ntuple.root"
        with uproot.recreate(hits) as file:
            file.mkrntuple("hits", {"cell_e": ak.from_numpy(deposits)})
    if how == "in place":
        target = hits
        rootml.tag_file(hits, in_place=True, **options)
    else:
        rootml.tag_file(hits, target, output="friend" if how == "friend" else "append", **options)
    np.testing.assert_array_equal(branch(target), passed)


ROOT_COUNTS = """
import sys
import ROOT
file = ROOT.TFile.Open(sys.argv[1])
tree = file.Get("hits")
leaf = tree.GetLeaf("toy_pass90")
print(leaf.ClassName(), leaf.GetTypeName())
for cut in ("toy_pass90", "!toy_pass90", "toy_pass90 && toy_score > 0.6"):
    print(tree.GetEntries(cut))
"""


@pytest.mark.parametrize("how", ["copy", "in place"])
def test_cuts_on_a_replaced_score_do_not_outlive_it(
    toy, hits, tmp_path, write_model, read_keys, how
):
    target = hits if how == "in place" else tmp_path / "twice.root"
    once = target if how == "in place" else tmp_path / "once.root"
    first = {"working_points": "all", "plots": False}
    rootml.tag_file(hits, None if once == hits else once, in_place=once == hits, **first)
    rootml.tag_file(once, tmp_path / "other.root", prefix="my_", **first)
    assert {"toy_pass95", "my_toy_pass95"} < read_keys(tmp_path / "other.root")

    points = [POINTS[0] | {"threshold": 0.7}]
    again = write_model(tmp_path / "again", "toy", working_points=points)
    result = rootml.tag_file(
        once,
        None if target == once else target,
        [str(again)],
        in_place=target == once,
        working_points="pass90",
        overwrite=True,
        verify=True,
        plots=False,
    )
    assert (result.plan.replaced, result.plan.dropped) == (
        ("toy_score", "toy_pass90"),
        ("toy_pass95",),
    )
    assert read_keys(target) == {"cell_e", "truth_label", "run", "toy_score", "toy_pass90"}
    scores = branch(target, "toy_score")
    np.testing.assert_array_equal(branch(target), scores > np.float32(0.7))
    (entry,) = read_provenance(target, "hits")["taggings"]
    assert entry["branches"] == ["toy_score", "toy_pass90"]


def test_cuts_on_other_scores_stay(toy, hits, tmp_path, read_keys, command):
    once, other, twice = (tmp_path / f"{name}.root" for name in ("once", "other", "twice"))
    rootml.tag_file(hits, once, working_points="pass95", plots=False)
    rootml.tag_file(once, other, prefix="my_", working_points="pass95", plots=False)
    done = command("tag", other, twice, "--prefix", "my_", "--overwrite", "--no-plots")
    assert done.code == 0, done.err
    assert "drops    my_toy_pass95, made of what is replaced" in done.out
    assert read_keys(twice) - read_keys(hits) == {"toy_score", "toy_pass95", "my_toy_score"}


def test_a_field_that_cannot_be_taken_out_is_refused(toy, deposits, tmp_path):
    hits, once, twice = (tmp_path / f"{name}.root" for name in ("hits", "once", "twice"))
    with uproot.recreate(hits) as file:
        file.mkrntuple("hits", {"cell_e": ak.from_numpy(deposits)})
    rootml.tag_file(hits, once, working_points="all", plots=False)
    options = {"overwrite": True, "plots": False}
    with pytest.raises(OutputError, match=r"RNTuple 'hits' has 'toy_pass95', a cut.*--pass"):
        rootml.tag_file(once, twice, working_points="pass90", **options)
    assert not twice.exists()
    rootml.tag_file(once, twice, working_points="all", **options)


def test_root_selects_with_it(toy, hits, passed, tmp_path):
    rootml.tag_file(hits, tmp_path / "out.root", working_points="pass90", plots=False)
    done = subprocess.run(
        [sys.executable, "-c", ROOT_COUNTS, str(tmp_path / "out.root")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said, *counted = done.stdout.splitlines()[-4:]
    assert said == "TLeafO Bool_t"
    assert list(map(int, counted)) == [passed.sum(), (~passed).sum(), passed.sum()]


def test_objects_have_one_each(toy, hits, tmp_path, write_card, write_network):
    declared = {
        "trees": ["hits"],
        "per": "Trk",
        "select": "Trk_a > -5",
        "tensors": {"cells": ["Trk_a", "Trk_b"]},
    }
    network = write_network(tmp_path / "obj.onnx", shape=("n", 2), weight=0.5)
    card = write_card(network, adapter=declared, view="declared", working_points=POINTS[:1])
    lists = ak.Array([[1.0, -1.0], [], [0.1, 2.0, -9.0]])
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mktree("hits", {"Trk": ak.zip({"a": lists, "b": lists}).type.content})
        file["hits"].extend({"Trk": ak.zip({"a": lists, "b": lists})})
    rootml.tag_file(
        tmp_path / "in.root", tmp_path / "out.root", card, working_points="all", plots=False
    )
    with uproot.open(tmp_path / "out.root") as file:
        assert file["hits/Trk_obj_pass90"].array().tolist() == [
            [True, False],
            [],
            [False, True, False],
        ]


def test_thresholds_follow_a_column(tmp_path, write_card, write_network, deposits):
    declared = {
        "trees": ["hits"],
        "select": "a + b > 0",
        "tensors": {"cells": ["a", "b"]},
        "energy": "e",
    }
    network = write_network(tmp_path / "own.onnx", shape=("n", 2), weight=0.5)
    card = write_card(network, adapter=declared, view="declared", working_points=POINTS)
    a, b, energy = (column.astype("f4") for column in deposits[:, :3].T)
    energy[:4] = np.nan, 0.2, 2.0, 1e6
    for name, branches in (("in", {"a": a, "b": b, "e": energy}), ("bare", {"a": a, "b": b})):
        with uproot.recreate(tmp_path / f"{name}.root") as file:
            file.mktree("hits", dict.fromkeys(branches, "f4")).extend(branches)
    target = tmp_path / "out.root"
    rootml.tag_file(tmp_path / "in.root", target, card, working_points="flat90", plots=False)
    scores = branch(target, "own_score")
    thresholds = 0.6 + 0.1 * (np.clip(energy, 1, 3) - 1)
    passed = (scores > thresholds) & ~np.isnan(energy)
    np.testing.assert_array_equal(branch(target, "own_flat90"), passed)
    assert not passed[0]
    assert 0.1 < passed.mean() < 0.9
    record = read_provenance(target, "hits")["taggings"][0]["working_points"]
    assert record["own_flat90"]["thresholds"] == [0.6, 0.8]
    with pytest.raises(BranchError, match=r"bare.root.*no branch 'e'.*'flat90'.*pass90, pass95"):
        rootml.tag_file(tmp_path / "bare.root", tmp_path / "no.root", card, working_points="all")
    assert not (tmp_path / "no.root").exists()
    with pytest.raises(BranchError, match="'flat90'"):
        rootml.annotate(tmp_path / "bare.root", card, working_points=["flat90"])


def test_annotate_gives_them_lazily(toy, hits, passed, deposits):
    events = rootml.annotate(hits, tree="hits", working_points="all")
    assert {"toy_score", "toy_pass90", "toy_pass95"} <= set(events.fields)
    np.testing.assert_array_equal(events["toy_pass90"], passed)
    array = rootml.annotate(ak.zip({"cell_e": deposits}, depth_limit=1), working_points="pass95")
    assert array["toy_pass95"].type.content.primitive == "bool"
    assert ak.sum(array["toy_pass95"]) > passed.sum()


def test_entries_outside_the_range_do_not_pass(toy, hits, passed, tmp_path):
    target = tmp_path / "out.root"
    rootml.tag_file(hits, target, working_points="all", entry_range=(100, 250), plots=False)
    expected = np.where((np.arange(500) >= 100) & (np.arange(500) < 250), passed, False)
    np.testing.assert_array_equal(branch(target), expected)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("pass9", r"no working point 'pass9'; did you mean 'pass9[05]'.*working points: pass90"),
        (["flat99"], "no working point 'flat99'"),
    ],
)
def test_points_that_are_not_there(toy, hits, tmp_path, wanted, said):
    with pytest.raises(RegistryError, match=said):
        rootml.tag_file(hits, tmp_path / "out.root", working_points=wanted)
    assert not (tmp_path / "out.root").exists()


@pytest.mark.parametrize("wanted", ["all", "pass90"])
def test_a_card_without_any(toylab, own_places, write_model, hits, tmp_path, wanted):
    card = write_model(tmp_path / "none", "none")
    with pytest.raises(RegistryError, match="'none' has no working point"):
        rootml.tag_file(hits, tmp_path / "out.root", card, working_points=wanted)


@pytest.mark.parametrize("wanted", ["all", ["pass 90%"]])
def test_a_name_that_no_branch_can_have(toylab, own_places, write_model, hits, tmp_path, wanted):
    card = write_model(tmp_path / "odd", "odd", working_points=[POINTS[0] | {"name": "pass 90%"}])
    with pytest.raises(RegistryError, match="'pass 90%' of model 'odd' cannot be a branch"):
        rootml.tag_file(hits, tmp_path / "out.root", card, working_points=wanted)
    rootml.tag_file(hits, tmp_path / "out.root", card, plots=False)


def test_the_command(toy, hits, passed, tmp_path, command):
    done = command(
        "tag", hits, tmp_path / "out.root", "--pass", "90,pass95", "--no-plots", "--json"
    )
    assert done.code == 0, done.err
    added = {one["name"]: one["dtype"] for one in done.account["branches_added"]}
    assert added == {"toy_score": "float32", "toy_pass90": "bool", "toy_pass95": "bool"}
    np.testing.assert_array_equal(branch(tmp_path / "out.root"), passed)
    done = command("tag", hits, tmp_path / "no.root", "--working-points", "pass80", "--no-plots")
    assert done.code == 2
    assert "no working point 'pass80'; did you mean 'pass90'" in done.err
    assert "Traceback" not in done.err


def test_the_command_shows_them_aligned(toylab, own_places, write_model, command):
    limited = POINTS[0] | {"rejection_limit": 334.3, "efficiency": 0.9}
    write_model(own_places / "rootml" / "models", working_points=[limited, POINTS[2]])
    out = command("models", "show", "toy").out
    rows = [line for line in out.splitlines() if line.strip().startswith(("pass90", "flat90"))]
    assert rows[0].split("  > ")[1].split("  ")[0] == "334.3"
    assert "95 % confidence" in rows[0]
    assert rows[0].index("score >") == rows[1].index("score >")
    assert "score > 0.6 to 0.8 by energy" in rows[1]
    assert "Thresholds of flat90, linear in between" in out


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold": None}, "one threshold, or thresholds against"),
        ({"against": "energy"}, "one threshold, or thresholds against"),
        ({"threshold": None, "against": "energy"}, "as many thresholds"),
        (
            {"threshold": None, "against": "energy", "at": [2.0, 1.0], "thresholds": [0.1, 0.2]},
            "do not increase",
        ),
        ({"name": "score"}, "called 'score'"),
        ({"treshold": 1.0}, "did you mean 'threshold'"),
    ],
)
def test_points_that_make_no_sense(toy, changes, said):
    data = yaml.safe_load(toy.read_text())
    data["working_points"] = [POINTS[0] | changes]
    with pytest.raises(CardError, match=said):
        ModelCard.from_yaml(yaml.safe_dump(data))
