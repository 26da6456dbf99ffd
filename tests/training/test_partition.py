"""The loss of networks that part objects into groups."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import TrainingError
from rootml.training import Partition

torch = pytest.importorskip("torch")
NAN = float("nan")


def logits(seed, rows=3, members=6, groups=4):
    return torch.randn(rows, members, 1 + groups, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_best_assignment_counts(seed):
    """One by one: the mean negative log probability with each of all 24 assignments."""
    raw = logits(seed)
    truth = torch.from_numpy(np.random.default_rng(seed).integers(-2, 4, (3, 6))).float()
    truth[:, 0] = 1  # no event is empty
    truth = torch.where(truth == -2, NAN, truth)
    found = Partition().rows(raw, truth)
    logs = raw.log_softmax(dim=2)
    for row in range(3):
        there = [i for i in range(6) if not truth[row, i].isnan()]
        costs = []
        for way in itertools.permutations(range(4)):
            place = {-1: 0} | {true: 1 + own for true, own in enumerate(way)}
            costs.append(-sum(logs[row, i, place[int(truth[row, i])]] for i in there) / len(there))
        assert found[row].item() == pytest.approx(min(costs).item(), abs=1e-5)


def test_which_group_stands_for_which_track_does_not_matter():
    raw, truth = logits(1), torch.tensor([[0.0, 1, 2, 3, -1, NAN]] * 3)
    turned = raw[..., [0, 3, 1, 4, 2]]
    torch.testing.assert_close(Partition().rows(raw, truth), Partition().rows(turned, truth))
    labels, probability = Partition().estimates(raw)
    same, again = Partition().estimates(turned)
    assert torch.equal(labels, same)
    torch.testing.assert_close(probability, again)


def test_groups_are_numbered_as_they_appear():
    choice = torch.tensor([[3, 3, 0, 1, 3, 1], [0, 2, 4, 2, 1, 0]])
    raw = 20 * torch.nn.functional.one_hot(choice, 5).float()
    labels, probability = Partition().estimates(raw)
    assert labels.dtype == torch.int32
    assert labels.tolist() == [[0, 0, -1, 1, 0, 1], [-1, 0, 1, 0, 2, -1]]
    assert (probability > 0.999).all()


def test_figures_leave_out_what_is_not_there():
    truth = np.array([[0, 0, 1, -1, np.nan], [0, 0, np.nan, np.nan, np.nan]])
    labels = np.array([[0, 0, 1, -1, 3], [0, 1, 0, 2, 2]])
    figures = Partition().measure([labels], truth)
    assert figures["right"].value == 0.5
    assert figures["rejection"].value == 1.0
    assert figures["efficiency"].value == pytest.approx((1 + 0.5) / 2)


@pytest.mark.parametrize("wrong", [4.0, -2.0, 0.5])
def test_what_is_no_group_is_refused(wrong):
    with pytest.raises(TrainingError, match="expected 0 to 3, or -1"):
        Partition().rows(logits(0, rows=1), torch.tensor([[wrong, 0, 0, 0, 0, NAN]]))
