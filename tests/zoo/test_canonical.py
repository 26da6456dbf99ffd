"""Showers in their own frame inside the graph: a slow reference, symmetries, ONNX."""

from __future__ import annotations

import itertools

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.spec import TensorSpec
from rootml.training.export import export
from rootml.training.objective import Deployed
from rootml_zoo.nets.canonical import FRAMES, RIDGE, Canonical

X_LAYERS = (2, 3, 6, 7, 10, 11, 14, 15)
VIEWS = (X_LAYERS, tuple(sorted(set(range(18)) - set(X_LAYERS))))
seeds = st.integers(0, 2**32 - 1)


def draw(seed: int, events: int = 4) -> torch.Tensor:
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


def fitted(event: np.ndarray, view: tuple[int, ...]) -> dict[int, float]:
    """The axis in each layer of a view, in cells from the left side, for an event (18, 72)."""
    deposit = event[list(view)].ravel()
    depth, place = np.repeat(view, 72), np.tile(np.arange(72) + 0.5, len(view))
    if not deposit.any():
        return dict.fromkeys(view, 36.0)
    mean, middle = np.average(place, weights=deposit), np.average(depth, weights=deposit)
    spread = np.average((depth - middle) ** 2, weights=deposit) + RIDGE
    slope = np.average((depth - middle) * (place - mean), weights=deposit) / spread
    return {layer: np.clip(mean + slope * (layer - middle), 0, 72) for layer in view}


def reference(image: np.ndarray, bins: int) -> np.ndarray:
    """The same, layer by layer, cell by cell, in double precision."""
    half = np.array(FRAMES[bins])
    edges = np.concatenate([-half[::-1], [0], half])
    result = np.zeros((*image.shape[:3], bins))
    for event, moved in zip(image.astype(np.float64), result, strict=True):
        for view in VIEWS:
            for layer, axis in fitted(event.sum(0), view).items():
                for number, (low, high) in enumerate(itertools.pairwise(edges)):
                    cell = np.arange(72)
                    overlap = np.minimum(cell + 1, axis + high) - np.maximum(cell, axis + low)
                    moved[:, layer, number] = event[:, layer] @ np.maximum(overlap, 0)
    return result


def assert_same(found, expected) -> None:
    """Equal but for rounding errors of the axis, which move edges by less than 1e-3 cells."""
    scale = np.asarray(expected).sum(axis=-1, keepdims=True) + 1e-3
    np.testing.assert_allclose(found / scale, expected / scale, atol=1e-3)


@pytest.mark.parametrize("bins", FRAMES)
@given(seed=seeds)
@settings(max_examples=5, deadline=None)
def test_as_the_reference(bins, seed):
    image = draw(seed)
    found = Canonical(FRAMES[bins])(image).numpy()
    assert found.shape == (4, 1, 18, bins)
    assert_same(found, reference(image.numpy(), bins))


def test_small_deposits_beside_a_large_one_are_not_lost_in_its_rounding():
    image = torch.zeros(1, 1, 18, 72)
    image[..., 35:37] = 61_234.567
    image[..., 40:44] = image[..., 28:32] = 0.5137
    canonical = Canonical(FRAMES[72])
    found, expected = canonical(image).numpy(), reference(image.numpy(), 72)
    tails = expected < 1
    assert (expected[tails] > 0).sum() > 100
    np.testing.assert_allclose(found[tails], expected[tails], rtol=1e-4, atol=1e-5)


def test_two_channels_are_brought_into_one_frame():
    image = draw(1)
    both = torch.zeros(len(image), 2, 18, 72)
    for channel, view in enumerate(VIEWS):
        both[:, channel, view] = image[:, 0, view]
    canonical = Canonical(FRAMES[24])
    assert_same(canonical(both).sum(1).numpy(), canonical(image)[:, 0].numpy())


@given(st.integers(-15, 15), seeds)
@settings(max_examples=20, deadline=None)
def test_a_shift_of_the_shower_changes_nothing_and_loses_nothing(shift, seed):
    rng = np.random.default_rng(seed)
    image = torch.zeros(4, 1, 18, 72)
    image[..., 25:47] = torch.from_numpy(rng.integers(0, 3, (4, 1, 18, 22)).astype(np.float32))
    image[0, :, :, 25:47] = 0
    image[0, :, 4, 30:32] = 100.0
    canonical = Canonical(FRAMES[32])
    found = canonical(image)
    assert_same(canonical(image.roll(shift, 3)).numpy(), found.numpy())
    torch.testing.assert_close(found.sum(3), image.sum(3))


def test_mirrored_showers_have_their_bins_in_reverse():
    image, canonical = draw(3, events=40), Canonical(FRAMES[24])
    assert_same(canonical(image.flip(3)).numpy(), canonical(image).flip(3).numpy())


def test_extreme_images_stay_finite():
    image = torch.zeros(6, 1, 18, 72)
    image[1, 0, 17, 71] = 1e-30
    image[2, 0, 0, 0], image[2, 0, 17, 71] = 1e8, 1e-3
    image[3, 0, 4, 0], image[3, 0, 5, 71] = 1e8, 1e8  # as steep as can be
    image[4] = 1e8
    image[5, 0, :, 71] = 50.0  # along the side: nothing is beyond
    found = Canonical(FRAMES[24])(image)
    assert torch.isfinite(found).all()
    assert found.min() >= 0
    assert not found[0].any()
    assert torch.equal(found[5].nonzero()[:, 2].unique(), torch.tensor([10, 11, 12, 13]))
    torch.testing.assert_close(found[5].sum(), torch.tensor(18 * 50.0))


def test_mixed_precision_does_not_reach_the_frame():
    image, canonical = draw(5, events=64), Canonical(FRAMES[24])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = canonical(image)
    assert torch.equal(mixed, canonical(image))


def test_onnx_gives_the_same_for_any_number_of_events(tmp_path):
    path, canonical = tmp_path / "canonical.onnx", Canonical(FRAMES[24])
    network = Deployed(canonical, lambda moved, _: (moved,))
    export(network, [TensorSpec("image", (1, 18, 72))], ["moved"], path)
    session = onnxruntime.InferenceSession(path)
    image = draw(7, events=300)
    image[17] = 0
    for events in (1, 300):
        (found,) = session.run(None, {"image": image[:events].numpy()})
        assert_same(found, canonical(image[:events]).numpy())
