"""Lists of any length in a fixed number of places."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import DataError

# few distinct values, so that equal ones are frequent
events_of_lists = st.lists(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), max_size=7), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=50)
@given(
    events=events_of_lists,
    length=st.integers(1, 5),
    order=st.sampled_from([None, "key", "-key"]),
    cut=st.integers(-1, 5),
    pad=st.sampled_from([0.0, -7.0]),
)
def test_places_are_those_of_a_loop(judge, events, length, order, cut, pad):
    keys, values = ([[e[i] for e in event] for event in [*events, [(0, 0)]]] for i in (0, 1))
    tensor = {"columns": ["key", "value + met"], "length": length, "pad": pad, "mask": "there"}
    tensor["select"] = f"key > {cut}"
    if order:
        tensor["order"] = order
    met = np.arange(len(keys), dtype=np.float64)
    batch = judge(
        {"tensors": {"jets": tensor}}, key=ak.Array(keys), value=ak.Array(values), met=met
    )
    expected = np.full((len(keys), length, 2), pad)
    there = np.zeros((len(keys), length), bool)
    for i in range(len(keys)):
        elements = [(k, v) for k, v in zip(keys[i], values[i], strict=True) if k > cut]
        if order:
            elements.sort(
                key=lambda e: e[0] if order == "key" else -e[0]
            )  # Python's sort is stable
        for place, (key, value) in enumerate(elements[:length]):
            expected[i, place] = key, value + i
            there[i, place] = True
    np.testing.assert_array_equal(batch.tensors["jets"], expected)
    np.testing.assert_array_equal(batch.tensors["there"], there)
    assert batch.tensors["there"].dtype == np.bool_


def test_equal_elements_keep_their_order(judge):
    text = "tensors: {hits: {columns: [n], length: 200, order: -key}}"
    batch = judge(text, n=[np.arange(200.0)], key=[np.arange(200) % 2])
    assert batch.tensors["hits"].ravel().tolist() == [*range(1, 200, 2), *range(0, 200, 2)]


def test_channels_first(judge, declared):
    text = "tensors: {p: {columns: [x, y], length: 3, mask: m%s}}"
    lists = {"x": [[1.0, 2.0], []], "y": [[3.0, 4.0], []]}
    usual, other = (judge(text % more, **lists) for more in ("", ", channels_first: true"))
    np.testing.assert_array_equal(other.tensors["p"], usual.tensors["p"].transpose(0, 2, 1))
    np.testing.assert_array_equal(other.tensors["m"], usual.tensors["m"][:, None])
    specs = declared(text % ", channels_first: true").views["declared"].tensors
    assert [(spec.name, spec.shape) for spec in specs] == [("p", (2, 3)), ("m", (1, 3))]


def test_arrays_of_fixed_size_are_lists_too(judge):
    text = "tensors: {hits: {columns: [x, y], length: 2, order: -x, select: x > 0}}"
    batch = judge(
        text, x=np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 4.0]]), y=np.arange(6).reshape(2, 3)
    )
    assert batch.tensors["hits"].tolist() == [[[3, 1], [2, 2]], [[4, 5], [0, 0]]]


def test_missing_values_of_elements(judge):
    text = """
    sentinels: [-99]
    tensors: {jets: {columns: [pt, {value: btag, missing: 0.5}], length: 2, select: keep}}
    """
    branches = {
        "pt": [[1.0, 2.0], [-99.0], [-99.0, 4.0]],
        "btag": [[-99.0, 1.0], [1.0], [1.0, 1.0]],
    }
    batch = judge(text, keep=[[1, 1], [1], [0, 1]], **branches)
    assert batch.judged.tolist() == [True, False, True]
    assert batch.tensors["jets"].tolist() == [[[1, 0.5], [2, 1]], [[4, 1], [0, 0]]]


def test_elements_that_are_cut_off_may_hold_anything(judge):
    text = "tensors: {jets: {columns: [log(pt)], length: 1, order: -pt}}"
    assert judge(text, pt=[[0.0, 1.0]]).tensors["jets"].tolist() == [[[0]]]
    with pytest.raises(DataError, match="column 'log_pt' of tensor 'jets', element 1 is -inf") as e:
        judge(text.replace("length: 1", "length: 2"), pt=[[1.0], [0.0, 1.0]])
    assert e.value.event == 1


def test_an_order_that_is_unknown_is_refused(judge):
    text = "tensors: {jets: {columns: [pt], length: 2, order: key, select: pt > 1}}"
    assert judge(text, pt=[[0.0]], key=[[float("nan")]]).tensors["jets"].tolist() == [[[0], [0]]]
    with pytest.raises(DataError, match="tensor 'jets': order is NaN or missing") as e:
        judge(text, pt=[[2.0], [2.0]], key=[[1.0], [float("nan")]])
    assert e.value.event == 1


def test_an_order_that_is_missing_is_refused(judge):
    text = "sentinels: [-9]\ntensors: {jets: {columns: [pt], length: 2, order: key}}"
    with pytest.raises(DataError, match="order is NaN or missing"):
        judge(text, pt=[[2.0, 3.0]], key=[[1.0, -9.0]])


def test_objects_of_an_event_that_cannot_be_judged(judge):
    text = """
    per: E
    sentinels: [-9]
    tensors: {t: [pt], jets: {columns: [jet], length: 2}}
    """
    batch = judge(text, pt=[[2.0, 3.0], [5.0], [], [4.0]], jet=[[1.0], [-9.0], [-9.0], [3.0]])
    assert batch.judged.tolist() == [True, True, False, True]
    assert batch.tensors["jets"].tolist() == [[[1], [0]], [[1], [0]], [[3], [0]]]


def test_lists_go_with_every_object_of_their_event(judge):
    text = """
    per: E
    select: pt > 1
    tensors: {t: [pt], jets: {columns: [jet], length: 2, mask: there}}
    """
    batch = judge(text, pt=[[2.0, 3.0], [], [4.0, 0.0]], jet=[[1.0], [2.0], [3.0, 5.0]])
    assert batch.tensors["jets"].tolist() == [[[1], [0]], [[1], [0]], [[3], [5]]]
    assert batch.tensors["there"].tolist() == [[True, False], [True, False], [True, True]]
    assert batch.judged.tolist() == [True, True, True, False]


def test_lists_that_belong_together_have_one_length(judge):
    text = "tensors: {jets: {columns: [pt, eta], length: 2}}"
    with pytest.raises(DataError, match=r"column 'eta' of tensor 'jets': lists of 2 and of 1"):
        judge(text, pt=[[1.0, 2.0]], eta=[[1.0]])
    with pytest.raises(DataError, match="tensor 'jets': no column is a list"):
        judge(text, pt=[1.0], eta=[1.0])
