from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import BranchError, InputError, LayoutError, RootmlWarning
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


def test_branches_awkward_cannot_hold_are_named(shared: Callable[[str], Path]) -> None:
    tree = uproot.open(shared("supernemo/TKEvent_Run-0.root"))["Event"]
    with (
        pytest.warns(RootmlWarning, match="cannot hold them: .*tr_hits"),
        pytest.raises(LayoutError),
    ):
        rootml.annotate(tree)
