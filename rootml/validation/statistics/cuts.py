"""A cut on a score: what it keeps, and the working point it makes on a model card."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from rootml.validation.statistics.binomial import Estimate, efficiency_interval, rejection
from rootml.validation.statistics.counts import Counts
from rootml.working_point import WorkingPoint


@dataclass(frozen=True)
class Cut:
    """What ``score > threshold`` keeps of signal and background.

    Events, or sums of weights; then ``squares`` are the sums of squared weights of the four.
    """

    threshold: float
    signal_passed: float
    signal: float
    background_passed: float
    background: float
    squares: tuple[float, float, float, float] | None = None

    @classmethod
    def of(
        cls, threshold: float, signal: tuple[Counts, Counts], other: tuple[Counts, Counts]
    ) -> Self:
        """From what passed and all there is, of the signal and of the background."""
        four = (*signal, *other)
        v0, v1, v2, v3 = (part.values.item() for part in four)
        s0, s1, s2, s3 = (float(part.squares) for part in four)
        squares = (s0, s1, s2, s3) if any(part.weighted for part in four) else None
        return cls(threshold, v0, v1, v2, v3, squares)

    @property
    def counts(self) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
        """Passed and all, of the signal and of the background."""
        values = self.signal_passed, self.signal, self.background_passed, self.background
        four = np.array(values)
        parts = Counts(four, four if self.squares is None else np.array(self.squares))
        return (parts[0], parts[1]), (parts[2], parts[3])

    @property
    def efficiency(self) -> Estimate:
        """Signal passing over signal."""
        return efficiency_interval(*self.counts[0]).one()

    @property
    def rejection(self) -> Estimate:
        """Background over background passing."""
        return rejection(*self.counts[1]).one()

    def to_card(self, name: str, output: str, sample: str = "") -> WorkingPoint:
        """This cut as a model card records it."""
        kept, rejected = self.efficiency, self.rejection
        return WorkingPoint(
            name=name,
            output=output,
            threshold=self.threshold,
            efficiency=kept.value,
            efficiency_error=(kept.low, kept.high),
            rejection=rejected.value if math.isfinite(rejected.value) else None,
            rejection_error=(
                rejected.low,
                rejected.high if math.isfinite(rejected.high) else None,
            ),
            sample=sample,
        )
