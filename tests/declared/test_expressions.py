"""Expressions: what they give, and what is refused."""

from __future__ import annotations

import math

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import CardError, DataError

X = np.array([0.5, 1.0, 4.0])
LISTS = [[1.0, 5.0, 3.0], [], [4.0]]
PICTURE = np.arange(12.0).reshape(3, 2, 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", X),
        ("log(x)", np.log(X)),
        ("TMath::Log(x) + TMath::Pi()", np.log(X) + np.pi),
        ("-x^2", -(X**2)),
        ("2^pow(3, 2) * x", 512 * X),
        ("5.5 % 2 + x", X + 1),
        ("x / 2 - 1", X / 2 - 1),
        ("k / 2", [0.5, 1.0, 1.5]),
        ("-7 % 3 + x", X - 1),
        ("x > 0.7 && x < 2", [0, 1, 0]),
        ("!(x > 0.7) || k == 3", [1, 0, 1]),
        ("atan2(x, k)", np.arctan2(X, [1, 2, 3])),
        ("max(x, 1)", [1, 1, 4]),
        ("TMath::Min(x, k)", [0.5, 1, 3]),
        ("flag + 1", [2, 1, 2]),
        ("where(x > 0.7, x, -x)", [-0.5, 1, 4]),
        ("where(x > 0.7, v[0], 7)", [7, None, 4]),
        ("v[1]", [5, None, None]),
        ("v[k - 1]", [1, None, None]),
        ("v[w[0]]", [1, None, None]),
        ("where(Length$(v) > 0, v[0], -1)", [1, -1, 4]),
        ("v[1] + x", [5.5, None, None]),
        ("Sum$(v)", [9, 0, 4]),
        ("Sum$(v * (v > 2))", [8, 0, 4]),
        ("Sum$(v * k)", [9, 0, 12]),
        ("Max$(v)", [5, None, 4]),
        ("Min$(v) - Max$(v)", [-4, None, 0]),
        ("Length$(v)", [3, 0, 1]),
        ("picture[1][0]", [2, 6, 10]),
        ("Sum$(picture)", [6, 22, 38]),
        ("Sum$(picture[1])", [5, 13, 21]),
        ("Max$(picture * k)", [3, 14, 33]),
        ("a.b + 1", X + 1),
    ],
)
def test_values(column, text, expected):
    branches = {"x": X, "k": [1, 2, 3], "v": LISTS, "picture": PICTURE, "a.b": X}
    branches["w"] = [[0], [0], []]
    found = column(text, flag=[True, False, True], **branches)
    assert found == [None if e is None else pytest.approx(e, rel=1e-6) for e in expected]


def test_plain_branches_pass_as_they_are(column):
    values = np.array([0.1, -3.3e38, 1e-40], np.float32)
    assert np.float32(column("x", x=values)).tobytes() == values.tobytes()


def test_arithmetic_is_in_float64(column):
    x = np.array([16777216.0, 0.1], np.float32)
    assert column("(x + 1) - 16777216", x=x)[0] == 1
    assert column("x > 0.1", x=x)[1] == 1  # float32's 0.1 is the larger one, as for ROOT


lists = st.lists(st.lists(st.floats(-1e3, 1e3), max_size=6), min_size=1, max_size=8)


@settings(deadline=None, max_examples=50)
@given(values=lists, index=st.integers(0, 3))
def test_reductions_and_elements_are_those_of_python(column, values, index):
    array = ak.Array([*values, [1.5]])  # one element, so that the type is known
    some = array.to_list()
    close = [None if not v else pytest.approx(max(v), rel=1e-6, abs=1e-30) for v in some]
    assert column("Max$(x)", x=array) == close
    assert column("Sum$(x)", x=array) == [
        pytest.approx(math.fsum(v), rel=1e-6, abs=1e-9) for v in some
    ]
    assert column("Length$(x)", x=array) == [len(v) for v in some]
    elements = [
        pytest.approx(v[index], rel=1e-6, abs=1e-30) if len(v) > index else None for v in some
    ]
    assert column(f"x[{index}]", x=array) == elements


def test_elements_of_another_list(judge):
    text = """
    per: Electron
    tensors: {t: [Electron_pt, {value: "Jet_pt[Electron_jet]", missing: -1}]}
    """
    batch = judge(
        text,
        Electron_pt=[[1.0, 2.0], [], [3.0]],
        Electron_jet=[[1, -1], [], [5]],
        Jet_pt=[[10.0, 20.0], [30.0], [40.0]],
    )
    assert batch.tensors["t"].tolist() == [[1, 20], [2, -1], [3, -1]]


@pytest.mark.parametrize("text", ["x > 1", "!x", "x && 1", "where(x, 1, 2)", "max(x, 1)", "x == x"])
def test_nan_is_not_swallowed(column, text):
    with pytest.raises(DataError, match="is nan"):
        column(text, x=[np.nan])


def test_nan_in_a_list_is_not_passed_over(column):
    with pytest.raises(DataError, match="is nan"):
        column("Max$(v)", v=[[1.0, np.nan]])


HOSTILE = [
    "__import__('os').system('true')",
    "().__class__",
    "lambda: 1",
    "x if x else x",
    "[y for y in x]",
    "open(x)",
    "exec(x)",
    "x.__class__.__mro__[0](1)",
    "x := 1",
    "1; 2",
    "f'{x}'",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_executed(declared, text):
    with pytest.raises(CardError):
        declared({"tensors": {"t": [text, "x"]}})


WORDS = [
    "x", "v", "v[0]", "(", ")", "[", "]", "+", "-", "*", "/", "%", "^", "<", "==", "&&", "!", ",",
    "2", "1e400", "log(", "Sum$(", "Max$", "where(", "TMath::Pi()", "true", "?", ":", "'", ".", "$",
]  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(text=st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join))
def test_any_text_gives_numbers_or_an_error_of_ours(column, text):
    try:
        values = column(text + " + 0 * x", x=[1.0, -2.0], v=[[1.0, 0.0], []])
    except (CardError, DataError):
        return
    assert all(value is None or np.isfinite(value) for value in values)


def test_attributes_are_but_names_of_branches(declared):
    adapter = declared({"tensors": {"t": ["x.__class__"]}})
    assert adapter.layouts[0].branches["x.__class__"].names == ("x.__class__",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log(x", r"'log\(x': it ends too early|from character"),
        ("x +* 2", r"'x \+\* 2': cannot be read from character 4 on, at '\* 2'"),
        ("x > 0 ? 1 : 2", r"character 7 .* as where\(condition, a, b\)"),
        ("x & 1", "write && for 'and'"),
        ("x | 1", r"write \|\| for 'or'"),
        ("name == 'e'", "texts cannot be computed with"),
        ("fabs(x)", "did you mean 'abs'"),
        ("x > 0 and x < 1", "write && for 'and'"),
        ("lambda + 1", "another one under 'branches'"),
        ("foo(x)", 'Unknown function or constant "foo"'),
        ("Alt$(x[0], 5)", "as x\\[0\\] with 'missing: 5'"),
        ("sqrt(x, 2)", "sqrt takes 1, not 2 arguments"),
        ("where(x, 1)", "where takes 3, not 2 arguments"),
        ("erf(x)", 'The function "erf" is not known here'),
        ("x : y", "one expression makes one column"),
        ("0 < x < 1", "a < b && b < c"),
        ("(x < y) == 0", "a < b && b < c"),
        ("2^x^2", r"write pow\(a, b\^c\)"),
        ("x[-1]", "indices count from 0"),
        ("tau + 1", "'tau' is the name of a constant"),
        ("e_minus", "'e_minus' is the name of a constant"),
        ("-" * 200 + "x", "nested more than 100 deep"),
        ("1e999 * x", "constant"),
        ("", "String should have at least 1 character"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(declared, text, message):
    with pytest.raises((CardError, ValueError), match=message) as caught:
        declared({"tensors": {"inputs": ["x", {"value": text, "name": "mine"}]}})
    if isinstance(caught.value, CardError):
        assert "column 'mine' of tensor 'inputs'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v + w", "v \\+ w: lists of 2 and of 1 elements do not match"),
        ("v + picture", "an array of fixed size and a list"),
        ("picture + wide", "arrays of the shapes"),
        ("where(picture > 1, wide, 0)", "arrays of the shapes"),
        ("x[0]", "one number per event has no elements"),
        ("v[wide[0]]", "an index is one number"),
        ("v[0 / 0]", "an index is a whole"),
        ("v[0.5]", "an index is a whole number"),
        ("v", "a list per event; take one element"),
        ("picture[0]", "a list per event"),
        ("long", "9007199254740993 cannot be stored as float32 without loss"),
        ("long * 1", "9007199254740993 cannot be stored as float64 without loss"),
        ("x / 0", "is inf"),
        ("log(-x - 1)", "is nan .*log"),
    ],
)
def test_values_that_do_not_fit_are_named(column, text, message):
    with pytest.raises(DataError, match=message) as caught:
        column(
            text,
            x=[1.0, 2.0],
            v=[[1.0, 2.0], [3.0]],
            w=[[1.0], [3.0]],
            picture=PICTURE[:2],
            wide=np.ones((2, 3, 2)),
            long=[1, 2**53 + 1],
        )
    assert "of tensor 't'" in str(caught.value)


@pytest.mark.parametrize(
    ("branch", "held"),
    [
        (["a", "b"], "string"),
        ([["a"], ["b"]], "string"),
        ([[[1.0]], [[2.0]]], r"var \* var"),
        ([{"p": 1}, {"p": 2}], r"\{p: int64\}"),
        ([1, [2]], "union"),
        ([[{"p": 1}], []], r"\{p: int64\}"),
        ([None, None], r"\?unknown"),
        (ak.to_regular(ak.Array([["a"], ["b"]])), r"1 \* string"),
    ],
)
def test_branches_without_numbers_are_refused(column, branch, held):
    with pytest.raises(Exception, match=f"the branch 'x' holds .*{held}"):
        column("x", x=branch)


def test_types_of_integers(column):
    for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"):
        assert column("x + 1", x=np.array([1, 100], kind)) == [2, 101]
        assert column("x", x=np.array([1, 100], kind)) == [1, 100]


def test_events_in_another_order(declared):
    events = ak.Array([{"x": 1.0, "v": [1.0, 2.0]}, {"x": 2.0, "v": []}, {"x": 3.0, "v": [5.0]}])
    adapter = declared("tensors: {t: [x, Sum$(v)]}")
    batch = adapter.views["declared"].build(events[[2, 0]])
    assert batch.tensors["t"].tolist() == [[3, 5], [1, 3]]


def test_options_are_missing_values(column):
    assert column("x * 2", x=ak.Array([1.0, None, 3.0])) == [2, None, 6]
    assert column("Sum$(x)", x=ak.Array([[1.0, None], [None], []])) == [1, 0, 0]
    assert column("Max$(x)", x=ak.Array([[1.0, None], [None], []])) == [1, None, None]
