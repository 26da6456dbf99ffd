"""A loss for networks that part the objects of an event into groups, and some into none."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from rootml.errors import TrainingError
from rootml.spec import Array
from rootml.training.losses import Loss
from rootml.validation.statistics.clusters import Clusters

if TYPE_CHECKING:
    from torch import Tensor

    from rootml.validation.statistics.binomial import Estimate

MOST_GROUPS = 6
"""With more there are too many ways to assign true groups to those of a network (6! = 720)."""


@dataclass(frozen=True)
class Partition(Loss):
    """Negative log probability of each object's group, for the best assignment of true groups.

    A network returns logits (n, members, 1 + k): to be of none, or of one of k groups. Which of its
    groups stands for which true one is up to it, so that of all k! assignments the one with the
    lowest loss counts (as in N. Carion et al., arXiv:2005.12872). Truth (n, members): group 0 to
    k - 1, -1 for none, NaN where there is no object; the loss is the mean over the objects.

    Gives the group of each object, int32 (n, members), numbered in the order in which groups first
    appear, -1 for none; and the probability of it.
    """

    title: ClassVar[str] = "Cross entropy of the best assignment"
    outputs: ClassVar[int] = 2
    shaped: ClassVar[bool] = True

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of logits (n, members, 1 + k)."""
        from torch import arange, tensor

        groups = raw.shape[2] - 1
        there, number = _checked(truth, groups)
        logs = raw.log_softmax(dim=2)
        true = number.unsqueeze(2) == arange(groups, device=raw.device)
        cost = -true.to(raw.dtype).transpose(1, 2) @ logs[..., 1:]  # (n, true group, group)
        ways = tensor([*itertools.permutations(range(groups))], device=raw.device)
        assigned = cost[:, arange(groups, device=raw.device), ways].sum(dim=2).amin(dim=1)
        of_none = -(logs[..., 0] * (there & (number < 0))).sum(dim=1)
        return (assigned + of_none) / there.sum(dim=1).clamp(min=1)

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """Group and probability of each object."""
        from torch import arange, cat, full_like, where

        probability, choice = raw.softmax(dim=2).max(dim=2)
        members, groups = raw.shape[1], raw.shape[2] - 1
        chosen = choice.unsqueeze(2) == arange(1, groups + 1, device=raw.device)
        place = arange(members, device=raw.device)[None, :, None]
        first = where(chosen, place, members).amin(dim=1)
        rank = (first[:, None, :] < first[:, :, None]).sum(dim=2)
        number = cat([full_like(rank[:, :1], -1), rank], dim=1).gather(1, choice)
        return number.int(), probability

    def measure(self, values: Sequence[Array], truth: Array) -> Mapping[str, Estimate] | None:
        """What the groups are worth (:class:`rootml.validation.statistics.clusters.Clusters`)."""
        there = ~np.isnan(truth)
        found = Clusters.of(truth[there].astype(np.int64), values[0][there], there.sum(axis=1))
        return found.figures()


def _checked(truth: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """Which objects are there, and their true groups; TrainingError where one has no place."""
    if groups > MOST_GROUPS:
        raise TrainingError(f"Partition: {groups} groups, expected {MOST_GROUPS} or fewer")
    there = ~truth.isnan()
    number = truth.nan_to_num(nan=-1.0).long()
    wrong = number[there & ((number != truth) | (number < -1) | (number >= groups))]
    if len(wrong):
        raise TrainingError(
            f"a true group is {int(wrong[0])}: expected 0 to {groups - 1}, or -1 for none"
        )
    return there, number
