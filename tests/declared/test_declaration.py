"""The text itself, in a card and beside one."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import yaml

from rootml.card import ModelCard
from rootml.declared.formula import RESERVED
from rootml.declared.reading import read_declaration, resolved
from rootml.declared.schema import Declaration
from rootml.errors import CardError
from rootml.registry import load

FULL = """
title: my analysis
label: Simulation of mine
trees: [Events, "ev*"]
per: Electron
counter: nEle
select: Electron_pt > 5
branches: {pt: "Aux.pt", eta: [a/eta, b/eta], phi: {names: [p], unit: rad, doc: azimuth}}
vectors: {electrons: Electron, own: {px: x, py: y, pz: z, energy: e}}
variables: {m: {mass: ["electrons[0]", own]}, ht: Sum$(Jet_pt)}
tensors:
  features:
    - log(Electron_pt)
    - {value: ht, name: sum, clip: [null, 500], sentinels: {-999: missing, -1: 2}, missing: 0}
    - {value: m, missing: nan, unit: GeV, doc: invariant mass}
    - 1.5
  jets: {length: 4, columns: [Jet_pt], order: -Jet_pt, select: Jet_pt > 20, pad: -1, mask: there}
  image: {array: edep, shape: [1, 2, 2], dtype: float64}
sentinels: [-9999, .nan, 4294967295, .inf]
missing: -5
truth: {label: isSignal, classes: [background, signal], energy: E_true}
energy: pt / 1000
references: [{value: mva, name: old, higher_is_signal: false}]
"""


def card(adapter, **changes):
    return ModelCard.model_validate(
        {
            "name": "mine",
            "version": "1",
            "adapter": adapter,
            "network": {"file": "mine.onnx", "sha256": "0" * 64},
            "outputs": [{"name": "score"}],
            "training": {"data": "none"},
        }
        | changes
    )


def test_a_card_with_a_declaration_makes_the_round_trip():
    first = card(yaml.safe_load(FULL))
    assert isinstance(first.adapter, Declaration)
    assert first.view == "declared"
    text = first.to_yaml()
    assert ModelCard.from_yaml(text) == first
    assert "- log(Electron_pt)" in text  # short forms stay short
    assert pickle.loads(pickle.dumps(first)) == first


def test_what_the_layout_says(declared):
    layout = declared(FULL).layouts[0]
    assert (layout.trees, layout.per, layout.counter) == (("Events", "ev*"), "Electron", "nEle")
    assert layout.branches["pt"].names == ("Aux.pt",)
    assert layout.branches["pt"].optional
    assert "phi" not in layout.branches  # named, but used by nothing
    assert not layout.branches["Jet_pt"].optional
    assert layout.columns["energy"] == ("pt",)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tensor": {}}, "yaml: no such key: 'tensor'; did you mean 'tensors'"),
        (
            {"tensors": {"t": [{"value": "x", "clp": 3}]}},
            r": tensors.t.columns.0: no such key: 'clp'; did you mean 'clip'",
        ),
        ({"variables": {"m": {"mas": ["v"]}}}, r": variables.m: no such key: 'mas'"),
        ({"tensors": {}}, "tensors: Dictionary should have at least 1 item"),
        ({"tensors": {"t": []}}, "a tensor has either columns or an array"),
        ({"tensors": {"t": {"columns": ["x"], "array": "y", "shape": [1]}}}, "either columns or"),
        ({"tensors": {"t": {"array": "y"}}}, "an array needs its shape"),
        ({"tensors": {"t": {"columns": ["x"], "order": "x"}}}, "order: only with a length"),
        ({"tensors": {"t": {"array": "x", "shape": [2], "length": 2}}}, "a shape, not a length"),
        ({"tensors": {"t": ["x", "x"]}}, "two columns are called 'x'"),
        ({"tensors": {"t": [{"value": "x", "clip": 3}]}}, "clip: Input should be a valid tuple"),
        ({"missing": "zero"}, r": missing: .* a valid number, .* or .* 'nan' or 'unjudged'"),
        (
            {"tensors": {"t": {"columns": ["x"], "length": 2, "mask": "t"}}},
            "two tensors are called",
        ),
        ({"counter": "nX"}, "a counter without a collection"),
        ({"vectors": {"v": {"pt": "x", "eta": "y"}}}, "a vector has pt and phi"),
        ({"vectors": {"v": "E"}, "variables": {"v": "x"}}, "the name 'v' is given to two things"),
        ({"variables": {"m": {"mass": ["v"], "pt": ["v"]}}}, "one quantity of vectors is needed"),
        ({"variables": {"m": {"deltaR": ["v"]}}}, "deltaR"),
        ({"sentinels": {-999: "nothing"}}, r": sentinels.-999: .* a valid number.* or .*'missing'"),
        ({"tensors": {"../t": ["x"]}}, "tensors.../t.*: String should match pattern"),
        ({"tensors": {"t": [{"value": "x", "name": "../../x"}]}}, "String should match pattern"),
        ({"tensors": {"t": {"columns": ["x"], "length": 2, "mask": "/etc/m"}}}, "match pattern"),
    ],
)
def test_misspelt_declarations_are_refused(tmp_path, changes, message):
    file = tmp_path / "my.adapter.yaml"
    file.write_text(yaml.safe_dump({"tensors": {"t": ["x"]}} | changes))
    with pytest.raises(CardError, match=message) as caught:
        read_declaration(file)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tensors: {t: [2]}", "no expression of its tensors uses a branch"),
        ("tensors: {t: [x]}\nreferences: [{value: x + 1, name: x}]", None),
        ("tensors: {t: [x]}\nvariables: {energy: x}\nenergy: x / 2", "two columns are called"),
        ("tensors: {t: [x]}\ntruth: {label: 'y +'}", "column 'truth_label': 'y \\+'"),
        ("tensors: {t: [x]}\nselect: 'x ? 1 : 0'", "select: .*where"),
        ("tensors: {t: {columns: [x], length: 2, order: log(}}", "tensor 't', order"),
    ],
)
def test_expressions_say_where_they_are(declared, text, message):
    if message is None:
        declared(text)
        return
    with pytest.raises(CardError, match=message):
        declared(text)


@pytest.mark.parametrize(
    "file", ["../my.adapter.yaml", "/etc/my.adapter.yaml", "a/../../b.yaml", "a\\b.yaml"]
)
def test_a_declaration_stays_beside_its_card(file):
    with pytest.raises(ValueError, match="relative path beside the card"):
        card(file)


def test_a_declaration_beside_the_card(tmp_path, write_declared, own_places):
    text = "adapter:\n  per: Electron\n  tensors: {t: [Electron_pt]}\n"
    (tmp_path / "my.adapter.yaml").write_text(text)
    model = load(write_declared("mine", 1, "my.adapter.yaml"))
    assert model.card.adapter == read_declaration(tmp_path / "my.adapter.yaml")
    assert (model.adapter.name, model.view.name) == ("mine", "declared")
    (tmp_path / "my.adapter.yaml").unlink()  # the model does not need it any more
    again = pickle.loads(pickle.dumps(model))
    rows = {"t": np.array([[1.0], [3.0]], np.float32)}
    np.testing.assert_array_equal(again(rows)["score"], model(rows)["score"])
    with pytest.raises(CardError, match=r"my.adapter.yaml: cannot be read: .*No such file"):
        load(tmp_path / "mine.card.yaml")


def test_card_and_declaration_judge_the_same(tmp_path):
    outputs = {"outputs": [{"name": "score", "per": "Muon"}]}
    adapter = {"per": "Electron", "tensors": {"t": ["x"]}}
    with pytest.raises(CardError, match="output 'score' is per Muon, but its adapter judges each"):
        resolved(card(adapter, **outputs), tmp_path)


def test_shapes_are_compared_before_the_first_event(write_declared, own_places):
    with pytest.raises(Exception, match=r"does not fit its card.*\n.*\n.*input t .*axis 1 differs"):
        load(write_declared("mine", 3, "tensors:\n  t: [x, y]"))


def test_reading_cards_loads_no_parser():
    code = "import sys, rootml.registry, rootml.declared.reading; print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"formulate", "lark", "vector", "awkward"} & set(yaml.safe_load(done.stdout))


def test_names_alone_need_no_parser(write_declared, own_places):
    card = write_declared("mine", 2, "tensors:\n  t: [x, y]")
    code = f"import sys, rootml; rootml.load({str(card)!r}); print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"formulate", "lark"} & set(yaml.safe_load(done.stdout))


def test_reserved_names_are_those_of_formulate():
    from formulate.identifiers import CONSTANTS, CONSTANTS_ALIASES

    assert {*CONSTANTS, *CONSTANTS_ALIASES} == RESERVED
