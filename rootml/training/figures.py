"""The figures of a model on its test events, as a card records them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootml.card import Metric, Output
from rootml.spec import Array
from rootml.training.points import EFFICIENCIES, REJECTION, Judged, working_points
from rootml.validation.statistics.binomial import Estimate, clopper_pearson
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.regression import Residuals
from rootml.working_point import WorkingPoint


@dataclass(frozen=True)
class Measured:
    """Figures with 68.27 % intervals, and the working points of a classifier."""

    metrics: tuple[Metric, ...]
    points: tuple[WorkingPoint, ...] = ()


def classification(
    test: Judged,
    validation: Judged,
    *,
    output: str,
    against: str,
    classes: tuple[str, ...],
    how: str,
) -> Measured:
    """AUC, accuracy, rejection at fixed efficiency and the reverse, and the working points.

    Figures are those of the test events alone, at their own efficiency; working points were fixed
    on the ``validation`` events. ``against``: the column of the values; ``how``: the command.
    """
    separation = Separation.from_scores(test.signal, test.background)
    sample = test.described(classes)
    right = int(np.sum((test.scores > 0.5) == (test.labels == 1)))
    low, high = clopper_pearson(right, len(test.labels))
    accuracy = Estimate(right / len(test.labels), float(low), float(high))
    metrics = [
        _metric("auc", separation.auc(), sample, how),
        _metric("accuracy", accuracy, sample, how),
    ]
    for efficiency in EFFICIENCIES:
        found = separation.at_efficiency(efficiency).rejection
        metrics.append(_metric(f"rejection_eff{100 * efficiency:.0f}", found, sample, how))
    if len(test.background) >= REJECTION:
        kept = separation.efficiency_at_rejection(REJECTION)
        metrics.append(_metric(f"efficiency_rej{REJECTION}", kept, sample, how))
    points = working_points(validation, test, output=output, against=against, classes=classes)
    return Measured(tuple(metrics), points)


def regression(
    values: Mapping[str, Array],
    truth: Array,
    references: Mapping[str, Array],
    *,
    outputs: Sequence[Output],
    how: str,
) -> Measured:
    """Bias, widths and tails of the residuals, of the network and of the files' own estimates.

    ``values``: (n,) by output; ``truth``: (n,); ``references``: (n,) by column, NaN where a
    file has none. Residuals of energies are relative. What an uncertainty is worth is told by
    the pulls, residual over uncertainty.
    """
    output = outputs[0]
    unit, scale = ("", truth) if output.role == "energy" else (output.unit, np.ones(len(truth)))
    rows: list[tuple[str, Array, str, tuple[float, ...]]] = [
        (output.name, (values[output.name] - truth) / scale, unit, output.tails)
    ]
    rows += [
        (f"{output.name}_{column}", (estimates - truth) / scale, unit, output.tails)
        for column, estimates in references.items()
    ]
    rows += [
        (f"{output.name}_pull", (values[output.name] - truth) / values[other.name], "", ())
        for other in outputs
        if other.error_of == output.name
    ]
    metrics: list[Metric] = []
    for name, residuals, unit, bounds in rows:
        there = residuals[~np.isnan(residuals)]
        if len(there):
            metrics += _of_residuals(name, there, unit, bounds, how)
    return Measured(tuple(metrics))


def _of_residuals(
    name: str, residuals: Array, unit: str, bounds: tuple[float, ...], how: str
) -> Iterator[Metric]:
    sample = f"test split, {len(residuals)} values"
    summary = Residuals.from_values(residuals).summary(bounds)
    yield _metric(f"{name}_bias", summary.median, sample, how, unit)
    yield _metric(f"{name}_width", summary.width, sample, how, unit)
    yield _metric(f"{name}_rms", summary.rms, sample, how, unit)
    if summary.core is not None:
        yield _metric(f"{name}_core_mean", summary.core.mean, sample, how, unit)
        yield _metric(f"{name}_core_width", summary.core.width, sample, how, unit)
    for tail in summary.tails:
        yield _metric(f"{name}_beyond_{tail.bound:g}", tail.beyond, sample, how)


def _metric(name: str, estimate: Estimate, sample: str, how: str, unit: str = "") -> Metric:
    if math.isinf(estimate.value):
        return Metric(name=name, limit=_rounded(estimate.low), unit=unit, sample=sample, how=how)
    high = _rounded(estimate.high) if math.isfinite(estimate.high) else None
    return Metric(
        name=name,
        value=_rounded(estimate.value),
        interval=(_rounded(estimate.low), high),
        unit=unit,
        sample=sample,
        how=how,
    )


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
