"""Attention maps of a deployed CvT, against those of the torch network it was made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rootml.errors import NetworkError
from rootml.spec import TensorSpec
from rootml.training.export import export
from rootml.training.objective import Deployed
from rootml_zoo import CARDS
from rootml_zoo.nets.attention import AttentionMaps
from rootml_zoo.nets.cvt import CvT, StageSpec

STAGES = (
    StageSpec(8, depth=1, heads=1, kernel=(2, 6), stride=(1, 2), padding=(0, 2)),
    StageSpec(12, depth=1, heads=3, kernel=(3, 4), stride=(1, 2), padding=(1, 1)),
    StageSpec(24, depth=2, heads=6, kernel=(3, 3), stride=(1, 1), padding=(1, 1)),
)
SIZES = ((18, 24), (17, 12), (17, 6), (17, 6))


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = CvT((1, 18, 72), STAGES, frame=24).eval()
        for parameter in network.parameters():
            parameter.data *= 1.5  # attention that is far from even
    return network


@pytest.fixture(scope="module")
def maps(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("cvt") / "cvt.onnx"
    deployed = Deployed(network, lambda raw, _: (torch.sigmoid(raw),))
    export(deployed, [TensorSpec("image", (1, 18, 72))], ["score"], path)
    return AttentionMaps(path)


@pytest.fixture(scope="module")
def image():
    """Vertical showers at cells 10 and 40, a noise hit far away in the second."""
    image = np.zeros((2, 1, 18, 72), np.float32)
    rng = np.random.default_rng(4)
    image[0, 0, :, 5:16] = rng.exponential(1000, (18, 11))
    image[1, 0, :, 35:46] = rng.exponential(1000, (18, 11))
    image[1, 0, 3, 70] = 3
    return image


def covered(size, result, kernel, stride, padding):
    """Shares of the places under a convolution, by convolving one place at a time."""
    places = torch.eye(size[0] * size[1]).reshape(-1, 1, *size)
    ones = torch.ones(1, 1, *kernel)
    found = torch.nn.functional.conv2d(places, ones, stride=stride, padding=padding)
    assert found.shape[2:] == result
    matrix = found.flatten(1).numpy()  # (places, results)
    matrix = np.array([row / max(row.sum(), 1) for row in matrix]).T
    return matrix / matrix.sum(axis=1, keepdims=True)


def reference(network, image, monkeypatch):
    """Token and rollout from the cells upwards, in the canonical frame, (18, 24) each."""
    seen = []
    softmax = torch.softmax

    def recorded(*arguments, **options):
        seen.append(softmax(*arguments, **options))
        return seen[-1]

    monkeypatch.setattr(torch, "softmax", recorded)
    with torch.no_grad():
        network(torch.from_numpy(image[None]))
    weights = iter(w[0].mean(0).numpy() for w in seen)
    rolled = plain = np.eye(18 * 24)
    for spec, before, grid in zip(STAGES, SIZES, SIZES[1:], strict=False):
        embedding = covered(before, grid, spec.kernel, spec.stride, spec.padding)
        rolled, plain = embedding @ rolled, embedding @ plain
        keys = covered(grid, ((grid[0] + 1) // 2, (grid[1] + 1) // 2), (3, 3), 2, 1)
        if spec.depth == 2:  # the class token knows of no cell
            nothing = np.zeros((1, 18 * 24))
            rolled, plain = np.vstack([nothing, rolled]), np.vstack([nothing, plain])
            keys = np.block([[np.eye(1), np.zeros((1, keys.shape[1]))],
                             [np.zeros((len(keys), 1)), keys]])  # fmt: skip
        for _ in range(spec.depth):
            weight = next(weights)
            last, rolled = rolled, (weight @ keys @ rolled + rolled[: len(weight)]) / 2
    token, rollout = (weight @ keys @ plain)[0], rolled[0]
    assert len(last) == 1 + 17 * 6
    return [m.reshape(18, 24) / m.sum() for m in (token, rollout)]


@pytest.mark.parametrize(("event", "centre"), [(0, 10.5), (1, 40.5)])
def test_as_the_torch_network(network, maps, image, monkeypatch, event, centre):
    found = maps(image)
    borders = network.canonical.borders(torch.from_numpy(image))[event].double().numpy()
    assert np.abs(borders[:, 12] - centre).max() < 1.5
    for name, expected in zip(
        ("token", "rollout"), reference(network, image[event], monkeypatch), strict=True
    ):
        placed = np.zeros((18, 72))
        for layer, bin_ in np.ndindex(18, 24):
            low, high = borders[layer, bin_ : bin_ + 2]
            for cell in range(72 if high > low else 0):
                overlap = max(0.0, min(high, cell + 1) - max(low, cell))
                placed[layer, cell] += expected[layer, bin_] * overlap / (high - low)
        placed /= placed.sum()
        np.testing.assert_allclose(getattr(found, name)[event], placed, atol=1e-6)
        assert placed.max() > 3 / 1296


def test_any_number_of_events(maps, image):
    many = np.concatenate([image] * 9 + [image[:1]])
    np.testing.assert_allclose(maps(many).rollout[-1], maps(image[:1]).rollout[0], atol=1e-7)
    assert maps(image[:0]).token.shape == (0, 18, 72)


def test_other_networks_are_refused():
    with pytest.raises(NetworkError, match="expected a CvT"):
        AttentionMaps(CARDS / "cnn_ams.onnx")
