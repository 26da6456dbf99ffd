"""Columns of a tensor: order, sentinels, missing values, clipping, selections, objects."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import BranchError, DataError

NAN = float("nan")


def rows(batch, name="t"):
    return batch.tensors[name].tolist()


def test_columns_keep_their_order(judge, declared):
    text = "tensors: {t: [b, a, {value: c + 1, name: d}, 2]}"
    batch = judge(text, a=[1.0, 2.0], b=[3.0, 4.0], c=[5, 6])
    assert rows(batch) == [[3, 1, 6, 2], [4, 2, 7, 2]]
    assert batch.tensors["t"].dtype == np.float32
    assert batch.judged is None
    assert batch.counts is None
    (spec,) = declared(text).views["declared"].tensors
    assert (spec.shape, spec.columns, spec.allow_nan) == ((4,), ("b", "a", "d", "2"), False)


def test_sentinels_act_on_branches_before_the_expression(judge):
    text = """
    sentinels: {-999: missing, -1: 0}
    missing: 7
    tensors: {t: [x, x * 2, "Sum$(v)", {value: x, sentinels: {4: 40}, name: own}]}
    """
    batch = judge(text, x=[1.0, -999.0, -1.0, 4.0], v=[[-999.0, 1.0, -1.0], [], [2.0], []])
    assert rows(batch) == [[1, 2, 1, 1], [7, 7, 0, -999], [0, 0, 2, -1], [4, 8, 0, 40]]


@pytest.mark.parametrize(
    ("kind", "sentinel", "near"),
    [
        ("f4", -999.9, -999.0),
        ("f4", -3.4028234663852886e38, -3.4e38),
        ("f4", 1e300, float("inf")),
        ("f4", 3.4028235e38, 3.4028233e38),
        ("i1", 300, 44),
        ("f8", -999.9, -999.90001),
        ("u4", 4294967295, 4294967294),
        ("u8", 18446744073709551615, 18446744073709549568),
        ("i4", -2147483648, -2147483647),
        ("i8", -999, -998),
        ("i2", -999.5, -999),
        ("f4", NAN, 0.0),
        ("f4", float("inf"), 3.4e38),
    ],
)
def test_sentinels_match_in_the_branchs_own_type(judge, kind, sentinel, near):
    fits = sentinel not in (-999.5, 1e300, 300)
    x = np.array([sentinel if fits else near, near], kind)
    text = {"sentinels": [sentinel], "missing": -5, "tensors": {"t": ["where(x == x, 1, 2)"]}}
    assert rows(judge(text, x=x)) == [[-5 if fits else 1], [1]]


def test_missing_values_leave_the_event_unjudged_unless_declared(judge):
    text = "tensors: {t: ['x[0]', {value: 'x[1]', missing: -1}]}"
    batch = judge(text, x=[[1.0, 2.0], [], [3.0]])
    assert batch.judged.tolist() == [True, False, True]
    assert rows(batch) == [[1, 2], [3, -1]]


def test_nan_goes_to_the_network_only_where_it_is_declared(judge, declared):
    text = "tensors: {t: ['x[0]', y]}\nmissing: .nan"
    (spec,) = declared(text).views["declared"].tensors
    assert spec.allow_nan
    assert np.isnan(judge(text, x=[[]], y=[1.0]).tensors["t"][0, 0])
    with pytest.raises(DataError, match="column 'y' of tensor 't' is nan") as caught:
        judge(text, x=[[1.0], []], y=[1.0, NAN])
    assert caught.value.event == 1
    with pytest.raises(DataError, match="column 'x_0' of tensor 't' is nan") as caught:
        judge(text, x=[[], [NAN]], y=[1.0, 1.0])
    assert caught.value.event == 1
    judged = judge(text + "\nsentinels: [.nan]", x=[[]], y=[NAN])
    assert np.isnan(judged.tensors["t"]).all()


def test_infinity_is_never_let_through(judge):
    with pytest.raises(DataError, match="is inf"):
        judge("tensors: {t: [x]}\nmissing: nan", x=[np.inf])


def test_values_beyond_float32_are_no_numbers(judge):
    with pytest.raises(DataError, match="column 'x' of tensor 't' is inf"):
        judge("tensors: {t: [x]}", x=[1e300])


def test_clipping_leaves_what_stands_for_missing_values(judge):
    text = """
    tensors:
      t:
        - {value: "x[0]", clip: [0, 2.5], missing: -1}
        - {value: "1 / y", clip: [null, 10]}
    """
    batch = judge(text, x=[[-3.0], [9.0], []], y=[0.0, 1.0, -0.5])
    assert rows(batch) == [[0, 10], [2.5, 1], [-1, -2]]


def test_units_that_are_not_selected_may_hold_anything(judge):
    batch = judge("select: x > 0\ntensors: {t: [log(x), x]}", x=[1.0, 0.0, 2.0])
    assert batch.judged.tolist() == [True, False, True]
    assert len(batch.tensors["t"]) == 2


def test_a_selection_that_is_missing_selects_nothing_but_nan_is_an_error(judge):
    text = "select: x[0] > 2\ntensors: {t: [y]}"
    batch = judge(text, x=[[3.0], [], [1.0]], y=[1.0, 2.0, 3.0])
    assert batch.judged.tolist() == [True, False, False]
    with pytest.raises(DataError, match="select: the selection is NaN"):
        judge(text, x=[[NAN]], y=[1.0])


OBJECTS = """
per: Electron
select: Electron_pt > 5
variables: {ht: Sum$(Jet_pt), scale: Electron_pt / 10}
tensors: {t: [Electron_pt, met, ht, scale]}
"""


def test_values_of_events_go_with_each_object(judge):
    batch = judge(
        OBJECTS, Electron_pt=[[10.0, 4.0], [], [20.0]], met=[1.0, 2.0, 3.0], Jet_pt=[[1, 2], [], []]
    )
    assert batch.counts.tolist() == [2, 0, 1]
    assert batch.judged.tolist() == [True, False, True]
    assert rows(batch) == [[10, 1, 3, 1], [20, 3, 0, 2]]


def test_lists_of_different_lengths_are_refused(judge):
    with pytest.raises(
        DataError, match=r"column 'Jet_pt' of tensor 't'.* lists of 1 and of 2"
    ) as e:
        judge(
            "per: Electron\ntensors: {t: [Electron_pt, Jet_pt]}",
            Electron_pt=[[1.0], [2.0]],
            Jet_pt=[[1.0], [2.0, 3.0]],
        )
    assert e.value.event == 1


def test_objects_need_a_list(judge):
    with pytest.raises(DataError, match="nothing says how many Electron an event has"):
        judge("per: Electron\ntensors: {t: [x]}", x=[1.0])


@settings(deadline=None, max_examples=50)
@given(
    values=st.lists(st.lists(st.floats(-10, 10, width=32), max_size=4), min_size=1, max_size=6),
    cut=st.floats(-10, 10, width=32),
)
def test_objects_are_those_of_a_loop(judge, values, cut):
    array = ak.values_astype(ak.Array([*values, [0.0]]), np.float32)
    text = {"per": "E", "select": f"x > {cut!r}", "tensors": {"t": ["x", "Length$(x)"]}}
    batch = judge(text, x=array)
    events = array.to_list()
    judged = [x > cut for event in events for x in event]
    assert (batch.judged is None and all(judged)) or batch.judged.tolist() == judged
    assert rows(batch) == [[x, len(event)] for event in events for x in event if x > cut]


def test_integers_for_the_network(judge):
    text = "tensors: {ids: {columns: [pdg], dtype: int64}}\nselect: x > 0"
    batch = judge(text, pdg=[11, -13], x=[1, 1])
    assert batch.tensors["ids"].dtype == np.int64
    assert rows(batch, "ids") == [[11], [-13]]
    text = "tensors: {ids: {columns: [pdg / 2], dtype: int64}}\nselect: x > 0"
    assert rows(judge(text, pdg=[11, 4], x=[0, 1]), "ids") == [[2]]
    with pytest.raises(DataError, match=r"tensor 'ids'.*: 5.5 cannot be stored as int64") as caught:
        judge(text, pdg=[4, 0, 11], x=[1, 0, 1])
    assert caught.value.event == 2


@pytest.mark.parametrize(
    ("keys", "number"),
    [
        ({"tensors": {"t": ["n"]}}, [1, 1, 2**53 - 1]),
        ({"tensors": {"t": ["n"]}, "per": "n"}, [[1, 2], [], [3, 2**53 - 1]]),
        ({"tensors": {"t": {"length": 2, "columns": ["n"]}}}, [[1, 2], [], [3, 2**53 - 1]]),
        ({"tensors": {"t": {"array": "n", "shape": [1]}}}, [[1], [1], [2**53 - 1]]),
    ],
)
def test_integers_that_a_network_cannot_hold_are_located(judge, keys, number):
    with pytest.raises(DataError, match="9007199254740991 cannot be stored as float32") as caught:
        judge(keys, n=number)
    assert caught.value.event == 2


def test_pictures_take_their_shape(judge, declared):
    text = "tensors: {image: {array: edep, shape: [1, 2, 3]}}"
    batch = judge(text, edep=np.arange(12).reshape(2, 6))
    assert batch.tensors["image"].tolist() == np.arange(12).reshape(2, 1, 2, 3).tolist()
    assert judge(text, edep=ak.Array([[1, 2, 3, 4, 5, 6]])).tensors["image"].shape == (1, 1, 2, 3)
    with pytest.raises(DataError, match="5 values in an event, for the shape"):
        judge(text, edep=ak.Array([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5]]))
    with pytest.raises(DataError, match=r"shape \(2, 2\) per event, not \(1, 2, 3\)"):
        judge(text, edep=np.zeros((3, 2, 2)))


def test_missing_cells_of_pictures(judge):
    text = "tensors: {image: {array: {value: edep, missing: 0}, shape: [2]}}\nsentinels: [-1]"
    assert rows(judge(text, edep=np.array([[1.0, -1.0], [2.0, 3.0]])), "image") == [[1, 0], [2, 3]]
    batch = judge(text.replace(", missing: 0", ""), edep=np.array([[1.0, -1.0], [2.0, 3.0]]))
    assert rows(batch, "image") == [[2, 3]]
    assert batch.judged.tolist() == [False, True]


def test_no_events(judge):
    text = "tensors: {t: [x, 'v[0]'], j: {columns: [v], length: 2}}"
    batch = judge(text, x=np.zeros(0), v=ak.Array([[1.0]])[:0])
    assert {name: tensor.shape for name, tensor in batch.tensors.items()} == {
        "t": (0, 2),
        "j": (0, 2, 1),
    }


def test_summaries_name_the_columns(judge, declared):
    text = """
    tensors:
      t: [log(x), {value: x, name: plain, unit: GeV}]
      j: {columns: [v], length: 3, mask: there}
      image: {array: cells, shape: [2]}
    """
    batch = judge(text, x=[1.0, 2.0], v=[[1.0, 2.0], []], cells=np.array([[1.0, 2.0], [3.0, 4.0]]))
    summaries = {s.name: s for s in declared(text).views["declared"].summaries}
    found = {name: s.compute(batch.tensors).tolist() for name, s in summaries.items()}
    assert found == {
        "log_x": [0, pytest.approx(np.log(2))],
        "plain": [1, 2],
        "n_j": [2, 0],
        "sum_image": [3, 7],
    }
    assert summaries["plain"].unit == "GeV"


def test_truth_energy_and_references(logical, declared):
    text = """
    variables: {gen: E_true / 1000}
    tensors: {t: [x, energy]}
    energy: energy / 1000
    truth: {label: "pdg == 11", classes: [hadron, electron], energy: gen}
    references: [{value: mva, name: old, estimates: gen, title: the old one}]
    """
    branches = {"x": [1.0, 2.0], "energy": [1e3, 2e3], "E_true": [3e3, 4e3], "pdg": [11, 22]}
    branches["mva"] = [0.1, 0.2]
    adapter = declared(text)
    assert (adapter.truth.label, adapter.truth.energy) == ("truth_label", "truth_energy")
    assert adapter.truth.classes == ("hadron", "electron")
    assert [(r.column, r.title, r.estimates) for r in adapter.references] == [
        ("old", "the old one", "gen")
    ]
    for name, expected in {
        "truth_label": [1, 0],
        "truth_energy": [3, 4],
        "energy": [1, 2],
        "gen": [3, 4],
        "old": [0.1, 0.2],
    }.items():
        assert logical(text, name, **branches).to_list() == expected
    layout = adapter.layouts[0]
    assert {key for key, branch in layout.branches.items() if branch.optional} == {
        "E_true",
        "pdg",
        "mva",
    }
    assert logical(text, "energy (branch)", **branches).to_list() == [1e3, 2e3]


def test_leaves_of_structures(judge):
    text = """
    per: trk
    branches: {hits: {names: [trk], leaf: nhits}, t0: {names: [trk], leaf: t0, unit: ns}}
    sentinels: [-1]
    missing: 0
    tensors: {x: [hits, t0 / 2]}
    """
    tracks = [[{"nhits": 3, "t0": 5.0}, {"nhits": -1, "t0": 7.0}], [], [{"nhits": 4, "t0": 1.0}]]
    assert rows(judge(text, trk=tracks), "x") == [[3, 2.5], [0, 3.5], [4, 0.5]]
    misspelt = text.replace("leaf: nhits", "leaf: nhit")
    with pytest.raises(BranchError, match=r"'trk' has no leaf 'nhit'; did you mean 'nhits'.*t0"):
        judge(misspelt, trk=tracks)
    with pytest.raises(BranchError, match=r"no leaf 'nhits' \(leaves: none\)"):
        judge(text, trk=[[1.0], [], []])
