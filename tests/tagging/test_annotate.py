from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import (
    BranchError,
    FileError,
    InputError,
    LayoutError,
    MissingNetwork,
    RootmlWarning,
)
from rootml.registry import get_adapter
from rootml.runtime.model import Model


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each run of the network had."""
    rows: list[int] = []
    original = Model.__call__

    def counted(self: Model, tensors: dict, batch_size: int | None = None) -> dict:
        rows.append(len(next(iter(tensors.values()))))
        return original(self, tensors, batch_size)

    monkeypatch.setattr(Model, "__call__", counted)
    return rows


def test_a_tree_gets_a_lazy_column(
    toy: Path, hits: Path, scores: np.ndarray, runs: list[int]
) -> None:
    events = rootml.annotate(uproot.open(hits)["hits"], model="toy")
    assert events.fields == ["cell_e", "truth_label", "run", "toy_score"]
    assert str(ak.type(events.toy_score)) == "500 * float32"
    assert len(events[:10].toy_score) == 10
    assert runs == []
    np.testing.assert_allclose(events.toy_score, scores, rtol=1e-6)
    assert events.toy_score[0] > 0
    assert runs == [497]


def test_only_the_branches_of_the_view_are_read(toy: Path, hits: Path) -> None:
    log: list = []
    tree = uproot.open(hits)["hits"]
    events = rootml.annotate(tree.arrays(virtual=True, access_log=log), model="toy")
    assert log == []
    assert events.toy_score[0] > 0
    assert {access.branch for access in log} == {"cell_e"}


def test_an_array_in_memory_is_judged_at_once(
    toy: Path, hits: Path, scores: np.ndarray, runs: list[int]
) -> None:
    array = uproot.open(hits)["hits"].arrays()
    events = rootml.annotate(array, model="toy")
    assert runs == [497]
    np.testing.assert_allclose(events.toy_score, scores, rtol=1e-6)
    assert "toy_score" not in array.fields


def test_a_path_with_or_without_a_tree(toy: Path, hits: Path, scores: np.ndarray) -> None:
    for events in (
        rootml.annotate(f"{hits}:hits", model="toy"),
        rootml.annotate(hits, model="toy", tree="hits"),
    ):
        np.testing.assert_allclose(events.toy_score, scores, rtol=1e-6)
    with pytest.raises(InputError, match=r"which tree\?.*hits, other"):
        rootml.annotate(hits, model="toy")


def test_the_default_model_of_the_experiment(toy: Path, hits: Path) -> None:
    assert "toy_score" in rootml.annotate(f"{hits}:hits").fields


def test_an_experiment_without_a_default_model_asks_for_one(
    toy: Path, hits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = [replace(get_adapter("toylab"), default_model="")]
    monkeypatch.setattr("rootml.tagging.inline.candidates", lambda: without)
    monkeypatch.setattr("rootml.tagging.prepare.candidates", lambda: without)
    asked = r"'toylab'.* no default .*one of toy, or your own"
    with pytest.raises(MissingNetwork, match=asked):
        rootml.annotate(f"{hits}:hits")
    with pytest.raises(MissingNetwork, match=asked):
        rootml.tag_file(hits, tmp_path / "out.root")
    assert not (tmp_path / "out.root").exists()
    assert "toy_score" in rootml.annotate(f"{hits}:hits", model="toy").fields


def test_a_layout_has_a_default_model_of_its_own(
    toy: Path, hits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(experiment: str, layout: str | None) -> None:
        toylab = get_adapter("toylab")
        layouts = (replace(toylab.layouts[0], default_model=layout),)
        one = [replace(toylab, default_model=experiment, layouts=layouts)]
        monkeypatch.setattr("rootml.tagging.inline.candidates", lambda: one)
        monkeypatch.setattr("rootml.tagging.prepare.candidates", lambda: one)

    installed("elsewhere", "toy")
    assert "toy_score" in rootml.annotate(f"{hits}:hits").fields
    rootml.tag_file(hits, tmp_path / "out.root", plots=False)
    installed("toy", "")
    with pytest.raises(MissingNetwork, match=r"no default network for its layout 'flat'; name one"):
        rootml.annotate(f"{hits}:hits")
    with pytest.raises(MissingNetwork, match="no default network for its layout 'flat'"):
        rootml.tag_file(hits, tmp_path / "none.root")


def test_chunks_do_not_change_the_scores(
    toy: Path, hits: Path, scores: np.ndarray, monkeypatch: pytest.MonkeyPatch, runs: list[int]
) -> None:
    monkeypatch.setattr("rootml.tagging.inline.CHUNK_EVENTS", 64)
    events = rootml.annotate(f"{hits}:hits", model="toy")
    np.testing.assert_allclose(events.toy_score, scores, rtol=1e-6)
    assert len(runs) == 8


def test_no_events_give_no_scores(toy: Path, hits: Path) -> None:
    array = uproot.open(hits)["hits"].arrays(entry_stop=0)
    assert str(ak.type(rootml.annotate(array, model="toy").toy_score)) == "0 * float32"


def test_agrees_with_the_batch_command(toy: Path, hits: Path, tmp_path: Path) -> None:
    rootml.tag_file(hits, tmp_path / "out.root", plots=False)
    batch = uproot.open(tmp_path / "out.root")["hits"]["toy_score"].array(library="np")
    lazy = rootml.annotate(f"{hits}:hits", model="toy").toy_score
    np.testing.assert_array_equal(batch, lazy)


def test_a_field_is_never_replaced(toy: Path, hits: Path) -> None:
    once = rootml.annotate(uproot.open(hits)["hits"].arrays(), model="toy")
    with pytest.raises(BranchError, match=r"already have a field 'toy_score'.*prefix="):
        rootml.annotate(once, model="toy")
    twice = rootml.annotate(once, model="toy", prefix="second_")
    assert ak.array_equal(twice.second_toy_score, once.toy_score, equal_nan=True)


def test_fields_that_fit_no_layout(toy: Path) -> None:
    with pytest.raises(LayoutError, match="'cell_e'; did you mean 'cell_f'"):
        rootml.annotate(ak.zip({"cell_f": np.ones((3, 6))}, depth_limit=1), model="toy")


def test_something_else_is_refused(toy: Path) -> None:
    with pytest.raises(InputError, match="not <class 'int'>"):
        rootml.annotate(3, model="toy")


def test_materialised_events_can_be_pickled(toy: Path, hits: Path) -> None:
    events = rootml.annotate(uproot.open(hits)["hits"].arrays(), model="toy")
    again = pickle.loads(pickle.dumps(events))
    assert ak.array_equal(again.toy_score, events.toy_score, equal_nan=True)


def test_branches_awkward_cannot_hold_are_named(toy: Path, shared: Callable[[str], Path]) -> None:
    tree = uproot.open(shared("supernemo/TKEvent_Run-0.root"))["Event"]
    with (
        pytest.warns(RootmlWarning, match="cannot hold them: clusters, trajectories$"),
        pytest.raises(LayoutError),
    ):
        rootml.annotate(tree, toy)


FRAME = """
import sys, warnings
warnings.simplefilter("ignore")
import ROOT
main, friend = sys.argv[1:]
chain = ROOT.TChain("hits")
chain.Add(main)
other = ROOT.TChain("hits")
other.Add(friend)
chain.AddFriend(other, "tags")
frame = ROOT.RDataFrame(chain)
print(frame.Filter("toy_score == toy_score").Sum("tags.toy_score").GetValue())
"""


def test_a_friend_beside_its_tree(
    toy: Path, hits: Path, scores: np.ndarray, tmp_path: Path, runs: list[int]
) -> None:
    rootml.tag_file(hits, tmp_path / "friend.root", output="friend", plots=False)
    runs.clear()
    events = rootml.annotate(
        f"{hits}:hits", "toy", friends=[tmp_path / "friend.root"], prefix="again_"
    )
    assert events.fields[-2:] == ["toy_score", "again_toy_score"]
    np.testing.assert_allclose(events.toy_score, scores, rtol=1e-6)
    assert runs == []
    np.testing.assert_array_equal(events.again_toy_score, events.toy_score)
    assert runs == [497]
    done = subprocess.run(
        [sys.executable, "-c", FRAME, str(hits), str(tmp_path / "friend.root")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) == pytest.approx(np.nansum(scores, dtype=np.float64))


@pytest.mark.parametrize("kind", ["TTree", "RNTuple"])
def test_what_the_layout_needs_may_be_in_a_friend(
    kind: str, toy: Path, deposits: np.ndarray, scores: np.ndarray, tmp_path: Path
) -> None:
    main, friend = tmp_path / "main.root", tmp_path / "cells.root"
    for path, name, values in ((main, "run", np.arange(500)), (friend, "cell_e", deposits)):
        with uproot.recreate(path) as file:
            make = file.mktree if kind == "TTree" else file.mkrntuple
            make("hits", {name: np.dtype((values.dtype, values.shape[1:]))}).extend({name: values})
    for events in (f"{main}:hits", uproot.open(main)["hits"]):
        lazy = rootml.annotate(events, "toy", friends=[f"cells={friend}"])
        assert lazy.fields == ["run", "cell_e", "toy_score"]
        np.testing.assert_allclose(lazy.toy_score, scores, rtol=1e-6)
    done = rootml.tag_file(main, tmp_path / "out.root", friends=[friend], plots=False)
    assert done.plan.branches_read == ("cell_e",)
    with uproot.open(tmp_path / "out.root") as file:
        np.testing.assert_allclose(file["hits"]["toy_score"].array(), scores, rtol=1e-6)
        assert "cell_e" not in file["hits"]
    (entry,) = rootml.rootio.read_provenance(tmp_path / "out.root", "hits")["taggings"]
    (joined,) = entry["input"]["friends"]
    assert len(joined.pop("fingerprint")) == 64
    assert joined == {"alias": "hits", "file": str(friend), "tree": "hits"}


def test_friends_go_with_a_tree(toy: Path, hits: Path) -> None:
    with pytest.raises(InputError, match="friends= go with a tree"):
        rootml.annotate(uproot.open(hits)["hits"].arrays(), "toy", friends=[hits])


def test_records_may_be_nested(
    toy: Path, deposits: np.ndarray, scores: np.ndarray, write_model: Callable[..., Path]
) -> None:
    array = ak.zip({"run": np.arange(500), "cell": ak.zip({"e": deposits})}, depth_limit=1)
    events = rootml.annotate(array, "toy")
    np.testing.assert_allclose(events.toy_score, scores, rtol=1e-6)
    assert "toy_score" in events.fields


def test_a_damaged_basket_is_an_error_of_the_file(toy: Path, hits: Path) -> None:
    with uproot.open(hits)["hits"] as tree:
        seek = int(tree["cell_e"].member("fBasketSeek")[1])
    data = bytearray(hits.read_bytes())
    data[seek + 80 : seek + 400] = bytes(320)
    hits.write_bytes(data)
    said = r"hits\.root: tree 'hits', branch 'cell_e': cannot be read"
    events = rootml.annotate(f"{hits}:hits", "toy")
    assert events.run[4] == 4
    with pytest.raises(FileError, match=said):
        ak.materialize(events.toy_score)
    with pytest.raises(FileError, match=said):
        ak.materialize(events.cell_e)
    virtual = uproot.open(hits)["hits"].arrays(virtual=True)
    with pytest.raises(FileError, match="events, branch 'cell_e': cannot be read"):
        ak.materialize(rootml.annotate(virtual, "toy").toy_score)


@pytest.mark.parametrize(
    ("model", "given", "says"),
    [
        ("toy", {"outputs": []}, "model 'toy': outputs= is empty: there is nothing to add"),
        (3, {}, "model= takes a name, a path or a loaded model, not <class 'int'>"),
    ],
)
def test_what_is_no_request(toy, hits, model, given, says):
    with pytest.raises(InputError, match=says):
        rootml.annotate(f"{hits}:hits", model, **given)
