"""Figures of one discriminant: from its histogram to ROC, rejection and working points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from rootml.spec import Array
from rootml.validation.counting.units import Bin
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.cuts import Cut
from rootml.validation.statistics.dependence import Slice, at_flat_cut, at_flat_efficiency, together
from rootml.validation.statistics.precision import precision_recall
from rootml.validation.statistics.scales import Scale

EFFICIENCIES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Signal efficiencies of the working-point table."""

FIXED_EFFICIENCY = 0.9
"""Signal efficiency at which bins of a variable are compared, and of the default cut."""

BACKGROUND, SIGNAL = 0, 1


def separation(hist: Any, scale: Scale) -> Separation:
    """Signal against background, of a histogram (class, score)."""
    counts = Counts.of(hist, flow=True)
    return Separation(scale.thresholds(), counts[SIGNAL], counts[BACKGROUND])


def figures(whole: Separation, sign: float = 1.0) -> dict[str, Any]:
    """AUC, curve and working points.

    ``sign``: -1 where the bins are of the negated values; thresholds are of the values.
    """
    curve = asdict(whole.roc())
    return {
        "signal": whole.signal_passed.values[0].item(),
        "background": whole.background_passed.values[0].item(),
        "auc": asdict(whole.auc()),
        "curve": curve | {"threshold": sign * curve["threshold"]},
        "working_points": [
            {"target": target, **describe(whole.at_efficiency(target), sign)}
            for target in EFFICIENCIES
        ],
    }


def precision_figures(whole: Separation) -> dict[str, Any]:
    """Precision and recall along the curve, and the average precision."""
    made = precision_recall(whole)
    columns = {
        name + ending: part
        for name, estimates in (("recall", made.recall), ("precision", made.precision))
        for ending, part in zip(("", "_low", "_high"), estimates, strict=True)
    }
    return {
        "threshold": made.threshold,
        **columns,
        "average": asdict(made.average) | {"error": made.error},
        "signal_share": made.signal_share,
    }


def describe(cut: Cut, sign: float = 1.0) -> dict[str, Any]:
    """A cut with its efficiency and rejection."""
    return {
        **asdict(cut),
        "threshold": sign * cut.threshold,
        "efficiency": asdict(cut.efficiency),
        "rejection": asdict(cut.rejection),
    }


@dataclass(frozen=True, eq=False)
class Sliced:
    """Signal and background (bins, scores) in bins of a variable, whose ends are (bins, 2)."""

    ends: Array
    signal: Counts
    background: Counts

    @classmethod
    def of(cls, bins: Sequence[Bin]) -> Self:
        """From the bins of a histogram (variable, class, score)."""
        counts = Counts.stack([one.counts for one in bins])
        ends = np.array([(one.low, one.high) for one in bins])
        return cls(ends, counts[:, SIGNAL], counts[:, BACKGROUND])

    def flat_efficiency(self, scale: Scale, target: float) -> list[Slice]:
        """Slices at the same efficiency of each bin's own signal."""
        return at_flat_efficiency(
            self.ends, scale.thresholds(), self.signal, self.background, target
        )

    def flat_cut(self, threshold: float, first: int) -> list[Slice]:
        """Slices at a threshold that the bins of the score from ``first`` on pass."""
        signal, background = (
            (part[:, first:].sum(axis=1), part.sum(axis=1))
            for part in (self.signal, self.background)
        )
        return at_flat_cut(self.ends, threshold, signal, background)

    def working_points(self, scale: Scale) -> list[dict[str, Any]]:
        """What cuts at flat efficiency keep of all bins together, at each of EFFICIENCIES."""
        cuts = {target: together(self.flat_efficiency(scale, target)) for target in EFFICIENCIES}
        return [{"target": target, **describe(cut)} for target, cut in cuts.items() if cut]


def rows(slices: Sequence[Slice], sign: float = 1.0) -> list[dict[str, Any]]:
    """Slices as plain data; ``cut`` None where a bin has none."""
    return [vars(one) | {"cut": describe(one.cut, sign) if one.cut else None} for one in slices]
