"""Figures of one discriminant: from its histogram to ROC, rejection and working points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rootml.validation.classification import Separation
from rootml.validation.counts import Counts
from rootml.validation.cuts import Cut
from rootml.validation.scales import Scale
from rootml.validation.units import Bin

EFFICIENCIES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Signal efficiencies of the working-point table."""

FIXED_EFFICIENCY = 0.9
"""Signal efficiency at which the rejection is given against energy."""

MIN_SIGNAL = 20
"""Energy bins with fewer signal events give no threshold."""

BACKGROUND, SIGNAL = 0, 1


def separation(hist: Any, scale: Scale) -> Separation:
    """Signal against background, of a histogram (class, score)."""
    counts = Counts.of(hist, flow=True)
    return Separation(scale.thresholds(), counts[SIGNAL], counts[BACKGROUND])


def figures(hist: Any, scale: Scale, sign: float = 1.0) -> dict[str, Any]:
    """AUC, curve and working points of a histogram (class, score) that has both classes.

    ``sign``: -1 where the histogram is of the negated values; thresholds are of the values.
    """
    whole = separation(hist, scale)
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


def describe(cut: Cut, sign: float = 1.0) -> dict[str, Any]:
    """A cut with its efficiency and rejection."""
    return {
        **asdict(cut),
        "threshold": sign * cut.threshold,
        "efficiency": asdict(cut.efficiency),
        "rejection": asdict(cut.rejection),
    }


def against_energy(bins: Sequence[Bin], scale: Scale, sign: float = 1.0) -> list[dict[str, Any]]:
    """The cut at FIXED_EFFICIENCY in each energy bin, its threshold set by that bin's signal.

    The rejection's interval is the binomial one of the background: it takes the threshold as
    given, although a finite signal sample chose it. Bins with fewer than MIN_SIGNAL signal
    events or without background have ``cut`` None.
    """
    thresholds = scale.thresholds()
    rows = []
    for one in bins:
        signal, background = one.counts[SIGNAL], one.counts[BACKGROUND]
        if not signal.squares.any() and not background.squares.any():
            continue
        positive = signal.values.sum() > 0 and background.values.sum() > 0
        enough = positive and signal.entries >= MIN_SIGNAL
        cut = Separation(thresholds, signal, background) if enough else None
        rows.append(
            {
                "energy_low": one.low,
                "energy_high": one.high,
                "signal": signal.values.sum().item(),
                "background": background.values.sum().item(),
                "cut": describe(cut.at_efficiency(FIXED_EFFICIENCY), sign) if cut else None,
            }
        )
    return rows
