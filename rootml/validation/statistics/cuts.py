"""A cut on a score, and what it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from rootml.validation.statistics.binomial import Estimate, efficiency_interval, rejection
from rootml.validation.statistics.counts import Counts


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

    def figures(self) -> dict[str, Any]:
        """Efficiency and rejection as a working point of a card has them."""
        kept, rejected = self.efficiency, self.rejection
        limited = math.isinf(rejected.value)
        return {
            "efficiency": kept.value,
            "efficiency_error": (kept.low, kept.high),
            "rejection": None if limited else rejected.value,
            "rejection_error": None if limited else (rejected.low, rejected.high),
            "rejection_limit": rejected.low if limited else None,
        }
