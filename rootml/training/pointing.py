"""A loss for networks that point from each object of an event at one of another list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from rootml.errors import TrainingError
from rootml.spec import Array
from rootml.training.losses import Loss
from rootml.validation.statistics.binomial import efficiency_interval
from rootml.validation.statistics.sums import ratio_of_sums

if TYPE_CHECKING:
    from torch import Tensor

    from rootml.validation.statistics.binomial import Estimate


@dataclass(frozen=True)
class Pointing(Loss):
    """Negative log probability of the true place, the mean over the objects of an event.

    A network returns logits (n, members, 1 + k): to point at nothing, or at one of k places in the
    other list. Truth (n, members): a place from 0, -1 for none, NaN where there is no object.
    Gives the place of each object, int32 (n, members), -1 for none, and the probability of it.
    """

    shaped: ClassVar[bool] = True
    title: ClassVar[str] = "Cross entropy of the place"
    outputs: ClassVar[int] = 2

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of logits (n, members, 1 + k)."""
        from torch.nn.functional import cross_entropy

        there = ~truth.isnan()
        place = truth.nan_to_num(nan=-1.0).long()
        wrong = place[there & ((place != truth) | (place < -1) | (place >= raw.shape[2] - 1))]
        if len(wrong):
            raise TrainingError(
                f"a true place is {int(wrong[0])}: expected 0 to {raw.shape[2] - 2}, or -1 for none"
            )
        each = cross_entropy(raw.transpose(1, 2), place + 1, reduction="none")
        return (each * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """Place and probability of each object."""
        probability, choice = raw.softmax(dim=2).max(dim=2)
        return choice.int() - 1, probability

    def measure(self, values: Sequence[Array], truth: Array) -> Mapping[str, Estimate] | None:
        """How often places are right: see :func:`pointed`."""
        return pointed(values[0], truth)


def pointed(found: Array, truth: Array) -> dict[str, Estimate]:
    """How often places (n, members) are right, NaN in ``truth`` where there is no object.

    ``accuracy``: of all objects; ``efficiency``: of those that have a place, the share that points
    at it; ``purity``: of those that point at a place, the share whose own it is; ``whole``: of
    events, the share all of whose objects are right. Figures of no object are left out.
    """
    there = ~np.isnan(truth)
    right = there & (found == truth)
    has, points = there & (truth >= 0), there & (found >= 0)
    counted = {"accuracy": there, "efficiency": has, "purity": points}
    figures = {
        name: ratio_of_sums((right & of).sum(axis=1), of.sum(axis=1))
        for name, of in counted.items()
        if of.any()
    }
    whole = (right | ~there).all(axis=1)
    return figures | {"whole": efficiency_interval(int(whole.sum()), len(whole)).one()}
