"""Pointing from objects at places of another list: the loss, what it gives, what it is worth."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rootml.errors import TrainingError
from rootml.training.pointing import Pointing, pointed

NAN = float("nan")


def test_loss_is_the_mean_over_the_objects_that_are_there():
    raw = torch.tensor([[[0.0, 1.0, 2.0], [3.0, 0.0, 0.0], [9.0, 9.0, 0.0]]])
    truth = torch.tensor([[1.0, -1.0, NAN]])
    logs = raw.log_softmax(dim=2)
    expected = -(logs[0, 0, 2] + logs[0, 1, 0]) / 2
    torch.testing.assert_close(Pointing().rows(raw, truth), expected[None])


def test_learning_lowers_what_is_not_there_to_nothing():
    raw = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(1)).requires_grad_()
    truth = torch.full((4, 5), NAN)
    truth[:, 0] = 0
    Pointing().rows(raw, truth).sum().backward()
    assert raw.grad is not None
    assert (raw.grad[:, 1:] == 0).all()
    assert (raw.grad[:, 0] != 0).any()


@pytest.mark.parametrize("place", [2.0, -2.0, 0.5])
def test_places_that_are_not_in_the_list(place):
    with pytest.raises(TrainingError, match=r"a true place is .*: expected 0 to 1, or -1 for none"):
        Pointing().rows(torch.zeros(1, 2, 3), torch.tensor([[0.0, place]]))


def test_estimates_are_the_most_probable_place_and_its_probability():
    raw = torch.tensor([[[4.0, 0.0, 0.0], [0.0, 0.0, 5.0]]])
    place, probability = Pointing().estimates(raw)
    assert place.dtype == torch.int32
    assert place.tolist() == [[-1, 1]]
    torch.testing.assert_close(probability, raw.softmax(dim=2).amax(dim=2))


def test_figures_of_places():
    truth = np.array([[0, 1, 1, -1], [2, -1, NAN, NAN], [0, NAN, NAN, NAN]])
    found = np.array([[0, 1, -1, 0], [2, -1, 7, 7], [0, 3, 3, 3]])
    figures = {name: one.value for name, one in pointed(found, truth).items()}
    assert figures == {"accuracy": 5 / 7, "efficiency": 4 / 5, "purity": 4 / 5, "whole": 2 / 3}
    one = pointed(found, truth)["accuracy"]
    assert one.low < one.value < one.high


def test_figures_of_nothing_are_left_out():
    assert set(pointed(np.array([[-1, -1]]), np.array([[-1, NAN]]))) == {"accuracy", "whole"}
