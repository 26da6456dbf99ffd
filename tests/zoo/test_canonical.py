"""Showers centred inside the graph: against a slow reference, under symmetries, as ONNX."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.spec import TensorSpec
from rootml.training.export import export
from rootml.training.objective import Deployed
from rootml_zoo.nets.canonical import RIDGE, TIE, Canonical

X_LAYERS = (2, 3, 6, 7, 10, 11, 14, 15)
VIEWS = (X_LAYERS, tuple(sorted(set(range(18)) - set(X_LAYERS))))


def draw(seed: int, events: int = 8) -> torch.Tensor:
    """Slanted tracks with a spread and noise, some reaching over a side: (n, 1, 18, 72) MeV."""
    rng = np.random.default_rng(seed)
    image = np.zeros((events, 1, 18, 72), np.float32)
    for event in image[:, 0]:
        for view in VIEWS:
            start, slope = rng.uniform(-5, 77), rng.normal(0, 1)
            for layer in view:
                cells = np.rint(start + slope * layer + rng.normal(0, 1.5, 12)).astype(int)
                cells = cells[(cells >= 0) & (cells < 72)]
                event[layer, cells] = rng.exponential(1000, len(cells))
                event[layer, rng.integers(72)] = 2.5
    return torch.from_numpy(image)


def reference(image: np.ndarray, cells: int) -> np.ndarray:
    """The same, event by event and layer by layer, in double precision."""
    result = np.zeros((*image.shape[:3], cells), image.dtype)
    for event, moved in zip(image.astype(np.float64), result, strict=True):
        for view in VIEWS:
            deposit = event.sum(0)[list(view)]  # (layers, 72)
            depth = np.repeat(np.array(view) - 8.5, 72)
            place, weight = np.tile(np.arange(72) - 35.5, len(view)), deposit.ravel()
            if not weight.any():
                weight, place = np.ones_like(weight), np.zeros_like(place)
            mean, middle = np.average(place, weights=weight), np.average(depth, weights=weight)
            spread = np.average((depth - middle) ** 2, weights=weight) + RIDGE
            slope = np.average((depth - middle) * (place - mean), weights=weight) / spread
            for layer in view:
                axis = np.clip(mean + slope * (layer - 8.5 - middle), -36, 36)
                first = int(np.floor(axis + 36.5 - cells / 2 + TIE))
                for cell in range(max(first, 0), min(first + cells, 72)):
                    moved[:, layer, cell - first] = event[:, layer, cell]
    return result


@pytest.mark.parametrize("cells", [72, 24, 21])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_as_the_reference(cells, seed):
    image = draw(seed)
    np.testing.assert_array_equal(Canonical(cells)(image), reference(image.numpy(), cells))


def test_two_channels_are_moved_as_one():
    image = draw(1)
    both = torch.zeros(len(image), 2, 18, 72)
    for channel, view in enumerate(VIEWS):
        both[:, channel, view] = image[:, 0, view]
    torch.testing.assert_close(Canonical(24)(both).sum(1), Canonical(24)(image)[:, 0])


@given(st.integers(-15, 15), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_shift_of_the_shower_changes_nothing(shift, seed):
    rng = np.random.default_rng(seed)
    image = torch.zeros(8, 1, 18, 72)
    image[..., 20:52] = torch.from_numpy(rng.integers(0, 3, (8, 1, 18, 32)).astype(np.float32))
    image[0, :, :, 20:52] = 0
    image[0, :, 4, 30:32] = 100.0  # two equal cells: the axis lies on their border
    image[1] = 0
    image[1, :, 6, 40] = 5.0  # nothing else
    canonical = Canonical(24)
    assert torch.equal(canonical(image), canonical(image.roll(shift, 3)))


def test_mirrors_commute_with_centring():
    image, canonical = draw(3, events=40), Canonical(24)
    assert torch.equal(canonical(image.flip(3)), canonical(image).flip(3))


def test_central_vertical_showers_stay_as_they_are():
    image = torch.rand(3, 1, 18, 72)
    image = image + image.flip(3)
    assert torch.equal(Canonical()(image), image)


@pytest.mark.parametrize("cells", [24, 72])
def test_extreme_images_keep_finite(cells):
    image = torch.zeros(6, 1, 18, 72)
    image[1, 0, 17, 71] = 1e-30
    image[2, 0, 0, 0], image[2, 0, 17, 71] = 1e8, 1e-3
    image[3, 0, 4, 0], image[3, 0, 5, 71] = 1e8, 1e8  # as steep as can be
    image[4] = 1e8
    image[5, 0, :, 71] = 50.0  # along the side: half of each window overhangs
    found = Canonical(cells)(image)
    assert torch.isfinite(found).all()
    assert not found[0].any()
    assert torch.equal(found[5].nonzero()[:, 2].unique(), torch.tensor([cells // 2 - 1]))
    assert found[5].sum() == 18 * 50


def test_bfloat16_training_centres_as_float32_does():
    image = draw(5, events=64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = Canonical(24)(image)
    assert torch.equal(mixed, Canonical(24)(image))


def test_onnx_gives_the_same_for_any_number_of_events(tmp_path):
    path = tmp_path / "canonical.onnx"
    network = Deployed(Canonical(24), lambda moved: (moved,))
    export(network, [TensorSpec("image", (1, 18, 72))], ["moved"], path)
    session = onnxruntime.InferenceSession(path)
    image = draw(7, events=300)
    image[17] = 0
    for events in (1, 300):
        (found,) = session.run(None, {"image": image[:events].numpy()})
        np.testing.assert_array_equal(found, Canonical(24)(image[:events]))
