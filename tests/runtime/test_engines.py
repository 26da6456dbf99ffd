"""Which engine runs a network, and engines that are not there."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import numpy as np
import pytest

from rootml.errors import MissingExtra, NetworkError
from rootml.runtime.engines import ENGINES, FORMATS, engine_class

LIBRARIES = ("onnxruntime", "openvino", "xgboost", "lightgbm", "torch", "sklearn")


@pytest.mark.parametrize("kind", ENGINES, ids=lambda kind: f"{kind.name}-{kind.format}")
def test_the_table_tells_the_truth(kind):
    found = engine_class(kind)
    assert (found.name, found.format) == (kind.name, kind.format)
    assert found.version[0].isdigit()
    extras = importlib.metadata.metadata("rootml").get_all("Provides-Extra")
    assert not kind.extra or kind.extra in extras


def test_every_format_has_an_engine_of_its_own_first():
    assert FORMATS == ("onnx", "xgboost", "lightgbm", "torch-export", "torchscript")
    assert ENGINES[0].name == "onnxruntime"


@pytest.mark.parametrize("where", ["card", "call"])
def test_an_engine_may_be_chosen(make, cells, where):
    usual = make()
    chosen = (
        make(card={"network": {"engine": "openvino"}})
        if where == "card"
        else make(options={"engine": "openvino"})
    )
    assert (usual.engine.name, chosen.engine.name) == ("onnxruntime", "openvino")
    expected = usual({"cells": cells})["score"]
    np.testing.assert_allclose(chosen({"cells": cells})["score"], expected, rtol=0, atol=1e-6)


def test_the_call_has_the_last_word(make):
    model = make(card={"network": {"engine": "openvino"}}, options={"engine": "onnxruntime"})
    assert model.engine.name == "onnxruntime"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("openvin", "no engine is called 'openvin'; did you mean 'openvino'"),
        ("xgboost", "'xgboost' does not run networks of format 'onnx'; onnxruntime or openvino"),
    ],
)
def test_engine_that_cannot_be(make, name, message):
    with pytest.raises(NetworkError, match=rf"toy\.onnx: .*{message}"):
        make(options={"engine": name})


def test_device_of_another_engine(make):
    with pytest.raises(NetworkError, match="the engine openvino runs networks on cpu, not on cuda"):
        make(options={"engine": "openvino", "device": "cuda"})


@pytest.mark.parametrize("kind", [kind for kind in ENGINES if kind.extra], ids=str)
def test_missing_engine_names_its_extra(kind, monkeypatch):
    library = kind.extra
    for name in [name for name in sys.modules if name.startswith("rootml.runtime.")]:
        if name.endswith("_engine"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtra, match=rf'pip install "rootml\[{library}\]"'):
        engine_class(kind)


def test_an_engine_is_imported_when_it_is_used():
    code = (
        "import sys, rootml.registry, rootml.runtime.model\n"
        "rootml.registry.load('cnn_ams')\n"
        f"print([name for name in {LIBRARIES} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "['onnxruntime']", result.stderr


def test_openvino_sends_and_leaves_nothing(tmp_path):
    code = (
        "import sys, rootml.registry\n"
        "rootml.registry.load('cnn_ams', engine='openvino')\n"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": ""},
    )
    assert result.stdout.strip() == "[]", result.stderr
    assert not [*tmp_path.iterdir()]
