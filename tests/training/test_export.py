from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from rootml.errors import TrainingError
from rootml.spec import TensorSpec
from rootml.training.export import check_parity, export, round_weights

SPEC = TensorSpec("image", (1, 6, 8))


def network() -> torch.nn.Module:
    torch.manual_seed(3)
    layers = [torch.nn.Flatten(), torch.nn.Linear(48, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)]
    return torch.nn.Sequential(*layers, torch.nn.Flatten(0)).eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "net.onnx"
    net = network()
    round_weights(net)
    export(net, [SPEC], "score", path)
    return net, path


def scores(path, image):
    return ort.InferenceSession(path).run(["score"], {"image": image})[0]


@pytest.mark.parametrize("rows", [1, 2, 17])
def test_any_number_of_rows_gives_torch_probabilities(exported, rows):
    net, path = exported
    image = np.random.default_rng(0).normal(size=(rows, 1, 6, 8)).astype(np.float32)
    result = scores(path, image)
    assert result.shape == (rows,)
    assert ((result > 0) & (result < 1)).all()
    assert check_parity(net, {"image": image}, result) < 1e-6


def test_a_network_that_differs_is_refused(exported):
    net, path = exported
    image = np.ones((4, 1, 6, 8), np.float32)
    with pytest.raises(TrainingError, match=r"differs from torch by 0\.01"):
        check_parity(net, {"image": image}, scores(path, image) + np.float32(0.01))


def test_large_weights_are_stored_in_half_and_small_ones_are_not(exported):
    _, path = exported
    constants = {tuple(c.dims): c.data_type for c in onnx.load(path).graph.initializer}
    assert constants[64, 48] == onnx.TensorProto.FLOAT16
    assert constants[(64,)] == onnx.TensorProto.FLOAT


def test_weights_that_half_cannot_hold_stay_as_they_are(tmp_path):
    net = network()
    export(net, [SPEC], "score", tmp_path / "net.onnx")
    kinds = {c.data_type for c in onnx.load(tmp_path / "net.onnx").graph.initializer}
    assert onnx.TensorProto.FLOAT16 not in kinds


def test_file_is_self_contained_and_says_nothing_of_its_making(exported):
    _, path = exported
    content = path.read_bytes()
    model = onnx.load(path)
    assert all(c.data_location == onnx.TensorProto.DEFAULT for c in model.graph.initializer)
    for word in (b".py", b"site-packages", b"torch", b"/home", b"/work"):
        assert word not in content


def test_same_network_same_bytes(exported, tmp_path):
    net, path = exported
    export(net, [SPEC], "score", tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == path.read_bytes()
