from __future__ import annotations

import numpy as np
import pytest
import torch

from rootml.registry import get_adapter, get_recipe
from rootml_zoo.nets.cnn import SimpleCNN
from rootml_zoo.nets.convolution import Convolution
from rootml_zoo.nets.cvt import SMALL_KERNELS, Block, CvT
from rootml_zoo.nets.resnet import ResNet
from rootml_zoo.nets.scaling import LogScale, Standardise
from rootml_zoo.nets.simple_mlp import SimpleMLP
from rootml_zoo.nets.symmetries import mirror

PUBLISHED = {
    "mlp": 192_001,
    "cnn": 106_317,
    "resnet10": 4_900_033,
    "resnet18": 11_170_753,
    "cvt": 4_895_873,
    "phys_cvt": 4_896_641,
    "phys_cvt_small": 4_895_489,
}
NETWORKS = {
    "mlp": lambda: SimpleMLP(frame=72, standardise=True),
    "cnn": lambda: SimpleCNN(frame=72, standardise=True),
    "resnet": lambda: ResNet(frame=32, standardise=True),
    "cvt": lambda: CvT(frame=24, standardise=True),
}


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


def parameters(net: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def build(name: str, view: str | None = None) -> torch.nn.Module:
    recipe = get_recipe(name)
    chosen = get_adapter("ams").views[view or recipe.view]
    return recipe.learner.build(chosen, **recipe.learner.parameters)


@pytest.mark.parametrize("suffix", ["ams", "ams_talk"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_recipes_train_the_published_numbers_of_parameters(name, suffix):
    assert parameters(build(f"{name}_{suffix}")) == PUBLISHED[name]


@pytest.mark.parametrize(
    ("net", "count"),
    [
        # 80 + 1,168 + 4,640 + 18,496 of the convolutions, 256 * 120 + 120, 120 + 1
        (lambda: SimpleCNN(widths=(8, 16, 32, 64), kernels=(3, 3, 3, 3), hidden=120), 55_345),
        (lambda: SimpleMLP((2, 18, 72)), 192_001 + 1296 * 120),
        (lambda: SimpleCNN((2, 18, 72)), 106_317 + 12 * 25),
        (lambda: ResNet((2, 18, 72)), 4_900_033 + 64 * 49),
        (lambda: CvT((2, 18, 72)), 4_896_641),
        (lambda: CvT((1, 18, 72), SMALL_KERNELS), 4_895_489 - 64 * 3),
    ],
)
def test_parameters_of_other_shapes(net, count):
    assert parameters(net()) == count


@pytest.mark.parametrize("name", ["mlp_ams", "cnn_ams", "resnet10_ams", "cvt_ams"])
def test_networks_for_images_take_two_channels_too(name):
    with torch.inference_mode():
        assert build(name, view="image2").eval()(torch.ones(2, 2, 18, 72)).shape == (2,)


@pytest.mark.parametrize("name", ["phys_cvt_ams", "phys_cvt_small_ams"])
def test_networks_for_trajectories(name):
    with torch.inference_mode():
        assert build(name).eval()(torch.ones(2, 2, 18, 20)).shape == (2,)


@pytest.mark.parametrize("net", NETWORKS)
def test_one_logit_an_event_whatever_else_is_in_the_batch(net):
    model = NETWORKS[net]().eval()
    image = 10 ** (4 * torch.rand(5, 1, 18, 72))
    with torch.inference_mode():
        logits = model(image)
        alone = model(image[2:3])
        apart = model.classify(model.features(image))
    assert logits.shape == (5,)
    assert torch.allclose(logits[2], alone[0], atol=1e-5)
    assert torch.equal(logits, apart)


@pytest.mark.parametrize("net", NETWORKS)
def test_bright_dark_and_empty_images_give_finite_logits(net):
    image = torch.stack([torch.full((1, 18, 72), value) for value in (0.0, 1e-3, 1e6)])
    with torch.inference_mode():
        assert torch.isfinite(NETWORKS[net]().eval()(image)).all()


def test_cvt_takes_any_width_that_is_a_multiple_of_4():
    with torch.inference_mode():
        assert CvT().eval()(torch.ones(2, 1, 18, 24)).shape == (2,)


@pytest.mark.parametrize(("kv_stride", "keys"), [(2, 9), (4, 4)])
def test_keys_and_values_may_be_fewer(kv_stride, keys):
    build = get_recipe("cvt_ams").learner.build
    model = build(get_adapter("ams").views["image"], frame=24, kv_stride=kv_stride).eval()
    attention = model.stages[0].blocks[0].attention
    assert attention.key(torch.ones(1, 5, 5, 64), None).shape == (1, keys, 64)
    assert attention.value(torch.ones(1, 5, 5, 64), None).shape == (1, keys, 64)
    assert parameters(model) == PUBLISHED["cvt"]
    with torch.inference_mode():
        assert torch.isfinite(model(torch.ones(2, 1, 18, 72))).all()


def test_a_query_for_the_class_token_alone_is_exact():
    block = Block(384, heads=6).eval()
    grid, token = torch.randn(2, 5, 6, 384), torch.randn(2, 1, 384)
    with torch.inference_mode():
        full = block(grid, token)[1]
        pruned = block(grid, token, token_only=True)[1]
    assert torch.allclose(full, pruned, atol=1e-5)


@pytest.mark.parametrize("net", NETWORKS)
def test_every_parameter_learns_but_the_unused_query_of_the_last_block(net):
    model = NETWORKS[net]()
    model(10 * torch.rand(4, 1, 18, 72)).sum().backward()
    unused = {name for name, p in model.named_parameters() if p.grad is None}
    query = "stages.2.blocks.1.attention.query"
    parts = [f"{part}.{kind}" for part in ("depthwise", "norm") for kind in ("weight", "bias")]
    assert unused == ({f"{query}.{part}" for part in parts} if net == "cvt" else set())


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [(3, 2, 1, (2, 2)), (3, 1, 1, (2, 2)), (1, 2, 0, (3, 4)), ((3, 2), (2, 1), (1, 0), (3, 3))],
)
def test_small_convolutions_are_the_same_in_training(kernel, stride, padding, size):
    layer = Convolution(4, 5, kernel, stride, padding)
    x = torch.randn(3, 4, *size, requires_grad=True)
    results = [layer.train()(x), layer.eval()(x)]
    inputs = (x, layer.weight, layer.bias)
    trained, plain = ([y, *torch.autograd.grad((y**2).sum(), inputs)] for y in results)
    for one, other in zip(trained, plain, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_log_scale():
    x = np.array([0.0, 1.0, 5e4])
    scaled = LogScale(scale=1.0, gain=0.25)(torch.from_numpy(x))
    np.testing.assert_allclose(scaled, 0.25 * np.log1p(x))


def test_standardised_pixels_have_the_mean_and_spread_of_the_sample():
    standard = Standardise(6)
    x = torch.randn(5000, 1, 2, 3) * torch.tensor([1.0, 10.0, 0.0]) + 7
    x[0] = 1e9
    x[1:] = standard(x[1:])
    assert torch.allclose(x[1:, ..., :2].mean(0), torch.zeros(1), atol=0.01)
    assert torch.allclose(x[1:, ..., :2].std(0), torch.ones(1), atol=0.05)
    assert not x[1:, ..., 2].any()  # what never varies says nothing
    assert standard.eval()(x[:1]).max() == 8


def test_what_never_varied_in_training_says_nothing_later():
    standard = Standardise(3, 1e-4)
    standard.norm.momentum = None  # statistics of the sample
    x = torch.randn(500, 3) * torch.tensor([1.0, 0.0, 0.0]) + torch.tensor([0.0, 1.0, 90.1])
    standard(x)
    assert not standard.eval()(x + 1)[:, 1:].any()
    assert standard(x + 1)[:, :1].any()


def test_mirrors_reverse_the_cells_of_x_and_of_y_independently():
    layers = [2, 3, 6, 7, 10, 11, 14, 15]
    image = torch.arange(400 * 2 * 18 * 20.0).reshape(400, 2, 18, 20)
    (found,) = mirror({"trajectory": image}, torch.Generator().manual_seed(2)).values()
    in_x, in_y = image.clone(), image.flip(3)
    in_x[:, :, layers] = image.flip(3)[:, :, layers]
    in_y[:, :, layers] = image[:, :, layers]
    counts = [
        sum(torch.equal(one, other) for one, other in zip(found, expected, strict=True))
        for expected in (image, in_x, in_y, image.flip(3))
    ]
    assert sum(counts) == 400
    assert min(counts) > 65  # 100 expected, 4 standard deviations below
