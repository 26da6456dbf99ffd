"""A network that does not fit its card is refused before anything runs."""

from __future__ import annotations

import numpy as np
import pytest

from rootml.errors import NetworkError
from rootml.runtime.signature import castable


@pytest.mark.parametrize(
    ("network", "line"),
    [
        ({"cells": "cell"}, r"input cell +- +float32 \(n, 6\) +no such tensor in the view; did"),
        ({"shape": ("n", 5)}, r"input cells +float32 \(n, 6\) +float32 \(n, 5\) +axis 1 differs"),
        ({"shape": (1, 6)}, r"float32 \(1, 6\) +batch axis fixed to 1"),
        ({"shape": ("n", 1, 6)}, r"float32 \(n, 1, 6\) +another number of axes"),
        ({"dtype": "FLOAT16"}, "float32 cannot be cast to float16 without loss"),
        ({"score": "scor"}, r"output score +float32 \(n\) +- +missing; did you mean 'scor'"),
        (
            {"scores": 2, "score_shape": ("n", 2)},
            r"output score +float32 \(n\) +float32 \(n, 2\) +another number of axes",
        ),
    ],
)
def test_misfit_is_shown_in_a_table(make, network, line):
    with pytest.raises(NetworkError, match=line) as caught:
        make(**network)
    assert "toy.onnx: the network does not fit its card" in str(caught.value)


def test_the_table_lists_what_fits_too(make):
    with pytest.raises(NetworkError, match=r"input cells +float32 \(n, 6\) +float32 \(n, 6\) +ok"):
        make(score="scor")


def test_output_that_would_be_truncated(make):
    outputs = [{"name": "score", "dtype": "int8"}]
    with pytest.raises(NetworkError, match="float32 cannot be cast to int8 without loss"):
        make(card={"outputs": outputs})


def test_card_may_rename_inputs_and_outputs(make):
    card = {
        "network": {"inputs": {"cells": "x"}},
        "outputs": [{"name": "score", "tensor": "probability"}],
    }
    model = make(card=card, cells="x", score="probability")
    assert [*model({"cells": np.ones((2, 6), "f4")})] == ["score"]


def test_renamed_input_that_is_not_there(make):
    with pytest.raises(NetworkError, match=r"input y +float32 \(n, 6\) +- +missing"):
        make(card={"network": {"inputs": {"cells": "y"}}})


def test_double_precision_networks_are_fed_and_read(make):
    model = make(dtype="DOUBLE")
    assert model({"cells": np.ones((2, 6), "f4")})["score"].dtype == np.float32


@pytest.mark.parametrize(
    ("source", "target", "allowed"),
    [
        ("float64", "float32", True),
        ("float16", "float32", True),
        ("int16", "float32", True),
        ("bool", "int8", True),
        ("float32", "float16", False),
        ("int64", "float32", False),
        ("int64", "int32", False),
        ("float32", "tensor(bfloat16)", False),
    ],
)
def test_castable(source, target, allowed):
    assert castable(source, target) is allowed
