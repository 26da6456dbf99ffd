"""Losses of regressions, against their definitions and what they make of a sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rootml.card import Output
from rootml.errors import TrainingError
from rootml.training import (
    CrossEntropy,
    Cumulative,
    Gaussian,
    Huber,
    LogCosh,
    MeanSquare,
    Quantiles,
    Regression,
)
from rootml.training.losses import Loss

RAW = torch.tensor([-800.0, -1.5, 0.0, 0.2, 30.0])
TRUTH = torch.tensor([1.0, -2.0, 0.5, 0.1, -4.0])
SCALE = 0.25


def test_losses_are_those_of_their_definitions():
    """In units of the scale, also where cosh itself overflows."""
    residual = RAW - TRUTH / SCALE
    by_hand = {
        MeanSquare: residual**2,
        Huber: F.huber_loss(residual, torch.zeros(5), reduction="none"),
        LogCosh: torch.logaddexp(residual.double(), -residual.double()).float() - np.log(2),
    }
    for kind, expected in by_hand.items():
        assert torch.allclose(kind(SCALE).rows(RAW, TRUTH), expected, rtol=1e-5, atol=1e-6)
        assert torch.equal(kind(SCALE).rows(RAW[:, None], TRUTH), kind(SCALE).rows(RAW, TRUTH))
        (estimate,) = kind(SCALE).estimates(RAW)
        assert torch.equal(estimate, SCALE * RAW)


def test_the_likelihood_is_that_of_a_gaussian():
    raw = torch.tensor([[0.3, -1.0], [2.0, 0.5]])
    mean, width = Gaussian(SCALE).estimates(raw)
    expected = -torch.distributions.Normal(mean, width).log_prob(TRUTH[:2]) - np.log(SCALE)
    assert torch.allclose(Gaussian(SCALE).rows(raw, TRUTH[:2]), expected)


@pytest.mark.parametrize(
    ("loss", "middle"), [(Quantiles(), 0.5), (Quantiles(2.0, middle=MeanSquare(3.0)), None)]
)
def test_quantiles_are_those_of_the_sample(loss, middle):
    """Of a skew one: the shares below them are the levels, and they never cross the estimate."""
    truth = torch.from_numpy(np.random.default_rng(3).gamma(2.0, 2.0, 4000).astype("f4"))
    raw = torch.zeros(1, 3, requires_grad=True)
    optimiser = torch.optim.Adam([raw], 0.1)
    for _ in range(300):
        optimiser.zero_grad()
        loss.rows(raw.expand(len(truth), 3), truth).mean().backward()
        optimiser.step()
    estimate, width = (float(one) for one in loss.estimates(raw.detach()))
    low, high = np.quantile(truth, loss.levels)
    assert width == pytest.approx((high - low) / 2, rel=0.03)
    expected = truth.mean() if middle is None else np.quantile(truth, middle)
    assert estimate == pytest.approx(float(expected), rel=0.03)
    crossed = loss.estimates(torch.tensor([[1.0, -50.0, -50.0]]))
    assert float(crossed[1]) >= 0


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: LogCosh(0), "scale must be above 0"),
        (lambda: Quantiles(levels=(0.6, 0.8)), "on either side of 0.5"),
        (lambda: Quantiles(middle=Gaussian()), "estimates one value"),
        (
            lambda: Regression("e", (Output(name="x", estimates="e"),), Gaussian()),
            "gives 2 outputs",
        ),
    ],
)
def test_losses_that_make_no_sense(make, match):
    with pytest.raises(TrainingError, match=match):
        make()


def test_every_loss_has_a_title():
    titles = [kind.title for kind in Loss.__subclasses__()]
    assert len({*titles}) == len(titles) > 5


def test_cross_entropy_is_that_of_the_probabilities():
    raw = torch.tensor([[0.3, -1.0, 2.0], [2.0, 0.5, 0.0]])
    truth = torch.tensor([2.0, 1.0])
    found, probabilities = CrossEntropy().estimates(raw)
    assert found.tolist() == [2, 0]
    assert found.dtype == torch.int32
    expected = -torch.stack([probabilities[0, 2], probabilities[1, 1]]).log()
    assert torch.allclose(CrossEntropy().rows(raw, truth), expected)


def test_cumulative_classes_are_learned_in_their_order():
    """The shares of a sample come back, and a mistake by two costs more than one by one."""
    truth = torch.tensor([0.0] * 5 + [1.0] * 2 + [2.0] * 3)
    raw = torch.zeros(1, 2, requires_grad=True)
    optimiser = torch.optim.Adam([raw], 0.1)
    for _ in range(300):
        optimiser.zero_grad()
        Cumulative().rows(raw.expand(10, 2), truth).mean().backward()
        optimiser.step()
    found, probabilities = Cumulative().estimates(raw.detach())
    assert probabilities[0].tolist() == pytest.approx([0.5, 0.2, 0.3], abs=0.01)
    assert probabilities.sum() == pytest.approx(1)
    certain = torch.tensor([[-9.0, -9.0]]).expand(3, 2)
    none, one, two = Cumulative().rows(certain, torch.arange(3.0)).tolist()
    assert none < one
    assert two == pytest.approx(2 * one, rel=1e-3)
    assert found.tolist() == [0]


@pytest.mark.parametrize("wrong", [3.0, -1.0, 0.5])
@pytest.mark.parametrize("loss", [CrossEntropy(), Cumulative()])
def test_classes_that_are_none_are_refused(loss, wrong):
    raw = torch.zeros(2, 3 if type(loss) is CrossEntropy else 2)
    with pytest.raises(TrainingError, match=f"{wrong:g}: expected 0 to 2"):
        loss.rows(raw, torch.tensor([1.0, wrong]))
