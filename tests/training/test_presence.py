"""Truths that are images of what is there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rootml.card import Output
from rootml.errors import TrainingError
from rootml.training.figures import Estimates, regression
from rootml.training.presence import Presence
from rootml.validation.statistics.sums import ratio_of_sums


def test_loss_of_an_image_is_the_sum_of_its_places():
    raw = torch.tensor([[[0.0, 2.0]], [[-1.0, 0.5]]])
    truth = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    sigmoid = 1 / (1 + np.exp(-raw.numpy()))
    meant = -np.log(np.where(truth.numpy() > 0, sigmoid, 1 - sigmoid)).sum(axis=(1, 2))
    np.testing.assert_allclose(Presence().rows(raw, truth), meant, rtol=1e-6)
    np.testing.assert_allclose(Presence().estimates(raw)[0], sigmoid, rtol=1e-6)


def test_figures_are_of_what_is_likelier_than_not():
    truth = np.array([[[1, 1, 0]], [[0, 0, 1]]], np.uint8)
    said = np.array([[[0.9, 0.2, 0.6]], [[0.1, 0.0, 0.7]]])
    found = Presence().measure([said], truth)
    assert found["efficiency"].value == pytest.approx(2 / 3)
    assert found["purity"].value == pytest.approx(2 / 3)
    nothing = Presence().measure([np.zeros_like(said)], truth)
    assert set(nothing) == {"efficiency"}


def test_of_images_of_nothing_there_are_no_figures():
    nothing = np.zeros((3, 2, 2), np.float32)
    found = Estimates("", nothing, {"there": nothing}, {})
    output = Output(name="there", shape=(2, 2), estimates="truth_there")
    assert not [*regression(found, outputs=(output,), how="by hand", loss=Presence())]


@pytest.mark.parametrize("wrong", [2.0, -1.0, float("nan")])
def test_images_of_other_values_are_refused(wrong):
    with pytest.raises(TrainingError, match=f"is {wrong:g}: expected 0 or 1"):
        Presence().rows(torch.zeros(1, 1, 2), torch.tensor([[[1.0, wrong]]]))


def test_errors_of_ratios_are_those_of_repeated_samples():
    """Counts that hang together within events: binomial errors would be too small."""
    rng = np.random.default_rng(3)

    def sample():
        whole = rng.poisson(10, 300)
        return np.where(rng.random(300) < 0.7, whole, 0), whole

    values = [ratio_of_sums(*sample()) for _ in range(300)]
    spread = np.std([one.value for one in values])
    errors = np.mean([(one.high - one.low) / 2 for one in values])
    assert errors == pytest.approx(spread, rel=0.15)
    assert spread > 2 * np.sqrt(0.7 * 0.3 / 3000)
    assert np.isnan(ratio_of_sums(np.zeros(2), np.zeros(2)).value)
