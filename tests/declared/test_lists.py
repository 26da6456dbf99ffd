"""Declared lists: a network sees all objects of an event at once, and says something of each."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml
from onnx import TensorProto, helper
from pydantic import ValidationError

import rootml
from rootml.declared.schema import VIEW, Declaration
from rootml.errors import NetworkError

LONGEST = 4
JETS = f"""
per: Jet
lists: jets
tensors:
  jets: {{length: {LONGEST}, mask: there, columns: [Jet_pt]}}
  others: {{length: {LONGEST}, mask: others_there, columns: [Ele_pt]}}
  met: [met]
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = np.random.default_rng(7)
    lists = {}
    for name in ("Jet", "Ele"):
        counts = rng.poisson(2, 200)
        values = rng.exponential(30, counts.sum()).astype("f4")
        lists[name] = ak.unflatten(ak.zip({"pt": values}), counts)
    path = tmp_path_factory.mktemp("lists") / "jets.root"
    with uproot.recreate(path) as file:
        kinds = {"Jet": lists["Jet"].type.content, "Ele": lists["Ele"].type.content}
        file.mktree("Events", {**kinds, "met": "f4"}).extend(
            {**lists, "met": rng.exponential(20, 200).astype("f4")}
        )
    return path


@pytest.fixture
def sharer(tmp_path, write_card):
    """Gives each jet its share of the event's sum, by a network of lists of any length."""
    info, kind = helper.make_tensor_value_info, TensorProto.FLOAT
    axes = helper.make_tensor("axes", TensorProto.INT64, [1], [1])
    last = helper.make_tensor("last", TensorProto.INT64, [1], [2])
    graph = helper.make_graph(
        [
            helper.make_node("ReduceSum", ["jets", "axes"], ["sum"], keepdims=1),
            helper.make_node("Div", ["jets", "sum"], ["shares"]),
            helper.make_node("Squeeze", ["shares", "last"], ["share"]),
        ],
        "shares",
        [info("jets", kind, ("n", "jet", 1))],
        [info("share", kind, ("n", "jet"))],
        [axes, last],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())

    def write(**changes):
        given = {
            "adapter": yaml.safe_load(JETS),
            "view": VIEW,
            "outputs": [{"name": "share", "role": "score", "per": "Jet"}],
        }
        return write_card(tmp_path / "net.onnx", **(given | changes))

    return write


def shares(path):
    jets = uproot.open(path)["Events"]["Jet_pt"].array()
    judged = (ak.num(jets) > 0) & (ak.num(jets) <= LONGEST)
    return judged, ak.where(judged, jets / ak.sum(jets, axis=1), np.nan * jets)


def test_from_a_file_to_its_own_collection(path, sharer, tmp_path, own_places):
    judged, expected = shares(path)
    assert 0 < ak.sum(judged) < 180
    done = rootml.tag_file(path, tmp_path / "out.root", sharer(), plots=False)
    tree = uproot.open(tmp_path / "out.root")["Events"]
    found = tree["Jet_net_share"].array()
    assert ak.num(found).tolist() == tree["nJet"].array().tolist()
    np.testing.assert_allclose(ak.flatten(found), ak.flatten(expected), rtol=1e-6)
    assert done.judged["net"] == ak.sum(ak.num(expected)[judged])
    assert "nJet" in uproot.open(path)["Events"]  # the tree's own, not a new one


def test_what_a_list_is(judge):
    batch = judge(JETS, Jet_pt=[[3.0], [], 5 * [1.0], [2.0, 1.0]], Ele_pt=[[], [], [1.0], []],
                  met=[1.0, 2.0, 3.0, 4.0])  # fmt: skip
    assert batch.each.tolist() == [True, False, False, True]
    assert batch.members.tolist() == [1, 0, 5, 2]
    assert batch.counts is None
    assert batch.tensors["there"].tolist() == [
        [True, False, False, False],
        [True, True, False, False],
    ]
    assert batch.tensors["jets"][1, :, 0].tolist() == [2, 1, 0, 0]
    assert batch.tensors["met"].ravel().tolist() == [1, 4]
    whole = judge(JETS, Jet_pt=[[3.0]], Ele_pt=[[1.0]], met=[1.0])
    assert whole.judged is None


def test_one_value_an_event_of_a_list(sharer, own_places):
    """A card that does not say ``per`` means the event."""
    with pytest.raises(NetworkError, match="does not say per what"):
        rootml.load(sharer(outputs=[{"name": "share"}]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"per": None}, "lists: of which objects"),
        ({"lists": "jet"}, "there is no tensor 'jet'; did you mean 'jets'"),
        ({"lists": "met"}, "'met' needs a length and a mask"),
        ({"order": "-Jet_pt"}, "all objects as they come"),
        ({"select": "Jet_pt > 20"}, "all objects as they come"),
    ],
)
def test_lists_that_cannot_be(change, says):
    tensor = {"length": LONGEST, "mask": "there", "columns": ["Jet_pt"]}
    tensor |= {key: change.pop(key) for key in ("order", "select") if key in change}
    keys = {"per": "Jet", "lists": "jets", "tensors": {"jets": tensor, "met": ["met"]}}
    with pytest.raises(ValidationError, match=says):
        Declaration.model_validate(keys | change)
