"""What is there, place by place: truths that are images of 0 and 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rootml.errors import TrainingError
from rootml.spec import Array
from rootml.training.losses import Loss
from rootml.validation.statistics.sums import ratio_of_sums

if TYPE_CHECKING:
    from torch import Tensor

    from rootml.validation.statistics.binomial import Estimate


@dataclass(frozen=True)
class Presence(Loss):
    """Binary cross entropy of each place of an image of 0 and 1, summed over the image.

    A network returns logits (n, ...) of the shape of the truth. Gives the probabilities.
    """

    shaped: ClassVar[bool] = True
    title: ClassVar[str] = "Binary cross entropy"

    def rows(self, raw: Tensor, truth: Tensor) -> Tensor:
        """Loss (n,) of logits (n, ...)."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        wrong = truth[(truth != 0) & (truth != 1)]
        if len(wrong):
            raise TrainingError(f"a true value of a place is {float(wrong[0]):g}: expected 0 or 1")
        each = binary_cross_entropy_with_logits(raw, truth, reduction="none")
        return each.flatten(1).sum(dim=1)

    def estimates(self, raw: Tensor) -> tuple[Tensor, ...]:
        """Probabilities."""
        return (raw.sigmoid(),)

    def measure(self, values: Sequence[Array], truth: Array) -> Mapping[str, Estimate]:
        """Share of the places that are found, and of the found ones that are there.

        Found is what is likelier than not.
        """
        found, there = ((image > 0.5).reshape(len(truth), -1) for image in (values[0], truth))
        both = (found & there).sum(axis=1)
        of = {"efficiency": there.sum(axis=1), "purity": found.sum(axis=1)}
        return {name: ratio_of_sums(both, whole) for name, whole in of.items() if whole.any()}
