from __future__ import annotations

import numpy as np
import pytest
import torch

from rootml_ams.geometry import MEASURES_X
from rootml_zoo.nets.cnn import SimpleCNN
from rootml_zoo.nets.cvt import Block, CvT
from rootml_zoo.nets.narrowing import narrow
from rootml_zoo.nets.scaling import LogScale


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


def parameters(net: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


@pytest.mark.parametrize(
    ("net", "count"),
    [
        (SimpleCNN, 106_317),
        (CvT, 4_895_873),
        (lambda: CvT(channels=2), 4_896_641),
        (lambda: SimpleCNN(widths=(8, 16, 32, 64), kernels=(3, 3, 3, 3), hidden=120), 55_345),
    ],
)
def test_parameter_counts(net, count):
    # 106,317, 4,895,873 and 4,896,641 are the published numbers; the last one is by hand:
    # 80 + 1,168 + 4,640 + 18,496 of the convolutions, 256 * 120 + 120, 120 + 1
    assert parameters(net()) == count


@pytest.mark.parametrize("net", [SimpleCNN, CvT])
def test_one_logit_an_event_whatever_else_is_in_the_batch(net):
    model = net().eval()
    image = 10 ** (4 * torch.rand(5, 1, 18, 72))
    with torch.inference_mode():
        logits = model(image)
        alone = model(image[2:3])
    assert logits.shape == (5,)
    assert torch.allclose(logits[2], alone[0], atol=1e-5)


@pytest.mark.parametrize("net", [SimpleCNN, CvT])
def test_bright_dark_and_empty_images_give_finite_logits(net):
    image = torch.stack([torch.full((1, 18, 72), value) for value in (0.0, 1e-3, 1e6)])
    with torch.inference_mode():
        assert torch.isfinite(net().eval()(image)).all()


def test_cvt_takes_any_width_that_is_a_multiple_of_4():
    with torch.inference_mode():
        assert CvT().eval()(torch.ones(2, 1, 18, 24)).shape == (2,)


def test_a_query_for_the_class_token_alone_is_exact():
    block = Block(384, heads=6).eval()
    grid, token = torch.randn(2, 5, 6, 384), torch.randn(2, 1, 384)
    with torch.inference_mode():
        full = block(grid, token)[1]
        pruned = block(grid, token, token_only=True)[1]
    assert torch.allclose(full, pruned, atol=1e-5)


def test_every_parameter_learns_but_the_unused_query_of_the_last_block():
    net = CvT()
    net(10 * torch.rand(4, 1, 18, 24)).sum().backward()
    unused = {name for name, p in net.named_parameters() if p.grad is None}
    query = "stages.2.blocks.1.attention.query"
    assert unused == {
        f"{query}.{part}.{kind}" for part in ("depthwise", "norm") for kind in ("weight", "bias")
    }


def test_log_scale():
    x = np.array([0.0, 1.0, 5e4])
    scaled = LogScale(scale=1.0, gain=0.25)(torch.from_numpy(x))
    np.testing.assert_allclose(scaled, 0.25 * np.log1p(x))


def test_narrowing_keeps_the_shower_and_the_projections_together():
    image = torch.zeros(200, 1, 18, 72)
    x, y = torch.randint(12, 60, (2, 200))
    for event in range(200):
        image[event, 0, MEASURES_X, x[event]] = torch.arange(1.0, 9.0)
        image[event, 0, ~MEASURES_X, y[event]] = torch.arange(1.0, 11.0)
    small = narrow(image, 24, torch.Generator().manual_seed(2))
    assert small.shape == (200, 1, 18, 24)
    assert torch.equal(small.sum(3), image.sum(3))
    for layers in (MEASURES_X, ~MEASURES_X):
        position = small[:, 0, layers].argmax(2)
        assert (position == position[:, :1]).all()
        assert 4 <= position.min() < 8
        assert 16 < position.max() <= 20


def test_narrowing_at_the_edge_and_of_dark_images():
    image = torch.zeros(2, 1, 18, 72)
    image[0, ..., 71] = 1.0
    small = narrow(image, 24, torch.Generator().manual_seed(2))
    assert torch.equal(small[0, ..., 23], torch.ones(1, 18))
    assert not small[1].any()
