"""Opening a network: threads, devices, and files that cannot be run."""

from __future__ import annotations

import contextlib
import hashlib

import onnx
import pytest
from onnx import external_data_helper

from rootml.errors import MissingExtra, NetworkError
from rootml.registry import load
from rootml.runtime.cores import available_cores
from rootml.runtime.network_file import refuse_external_data


@pytest.mark.parametrize(
    ("card", "threads", "expected"),
    [
        ({}, None, 1),
        ({"parameters": 4_895_873}, None, None),
        ({"parameters": 106_317}, None, 1),
        ({"parameters": 4_895_873, "threads": 1}, None, 1),
        ({"threads": 1}, 3, 3),
    ],
)
def test_threads(make, card, threads, expected):
    engine = make(card=card, options={"threads": threads}).engine
    assert engine.threads == (expected or available_cores())


def test_no_threads(make):
    with pytest.raises(NetworkError, match="not on 0"):
        make(options={"threads": 0})


def test_unknown_device(make):
    with pytest.raises(NetworkError, match="no device is called 'gpu'; expected 'cpu' or 'cuda'"):
        make(options={"device": "gpu"})


def test_cuda_without_cuda_says_what_to_install(make):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(MissingExtra, match="onnxruntime-gpu"):
        make(options={"device": "cuda"})


def test_unknown_format(make):
    with pytest.raises(NetworkError, match="format 'onxx'; did you mean 'onnx'"):
        make(card={"network": {"format": "onxx"}})


@pytest.mark.parametrize("content", [b"", b"not a network at all", b"\x3a\xff\xff\xff\xff\x0f"])
def test_file_that_is_no_network(make, content):
    model = make()
    card = model.engine.path.with_name("toy.card.yaml")
    model.engine.path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    card.write_text(card.read_text().replace(model.card.network.sha256, digest))
    with pytest.raises(NetworkError, match=r"toy\.onnx: "):
        load(card)


def test_truncated_network(make):
    data = make().engine.path.read_bytes()
    for length in range(1, len(data), 7):
        with contextlib.suppress(NetworkError):
            refuse_external_data(data[:length], "toy.onnx")


def test_failure_while_running(make):
    class Any:
        shape = (2, 6)

    model = make()
    with pytest.raises(NetworkError, match=r"toy\.onnx: the network failed"):
        model.engine.run({"cells": Any()}, ["score"])


@pytest.mark.parametrize("place", ["graph", "constant", "subgraph", "function"])
def test_weights_in_other_files_are_refused(make, write_card, place):
    path = make().engine.path
    proto = onnx.load(path)
    tensor = proto.graph.initializer[0]
    if place == "constant":
        proto.graph.node.append(onnx.helper.make_node("Constant", [], ["spare"], value=tensor))
        tensor = proto.graph.node[-1].attribute[0].t
    elif place == "subgraph":
        branch = onnx.helper.make_graph([], "branch", [], [], [tensor])
        proto.graph.node.append(onnx.helper.make_node("If", ["flag"], ["x"], then_branch=branch))
        tensor = proto.graph.node[-1].attribute[0].g.initializer[0]
    elif place == "function":
        node = onnx.helper.make_node("Constant", [], ["spare"], value=tensor)
        opset = [onnx.helper.make_opsetid("", 17)]
        proto.functions.append(onnx.helper.make_function("own", "f", [], ["spare"], [node], opset))
        tensor = proto.functions[0].node[0].attribute[0].t
    refuse_external_data(proto.SerializeToString(), path)
    tensor.raw_data = b""
    external_data_helper.set_external_data(tensor, location="../../secret.bin")
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(NetworkError, match="export it as one file"):
        load(write_card(path))


def test_warnings_of_onnx_runtime_stay_out_of_the_users_terminal(make, capfd):
    make(score_shape=("n", 2))  # declared otherwise than inferred: a warning by default
    assert capfd.readouterr() == ("", "")
