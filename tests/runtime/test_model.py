"""A model called on tensors."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootml.errors import DataError, IntegrityError, NetworkError
from rootml.registry import load


@pytest.fixture
def cells():
    return np.random.default_rng(1).exponential(1, (23, 6)).astype("f4")


def expected(cells):
    return 1 / (1 + np.exp(-0.1 * cells.sum(axis=1, dtype="f8")))


@given(rows=st.integers(0, 40), batch_size=st.integers(1, 50))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_judged_whatever_the_batch(make, rows, batch_size):
    model = make()
    cells = np.random.default_rng(rows).exponential(1, (rows, 6)).astype("f4")
    score = model({"cells": cells}, batch_size=batch_size)["score"]
    assert score.shape == (rows,)
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, expected(cells), rtol=1e-6)


@pytest.mark.parametrize(("room", "sizes"), [(24 * 1000, [1000, 1000, 1]), (24, [256] * 7 + [209])])
def test_small_rows_come_in_large_batches(make, monkeypatch, room, sizes):
    monkeypatch.setattr("rootml.runtime.model.BATCH_BYTES", room)
    model = make()
    seen = []
    run = model.engine.run
    monkeypatch.setattr(
        model.engine, "run", lambda feed, names: seen.append(len(feed["cells"])) or run(feed, names)
    )
    model({"cells": np.zeros((2001, 6), "f4")})
    assert seen == sizes


def test_batch_size_of_the_card_is_used(make, cells, monkeypatch):
    model = make(card={"batch_size": 8})
    sizes = []
    run = model.engine.run
    monkeypatch.setattr(
        model.engine,
        "run",
        lambda feed, names: sizes.append(len(feed["cells"])) or run(feed, names),
    )
    model({"cells": cells})
    model({"cells": cells[:0]})
    assert sizes == [8, 8, 7]


def test_several_outputs_and_shapes(toylab, own_places, tmp_path, write_card):
    from onnx import TensorProto, helper

    values = [("classes", ("n", 6)), ("total", ("n", 1)), ("spare", ("n", 6))]
    graph = helper.make_graph(
        [
            helper.make_node("Softmax", ["cells"], ["classes"], axis=1),
            helper.make_node("ReduceSum", ["cells", "axes"], ["total"], keepdims=1),
            helper.make_node("Neg", ["cells"], ["spare"]),
        ],
        "toy",
        [helper.make_tensor_value_info("cells", TensorProto.FLOAT, ("n", 6))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in values],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    path = tmp_path / "toy.onnx"
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(proto.SerializeToString())
    outputs = [
        {"name": "energy", "tensor": "total", "role": "energy", "dtype": "float64"},
        {"name": "classes", "shape": [6], "role": "probabilities"},
    ]
    cells = np.random.default_rng(1).random((5, 6), dtype="f4")
    results = load(write_card(path, outputs=outputs))({"cells": cells})
    assert [*results] == ["energy", "classes"]
    assert results["energy"].dtype == np.float64
    np.testing.assert_allclose(results["energy"], cells.sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(results["classes"].sum(axis=1), 1, rtol=1e-6)


def test_double_input_is_cast(make, cells):
    model = make()
    double = model({"cells": cells.astype("f8")})["score"]
    np.testing.assert_array_equal(double, model({"cells": cells})["score"])


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "the tensor 'cells' is missing"),
        ({"cells": np.ones((3, 5), "f4")}, r"has the shape \(3, 5\), expected \(n, 6\)"),
        ({"cells": np.ones(6, "f4")}, r"has the shape \(6,\), expected \(n, 6\)"),
        (
            {"cells": np.ones((3, 6), "i8")},
            "is int64, which cannot be cast to the network's float32",
        ),
    ],
)
def test_tensors_that_do_not_fit(make, tensors, message):
    with pytest.raises(NetworkError, match=message):
        make()(tensors)


def test_a_batch_of_no_rows_is_refused(make, cells):
    with pytest.raises(NetworkError, match="one row or more, not 0"):
        make()({"cells": cells}, batch_size=0)


def test_nan_made_by_the_network_is_an_error(make, cells):
    model = make(weight=-1.0, activation=("Sqrt",))
    with pytest.raises(
        NetworkError, match="output 'score' is NaN or infinite in row 0, for finite"
    ):
        model({"cells": cells})


def test_overflow_in_the_network_is_an_error(make, cells):
    model = make(weight=10.0, activation=("Exp", "Exp"))
    with pytest.raises(NetworkError, match="is NaN or infinite"):
        model({"cells": cells + 100})


def test_a_value_too_large_for_its_column_is_an_error(make, cells, monkeypatch):
    model = make()
    monkeypatch.setattr(
        model.engine, "run", lambda feed, names: [np.full(len(feed["cells"]), 1e300)]
    )
    with pytest.raises(NetworkError, match="is NaN or infinite"):
        model({"cells": cells})


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_in_the_input_is_blamed_on_the_input(make, cells, bad):
    cells[13, 2] = bad
    model = make(activation=("Identity",))
    with pytest.raises(DataError, match="row 13 of the input 'cells' holds NaN or infinity"):
        model({"cells": cells}, batch_size=4)


def test_pickling_carries_no_network(make, cells):
    model = make(options={"threads": 2})
    text = pickle.dumps(model)
    assert len(text) < 3000
    copy = pickle.loads(text)
    assert copy.engine.threads == 2
    np.testing.assert_array_equal(copy({"cells": cells})["score"], model({"cells": cells})["score"])


def test_a_network_is_checked_where_it_arrives(make):
    model = make()
    text = pickle.dumps(model)
    model.engine.path.write_bytes(b"swapped")
    with pytest.raises(IntegrityError):
        pickle.loads(text)


def test_model_of_a_relative_path_pickles_to_another_folder(make, monkeypatch, tmp_path):
    card = make().engine.path.with_name("toy.card.yaml")
    monkeypatch.chdir(card.parent)
    text = pickle.dumps(load(card.name))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert pickle.loads(text).card.name == "toy"


def test_threads_share_a_model(make):
    model = make()
    inputs = [np.full((50, 6), value, "f4") for value in range(16)]
    with ThreadPoolExecutor(4) as pool:
        scores = [*pool.map(lambda cells: model({"cells": cells}, batch_size=3)["score"], inputs)]
    for cells, score in zip(inputs, scores, strict=True):
        np.testing.assert_allclose(score, expected(cells), rtol=1e-6)


def test_models_do_not_change(make):
    with pytest.raises(AttributeError):
        make().card = None
