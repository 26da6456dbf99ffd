"""Figures of one discriminant: from its histogram to ROC, rejection and working points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rootml.validation.classification import Separation
from rootml.validation.counts import Counts
from rootml.validation.cuts import Cut
from rootml.validation.scales import NO_ENERGY, Scale, energy_edges

EFFICIENCIES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Signal efficiencies of the working-point table."""

FIXED_EFFICIENCY = 0.9
"""Signal efficiency at which the rejection is given against energy."""

MIN_SIGNAL = 20
"""Energy bins with fewer signal events give no threshold."""

BACKGROUND, SIGNAL = 0, 1


def by_class(hist: Any) -> Counts:
    """Counts (class, score bin with both overflows), over all energies."""
    return Counts.of(hist, flow=True).each(lambda part: part.sum(axis=0))


def separation(hist: Any, scale: Scale) -> Separation:
    """Signal against background, over all energies."""
    counts = by_class(hist)
    return Separation(scale.thresholds(), counts[SIGNAL], counts[BACKGROUND])


def figures(hist: Any, scale: Scale, sign: float = 1.0) -> dict[str, Any]:
    """AUC, curve and working points, over all energies; both classes must be there.

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


def against_energy(hist: Any, scale: Scale, sign: float = 1.0) -> list[dict[str, Any]]:
    """The cut at FIXED_EFFICIENCY in each energy bin, its threshold set by that bin's signal.

    The rejection's interval is the binomial one of the background: it takes the threshold as
    given, although a finite signal sample chose it. Bins with fewer than MIN_SIGNAL signal
    events or without background have ``cut`` None.
    """
    keys: Sequence[int] = list(hist.axes["energy"])
    counts, thresholds = Counts.of(hist, flow=True), scale.thresholds()
    rows = []
    for i, key in sorted(enumerate(keys), key=lambda item: item[1]):
        table = counts[i]
        signal, background = (table.values[j].sum().item() for j in (SIGNAL, BACKGROUND))
        if key == NO_ENERGY or signal + background == 0:
            continue
        low, high = energy_edges(key)
        enough = signal >= MIN_SIGNAL and background > 0
        cut = Separation(thresholds, table[SIGNAL], table[BACKGROUND]) if enough else None
        rows.append(
            {
                "energy_low": low,
                "energy_high": high,
                "signal": signal,
                "background": background,
                "cut": describe(cut.at_efficiency(FIXED_EFFICIENCY), sign) if cut else None,
            }
        )
    return rows
