"""Columns of networks on NanoEvents that coffea reads, whatever the schema and the mode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

import rootml
from rootml.errors import BranchError, DataError, FileError, InputError, LayoutError
from rootml.runtime.model import Model

READ = {"nElectron", "Electron_pt", "Electron_eta"}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each run of a network had."""
    rows: list[int] = []
    original = Model.__call__

    def counted(self: Model, tensors: dict, batch_size: int | None = None) -> dict:
        rows.append(len(next(iter(tensors.values()))))
        return original(self, tensors, batch_size)

    monkeypatch.setattr(Model, "__call__", counted)
    return rows


def same(found: ak.Array, expected: ak.Array) -> bool:
    assert ak.num(found).tolist() == ak.num(expected).tolist()
    np.testing.assert_allclose(ak.flatten(found), ak.flatten(expected), rtol=1e-6)
    return True


def branches(log: list) -> set[str]:
    return {access.branch for access in log}


def test_a_virtual_column_of_objects_reads_the_view_alone(
    opened: Callable, eid: Path, eid_scores: ak.Array, runs: list[int]
) -> None:
    log: list = []
    events = rootml.annotate(opened(access_log=log), eid)
    assert branches(log) <= {"nElectron"}
    assert "eid_score" in events.Electron.fields
    assert "eid_score" not in events.fields
    assert str(ak.type(events.Electron.eid_score)) == "300 * var * float32"
    assert len(events[:10].Electron) == 10
    assert branches(log) <= {"nElectron"}
    assert runs == []
    assert same(events.Electron.eid_score, eid_scores)
    assert branches(log) == READ
    assert ak.any(events.Electron.eid_score > 0.5)
    assert len(runs) == 1


def test_a_virtual_column_of_events(
    opened: Callable, kind: Path, kind_scores: np.ndarray, runs: list[int]
) -> None:
    log: list = []
    events = rootml.annotate(opened(access_log=log), kind)
    assert log == runs == []
    np.testing.assert_allclose(events.kind_score, kind_scores, rtol=1e-6)
    assert branches(log) == {"MET_pt", "nElectron", "nMuon"}
    assert runs == [300]


@pytest.mark.parametrize("mode", ["virtual", "eager"])
def test_without_a_schema_branches_stay_branches(
    mode: str, opened: Callable, eid: Path, eid_scores: ak.Array, base: type
) -> None:
    events = rootml.annotate(opened(mode=mode, schema=base), eid)
    assert same(events.Electron_eid_score, eid_scores)


def test_eager_events_are_judged_at_once(
    opened: Callable, eid: Path, kind: Path, eid_scores: ak.Array, runs: list[int]
) -> None:
    events = opened(mode="eager")
    both = rootml.annotate(rootml.annotate(events, eid), kind)
    assert len(runs) == 2
    assert same(both.Electron.eid_score, eid_scores)
    assert "eid_score" not in events.Electron.fields


@pytest.mark.parametrize("mode", ["virtual", "eager"])
def test_they_are_nanoevents_still(mode: str, opened: Callable, eid: Path) -> None:
    before = opened(mode=mode, metadata={"dataset": "toy"})
    events = rootml.annotate(before, eid)
    assert type(events) is type(before)
    assert type(events.Electron) is type(before.Electron)
    assert events.metadata == before.metadata
    pairs = events[ak.num(events.Electron) >= 2].Electron
    mass = (pairs[:, 0] + pairs[:, 1]).mass
    assert ak.all(mass > 0)
    assert ak.all(pairs[pairs.eid_score > 0.6].pt > 5)
    events["Electron", "twice"] = 2 * events.Electron.eid_score
    assert same(events.Electron.twice, 2 * events.Electron.eid_score)


def test_systematic_variations_of_coffea_go_on(opened: Callable, eid: Path) -> None:
    electrons = rootml.annotate(opened(), eid).Electron
    shift = np.array([1.02, 0.98], "f4")
    electrons.add_systematic(
        "scale", "UpDownSystematic", "pt", lambda pt: shift[None, :] * pt[:, None]
    )
    varied = electrons.systematics.scale
    assert same(varied.up.pt, 1.02 * electrons.pt)
    assert same(varied.down.eid_score, electrons.eid_score)


@pytest.mark.parametrize("mode", ["virtual", "eager"])
def test_variations_and_the_domain(
    mode: str, opened: Callable, known: Path, content: dict, eid_scores: ak.Array, judge: Callable
) -> None:
    log: list = []
    events = opened(mode=mode, access_log=log) if mode == "virtual" else opened(mode=mode)
    electrons = rootml.annotate(events, known, vary={"pt_scale": (0.5, 1.1)}, ood=True).Electron
    off = content["Electron"]
    for name, scale in {"0p5": 0.5, "1p1": 1.1}.items():
        found = electrons[f"eid_score_pt_scale_{name}"]
        assert same(found, judge(ak.with_field(off, scale * off.pt, "pt")))
    assert same(electrons.eid_score, eid_scores)
    judged = ak.flatten(off.pt > 5)
    np.testing.assert_array_equal(np.isnan(ak.flatten(electrons.eid_ood)), ~judged)
    assert 0 < ak.mean(ak.flatten(electrons.eid_ood)[judged] > 1) <= 0.1
    assert branches(log) <= READ
    with pytest.raises(InputError, match="no variation 'pt_scael'; did you mean 'pt_scale'"):
        rootml.annotate(events, known, vary={"pt_scael": (1.1,)})


@pytest.mark.parametrize("mode", ["virtual", "eager"])
def test_outputs_of_several_numbers(
    mode: str, opened: Callable, make_card: Callable, content: dict
) -> None:
    whole = {"tensors": {"features": ["MET_pt"]}}
    each = {"per": "Electron", "tensors": {"features": ["Electron_pt"]}}
    events = rootml.annotate(opened(mode=mode), make_card("whole", whole, numbers=3))
    events = rootml.annotate(events, make_card("each", each, numbers=2))
    assert str(ak.type(events.whole_score)) == "300 * 3 * float32"
    assert str(ak.type(events.Electron.each_score)) == "300 * var * 2 * float32"
    expected = 1 / (1 + np.exp(-0.1 * content["Electron"].pt))
    for i in range(2):
        assert same(events.Electron.each_score[..., i], expected)


def test_objects_are_judged_as_they_are_now(
    opened: Callable, eid: Path, content: dict, judge: Callable
) -> None:
    events = opened()
    events["Electron", "pt"] = 1.5 * events.Electron["pt"]
    events["Electron"] = events.Electron[abs(events.Electron.eta) < 1.5]
    events = events[ak.num(events.Electron) > 0][5:50]
    expected = content["Electron"]
    expected = ak.with_field(expected, 1.5 * expected.pt, "pt")
    expected = expected[abs(expected.eta) < 1.5]
    expected = expected[ak.num(expected) > 0][5:50]
    assert same(rootml.annotate(events, eid).Electron.eid_score, judge(expected))


def test_how_many_are_left_is_counted(
    opened: Callable, kind: Path, kind_scores: np.ndarray
) -> None:
    events = opened()
    events["Electron"] = events.Electron[:, :0]
    fewer = rootml.annotate(events, kind).kind_score
    assert ak.all((fewer < kind_scores - 1e-4) == (ak.num(opened().Electron) > 0))


def test_fields_of_your_own_are_branches(opened: Callable, make_card: Callable) -> None:
    card = make_card("own", {"per": "Electron", "tensors": {"features": ["Electron_mine"]}})
    events = opened()
    with pytest.raises(LayoutError, match="no branch 'Electron_mine'; did you mean"):
        rootml.annotate(events, card)
    events["Electron", "mine"] = 0 * events.Electron.pt
    assert ak.all(rootml.annotate(events, card).Electron.own_score == 0.5)


def test_a_field_is_never_replaced(opened: Callable, eid: Path) -> None:
    once = rootml.annotate(opened(), eid)
    with pytest.raises(BranchError, match=r"already have a field 'Electron\.eid_score'.*prefix="):
        rootml.annotate(once, eid)
    twice = rootml.annotate(once, eid, prefix="second_")
    assert same(twice.Electron.second_eid_score, once.Electron.eid_score)


@pytest.mark.parametrize("mode", ["virtual", "eager"])
def test_values_of_other_objects_are_refused(
    mode: str, opened: Callable, make_card: Callable
) -> None:
    card = make_card("wrong", {"per": "Electron", "tensors": {"features": ["Muon_pt"]}})
    with pytest.raises(DataError, match=r"has \d+ values for \d+ objects"):
        ak.materialize(rootml.annotate(opened(mode=mode), card).Electron.wrong_score)


def test_objects_that_are_none_have_no_score(
    opened: Callable, eid: Path, eid_scores: ak.Array
) -> None:
    events = opened()
    soft = events.Electron.pt < 20
    events["Electron"] = ak.pad_none(ak.mask(events.Electron, ~soft), 2)
    found = rootml.annotate(events, eid).Electron.eid_score
    assert ak.all(ak.num(found) >= 2)
    assert ak.array_equal(ak.is_none(found, axis=1), ak.is_none(events.Electron.pt, axis=1))
    assert same(ak.drop_none(found), eid_scores[~soft])


def test_events_whose_list_is_none_are_refused(opened: Callable, eid: Path) -> None:
    events = opened()
    some = ak.num(events.Electron) > 0
    events["Electron"] = ak.mask(events.Electron, some)
    with pytest.raises(BranchError, match=r"'Electron_pt' holds None instead of a list.*fill_none"):
        ak.materialize(rootml.annotate(events, eid).Electron.eid_score)
    events["Electron"] = ak.fill_none(events.Electron, [], axis=0)
    assert len(ak.flatten(rootml.annotate(events, eid).Electron.eid_score)) > 0


def test_a_tree_goes_with_a_path(opened: Callable, eid: Path) -> None:
    with pytest.raises(InputError, match="tree= goes with a path alone"):
        rootml.annotate(opened(), eid, tree="Events")


def test_a_model_may_be_open_already(opened: Callable, eid: Path, eid_scores: ak.Array) -> None:
    model = rootml.load(eid)
    assert same(rootml.annotate(opened(), model).Electron.eid_score, eid_scores)
    with pytest.raises(InputError, match="is open already"):
        rootml.annotate(opened(), model, threads=2)


def test_a_network_is_opened_once_until_it_changes(
    opened: Callable, make_card: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    sessions: list = []
    original = onnxruntime.InferenceSession
    monkeypatch.setattr(
        "onnxruntime.InferenceSession", lambda *a, **k: sessions.append(a) or original(*a, **k)
    )
    adapter = {"per": "Electron", "tensors": {"features": ["Electron_pt"]}}
    card = make_card("same", adapter, tmp_path)
    first = [rootml.annotate(opened(), card).Electron.same_score[:, :1] for _ in range(3)]
    assert len(sessions) == 1
    make_card("same", adapter, tmp_path, weight=-0.1)
    again = rootml.annotate(opened(), card).Electron.same_score[:, :1]
    assert len(sessions) == 2
    np.testing.assert_allclose(ak.flatten(again), 1 - ak.flatten(first[0]), atol=1e-6)


def test_events_that_lost_their_form(opened: Callable, eid: Path, eid_scores: ak.Array) -> None:
    """As pickled ones and partitions of dask do."""
    events = opened(mode="eager")
    events = ak.Array(ak.to_layout(events), behavior=events.behavior)
    assert "@form" not in events.attrs
    assert same(rootml.annotate(events, eid).Electron.eid_score, eid_scores)


def test_a_column_whose_file_is_closed(nano: Path, opened: Callable, eid: Path) -> None:
    events = rootml.annotate(opened(), eid)
    events.attrs["@events_factory"].file_handle.close()
    with pytest.raises(FileError, match=r"events, branch 'Electron_\w+': cannot be read"):
        ak.materialize(events.Electron.eid_score)


def test_cross_references_of_real_nanoaod(
    shared: Callable, opened: Callable, make_card: Callable
) -> None:
    adapter = {"per": "Electron", "tensors": {"features": ["Electron_pt", "Electron_eta"]}}
    log: list = []
    events = opened(shared("generic/nano_dy.root"), access_log=log)
    events = rootml.annotate(events, make_card("real", adapter))
    ak.materialize(events.Electron.real_score)
    assert branches(log) == READ
    matched = events.Electron[events.Electron.real_score > 0.5].matched_gen
    assert set(ak.flatten(matched.pdgId).tolist()) <= {11, -11, 22, None}
    assert 11 in abs(ak.drop_none(ak.flatten(matched.pdgId)))


def test_electrons_of_physlite(shared: Callable, opened: Callable, make_card: Callable) -> None:
    """Lists of PHYSLITE are as long as one of their branches, which the schema chooses, says."""
    from coffea.nanoevents import PHYSLITESchema

    names = {"pt": ["AnalysisElectronsAuxDyn.pt"], "eta": ["AnalysisElectronsAuxDyn.eta"]}
    tensors = {"features": ["pt / 10000", "abs(eta)"]}
    adapter = {"trees": ["CollectionTree"], "per": "AnalysisElectrons"}
    card = make_card("eid", adapter | {"branches": names, "tensors": tensors})
    log: list = []
    file = shared("atlas/PHYSLITE_example.root")
    before = opened(file, "CollectionTree", PHYSLITESchema, access_log=log)
    events = rootml.annotate(before, card)
    score = ak.materialize(events.Electrons.eid_score)
    assert branches(log) - {"AnalysisElectronsAuxDyn.trackParticleLinks"} == {
        name for names in names.values() for name in names
    }
    sums = events.Electrons["pt"] / 10000 + abs(events.Electrons["eta"])
    assert same(score, 1 / (1 + np.exp(-0.1 * sums)))
    assert type(events.Electrons) is type(before.Electrons)
    alone = ak.Array(ak.to_layout(before), behavior=before.behavior)
    assert same(rootml.annotate(alone, card, prefix="a_").Electrons.a_eid_score, score)
