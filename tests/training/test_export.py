from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from rootml.card import Output
from rootml.errors import TrainingError
from rootml.spec import TensorSpec
from rootml.training.export import export, round_weights
from rootml.training.objective import Deployed, classification
from rootml.training.parity import check_parity

SPEC = TensorSpec("image", (1, 6, 8))
SCORE = Output(name="score", role="score")
VALUE = Output(name="momentum", unit="MeV/c")


def network() -> torch.nn.Module:
    torch.manual_seed(3)
    layers = [torch.nn.Flatten(), torch.nn.Linear(48, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)]
    network = torch.nn.Sequential(*layers, torch.nn.Flatten(0))
    return Deployed(network, classification(1.0).deploy).eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "net.onnx"
    net = network()
    round_weights(net)
    export(net, [SPEC], ["score"], path)
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
    with torch.inference_mode():
        (expected,) = net(torch.from_numpy(image))
    assert np.abs(result - expected.numpy()).max() < 1e-6


def test_probabilities_that_differ_are_refused():
    scores = np.linspace(0, 1, 9, dtype=np.float32)
    assert check_parity([SCORE], [scores], [scores + np.float32(5e-5)]) < 1
    with pytest.raises(TrainingError, match=r"differs in 'score' by up to 0\.01"):
        check_parity([SCORE], [scores], [scores + np.float32(0.01)])


def test_probabilities_are_compared_as_such_whatever_they_are_called():
    """Nearly all of them 1: their spread is no scale for the rounding of the others."""
    sure = np.array([0.99999, 1.0, 0.99999, 0.9998], np.float32)
    probability = Output(name="probability")
    assert check_parity([probability], [sure], [sure - np.float32(2e-5)]) < 1
    with pytest.raises(TrainingError, match="differs in 'probability'"):
        check_parity([probability], [sure], [sure - np.float32(2e-4)])


def test_values_are_compared_on_their_own_scale():
    """A momentum near 105 with a spread of 0.1 must agree to 1e-5 and its rounding to float32."""
    momenta = np.float32(105) + np.linspace(-0.2, 0.2, 99, dtype=np.float32)
    assert check_parity([VALUE], [momenta], [momenta + np.float32(1e-5)]) < 1
    with pytest.raises(TrainingError, match=r"differs in 'momentum'"):
        check_parity([VALUE], [momenta], [momenta + np.float32(1e-3)])


def test_the_same_value_for_all_is_no_difference():
    """Of a class that is 0, or a set that is empty of it, for every row."""
    for value in (np.zeros(9, np.int32), np.zeros((9, 2), np.bool_)):
        assert check_parity([VALUE], [value], [value]) == 0
    with pytest.raises(TrainingError, match="differs in"):
        check_parity([VALUE], [np.zeros(9)], [np.eye(9)[0]])


def test_large_weights_are_stored_in_half_and_small_ones_are_not(exported):
    _, path = exported
    constants = {tuple(c.dims): c.data_type for c in onnx.load(path).graph.initializer}
    assert constants[64, 48] == onnx.TensorProto.FLOAT16
    assert constants[(64,)] == onnx.TensorProto.FLOAT


def test_weights_that_half_cannot_hold_stay_as_they_are(tmp_path):
    net = network()
    export(net, [SPEC], ["score"], tmp_path / "net.onnx")
    kinds = {c.data_type for c in onnx.load(tmp_path / "net.onnx").graph.initializer}
    assert onnx.TensorProto.FLOAT16 not in kinds


def test_file_is_self_contained_and_says_nothing_of_its_making(exported):
    _, path = exported
    content = path.read_bytes()
    model = onnx.load(path)
    assert all(c.data_location == onnx.TensorProto.DEFAULT for c in model.graph.initializer)
    for word in (b".py", b"site-packages", b"torch", b"/home", b"/work"):
        assert word not in content


def test_layers_with_a_normalisation_are_stored_in_half_the_size(tmp_path):
    torch.manual_seed(3)
    layers = [
        torch.nn.Conv2d(1, 64, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(64),
        torch.nn.ReLU(),
        torch.nn.Conv2d(64, 128, 3, bias=False),
        torch.nn.BatchNorm2d(128),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(128, 512),
        torch.nn.BatchNorm1d(512),
        torch.nn.Linear(512, 1),
        torch.nn.Flatten(0),
    ]
    net = Deployed(torch.nn.Sequential(*layers), classification(1.0).deploy)
    image = torch.randn(64, 1, 6, 8)
    for _ in range(20):
        net(image)
    net.eval()
    (before,) = net(image)
    round_weights(net)
    (rounded,) = net(image)
    assert (rounded - before).abs().max() < 1e-3
    path = tmp_path / "net.onnx"
    export(net, [SPEC], ["score"], path)
    assert np.abs(scores(path, image.numpy()) - rounded.detach().numpy()).max() < 1e-6
    assert path.stat().st_size < 1.2 * 2 * (64 * 128 * 9 + 128 * 512)
