"""Networks of which a part may be computed in bfloat16, by a processor that has it or has not."""

from __future__ import annotations

import hashlib
import pickle
import sys

import numpy as np
import pytest
import uproot
from scipy.special import logit

from rootml.errors import CardError, MissingExtra, NetworkError
from rootml.registry import find_card, find_network, get_adapter, load
from rootml.runtime.cores import has_amx
from rootml.runtime.engine import EngineOptions
from rootml.runtime.openvino_engine import OpenVinoBf16Engine
from rootml.tagging.batch import tag_file

ALLOWED = {"bfloat16": {"after": "step1", "verified": "by this test"}}
SENSITIVE = {"weight": 100.0, "activation": ("Sin", "Sigmoid")}
"""The sine of some 600, which bfloat16 holds to 2."""


@pytest.fixture
def able(monkeypatch):
    """A processor that has bfloat16, and AMX."""
    monkeypatch.setattr("rootml.runtime.engines.has_amx", lambda: True)
    monkeypatch.setattr(OpenVinoBf16Engine, "runs_here", staticmethod(lambda: True))


@pytest.fixture
def allowed(make):
    """``allowed(engine="openvino")``: a toy network that may be in bfloat16 after its sine."""

    def load_toy(network=ALLOWED, **options):
        return make(card={"network": network}, options=options, **SENSITIVE)

    return load_toy


def test_it_is_what_runs_a_network_that_may(make, allowed, able):
    assert allowed().engine.name == "openvino-bf16"
    assert make().engine.name == "onnxruntime"


def test_without_amx_it_is_not_worth_it(allowed, able, monkeypatch):
    monkeypatch.setattr("rootml.runtime.engines.has_amx", lambda: False)
    assert allowed().engine.name == "onnxruntime"
    assert allowed(engine="openvino-bf16").engine.name == "openvino-bf16"


def test_without_bfloat16_it_is_not_chosen(allowed, able, monkeypatch):
    monkeypatch.setattr(OpenVinoBf16Engine, "runs_here", staticmethod(lambda: False))
    assert allowed().engine.name == "onnxruntime"
    with pytest.raises(NetworkError, match="processor does not compute in bfloat16"):
        allowed(engine="openvino-bf16")


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_float32_may_be_asked_for(allowed, able, engine):
    assert allowed(engine=engine).engine.name == engine


def test_a_card_that_names_its_engine_has_it(allowed, able):
    assert allowed(ALLOWED | {"engine": "onnxruntime"}).engine.name == "onnxruntime"


def test_without_openvino_the_usual_engine_does(allowed, able, monkeypatch):
    monkeypatch.delitem(sys.modules, "rootml.runtime.openvino_engine")
    monkeypatch.setitem(sys.modules, "openvino", None)
    assert allowed().engine.name == "onnxruntime"
    with pytest.raises(MissingExtra, match=r'pip install "rootml\[openvino\]"'):
        allowed(engine="openvino-bf16")


def test_another_device_has_an_engine_of_its_own(allowed, able):
    with pytest.raises(MissingExtra, match="onnxruntime-gpu"):
        allowed(device="cuda")


def test_no_card_no_bfloat16(make, able):
    with pytest.raises(NetworkError, match="its card does not say what may be computed"):
        make(options={"engine": "openvino-bf16"})


@pytest.mark.parametrize("name", ["step9", "cells"])
def test_a_tensor_that_is_none_or_an_input_is_named(allowed, able, name):
    with pytest.raises(NetworkError, match=f"behind its inputs the graph has no tensor '{name}'"):
        allowed({"bfloat16": {"after": name, "verified": "never"}})


def test_a_reason_is_needed(allowed):
    with pytest.raises(CardError, match="verified"):
        allowed({"bfloat16": {"after": "step1"}})


def test_up_to_the_tensor_it_is_float32(allowed, able, cells):
    model = allowed()
    expected = allowed(engine="onnxruntime")({"cells": cells})["score"]
    found = model({"cells": cells})["score"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=5e-3)
    copy = pickle.loads(pickle.dumps(model))
    assert copy.engine.name == "openvino-bf16"
    np.testing.assert_array_equal(copy({"cells": cells})["score"], found)


def test_the_record_says_what_ran(allowed, able, tmp_path, cells, command):
    allowed()
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mktree("hits", {"cell_e": ("f4", (6,))}).extend({"cell_e": cells[:20]})
    tag_file(tmp_path / "in.root", tmp_path / "out.root", tmp_path / "toy.card.yaml", plots=False)
    assert "run by openvino-bf16" in command("inspect", tmp_path / "out.root").out


@pytest.fixture(scope="module")
def images():
    """Images of simulated events, (48, 1, 18, 72) MeV."""
    events = get_adapter("ams").simulate(48, np.random.default_rng(20260102))
    return np.asarray(events["edep_cell"], np.float32).reshape(-1, 1, 18, 72)


@pytest.mark.skipif(not has_amx(), reason="needs a processor with AMX")
def test_the_transformer_gives_nearly_the_same(images):
    model = load("cvt_ams", threads=1)
    assert model.engine.name == "openvino-bf16"
    exact = load("cvt_ams", threads=1, engine="onnxruntime")({"image": images})["score"]
    apart = np.abs(logit(model({"image": images})["score"]) - logit(exact))
    assert 1e-3 < np.median(apart) < 0.02
    assert apart.max() < 0.2


def test_a_border_that_the_graph_goes_past_is_refused(able):
    card = find_card("cvt_ams")
    path = find_network(card)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(NetworkError, match="the graph goes past 'matmul'"):
        OpenVinoBf16Engine(path, digest, EngineOptions(bfloat16_after="matmul"))
