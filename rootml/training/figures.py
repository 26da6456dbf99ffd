"""The figures of a network on its test events, as a card records them."""

from __future__ import annotations

import math

import numpy as np

from rootml.card import Metric, WorkingPoint
from rootml.spec import Array
from rootml.validation.classification import Estimate, Separation, clopper_pearson

EFFICIENCIES = (0.90, 0.95)
"""Signal efficiencies of the working points."""


def measure(
    scores: Array, labels: Array, *, output: str, classes: tuple[str, ...], how: str
) -> tuple[tuple[Metric, ...], tuple[WorkingPoint, ...]]:
    """AUC, accuracy and rejection with 68.27 % intervals, and the working points.

    ``scores``: (n,) probabilities; ``labels``: (n,), 1 = signal; ``how``: the command.
    """
    background, signal = classes
    separation = Separation.from_scores(scores[labels == 1], scores[labels == 0])
    counts = np.bincount(labels, minlength=2)
    sample = f"test split, {counts[1]} {signal} and {counts[0]} {background} events"
    right = int(np.sum((scores > 0.5) == (labels == 1)))
    low, high = clopper_pearson(right, len(labels))
    accuracy = Estimate(right / len(labels), float(low), float(high))
    metrics = [
        _metric("auc", separation.auc(), sample, how),
        _metric("accuracy", accuracy, sample, how),
    ]
    points = []
    for efficiency in EFFICIENCIES:
        name = f"eff{efficiency:.0%}".rstrip("%")
        cut = separation.at_efficiency(efficiency)
        points.append(cut.to_card(name, output, sample))
        if math.isfinite(cut.rejection.value):
            metrics.append(_metric(f"rejection_{name}", cut.rejection, sample, how))
    return tuple(metrics), tuple(points)


def _metric(name: str, estimate: Estimate, sample: str, how: str) -> Metric:
    high = _rounded(estimate.high) if math.isfinite(estimate.high) else None
    return Metric(
        name=name,
        value=_rounded(estimate.value),
        interval=(_rounded(estimate.low), high),
        sample=sample,
        how=how,
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
