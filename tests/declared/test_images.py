"""Lists of hits filled into images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import CardError, DataError

TRACKER = "tensors: {hits: {array: %s, at: [layer, row], shape: [3, 4], axes: [layer, row]}}"
hits = st.tuples(st.integers(0, 2), st.integers(0, 3), st.floats(-9, 9, width=32))


@settings(deadline=None, max_examples=40)
@given(events=st.lists(st.lists(hits, max_size=6), min_size=1, max_size=6), cut=st.integers(0, 2))
def test_cells_are_those_of_a_loop(judge, events, cut):
    events = [*events, [(2, 3, 1.0)]]
    layer, row, charge = ([[hit[i] for hit in event] for event in events] for i in range(3))
    tensor = {"array": "charge + met", "at": ["layer", "row"], "shape": [3, 4]}
    tensor["select"] = f"layer >= {cut}"
    met = np.arange(len(events), dtype=np.float64)
    made = judge({"tensors": {"hits": tensor}}, layer=layer, row=row, charge=charge, met=met)
    expected = np.zeros((len(events), 3, 4))
    for i, event in enumerate(events):
        for at_layer, at_row, value in event:
            if at_layer >= cut:
                expected[i, at_layer, at_row] += value + i
    np.testing.assert_allclose(made.tensors["hits"], expected, atol=1e-5)


def test_a_number_counts_hits_and_axes_have_names(judge, declared):
    text = TRACKER % "1"
    made = judge(text, layer=[[0, 0, 2], []], row=[[1, 1, 3], []]).tensors["hits"]
    assert made.dtype == np.float32
    assert made[0].tolist() == [[0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert not made[1].any()
    (spec,) = declared(text).views["declared"].tensors
    assert (spec.shape, spec.axes) == ((3, 4), ("layer", "row"))


def test_what_is_missing(judge):
    branches = {"layer": [[0, -1], [1]], "row": [[2, 0], [3]], "charge": [[5.0, 7.0], [-999.0]]}
    text = TRACKER % "charge" + "\nsentinels: [-1, -999]"
    filled = judge(text + "\nmissing: 2", **branches)
    assert filled.judged.tolist() == [False, True]  # a hit without a place
    assert filled.tensors["hits"][0].sum() == filled.tensors["hits"][0, 1, 3] == 2
    assert judge(text, **branches).judged.tolist() == [False, False]


@pytest.mark.parametrize("layer", [3, -1, 0.5, np.nan])
def test_a_hit_beyond_the_image(judge, layer):
    with pytest.raises(DataError, match=r"a hit is at .* of an axis of 3 cells") as error:
        judge(TRACKER % "1", layer=[[0.0], [1.0, layer]], row=[[1], [1, 2]])
    assert error.value.event == 1


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        ("{array: '1', at: [layer], shape: [3, 4]}", "'at' names 1 axes of the shape"),
        ("{array: x, shape: [3, 4], select: x > 0}", "select: only with a length"),
        ("{columns: [x], at: [x]}", "'at' names 1 axes of the shape"),
    ],
)
def test_declarations_that_make_no_sense(declared, tensor, said):
    with pytest.raises((CardError, ValueError), match=said):
        declared(f"tensors: {{hits: {tensor}}}")


def test_an_event_is_no_list(judge):
    with pytest.raises(DataError, match="'at' holds no list"):
        judge(TRACKER % "1", layer=[0, 1], row=[1, 1])
