"""The figures of a model on its test events, as a card records them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootml.card import Metric, Output
from rootml.spec import Array
from rootml.training.class_figures import of_classes
from rootml.training.losses import Loss
from rootml.training.metrics import metric
from rootml.training.points import EFFICIENCIES, REJECTION, Judged, working_points
from rootml.validation.statistics.binomial import Estimate, clopper_pearson
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.paired import Paired, improvement
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
        metric("auc", separation.auc(), sample, how),
        metric("accuracy", accuracy, sample, how),
    ]
    for efficiency in EFFICIENCIES:
        found = separation.at_efficiency(efficiency).rejection
        metrics.append(metric(f"rejection_eff{100 * efficiency:.0f}", found, sample, how))
    if len(test.background) >= REJECTION:
        kept = separation.efficiency_at_rejection(REJECTION)
        metrics.append(metric(f"efficiency_rej{REJECTION}", kept, sample, how))
    points = working_points(validation, test, output=output, against=against, classes=classes)
    return Measured(tuple(metrics), points)


@dataclass(frozen=True, eq=False)
class Estimates:
    """What a network estimates of the test events of a ``sample``, "" where it has no name.

    ``truth``: (n,); ``values``: (n,) by output; ``references``: other estimates (n,) of the same,
    by name, NaN where a file has none.
    """

    sample: str
    truth: Array
    values: Mapping[str, Array]
    references: Mapping[str, Array]

    def described(self, count: int) -> str:
        """So many of the values, in words."""
        return ", ".join(filter(None, ("test split", self.sample, f"{count} values")))


def regression(
    found: Estimates, *, outputs: Sequence[Output], how: str, loss: object = None
) -> Iterator[Metric]:
    """Bias, widths and tails of the residuals, of the network and of the other estimates.

    Where a ``loss`` measures its estimates itself, that instead. Residuals of energies are
    relative. ``_reiqr75`` and ``_reiqr95`` of another estimate: by how much the network's
    interquantile ranges are smaller than its own. What an uncertainty is worth is told by the
    pulls, residual over uncertainty. Of what counts or sorts: the share that is right, of all and
    of each true class, and what its probabilities and sets are worth.
    """
    output, truth = outputs[0], found.truth
    name = "_".join(filter(None, (output.name, found.sample)))
    if isinstance(loss, Loss):
        values = [found.values[output.name] for output in outputs]
        if (figures := loss.measure(values, truth)) is not None:
            yield from _of_loss(name, found, figures, how)
            return
    if output.role in ("multiplicity", "label"):
        yield from of_classes(name, found, outputs, how)
        return
    unit, scale = ("", truth) if output.role == "energy" else (output.unit, np.ones(len(truth)))
    own = (found.values[output.name] - truth) / scale
    yield from _of_residuals(name, found, own, unit, output.tails, how)
    for column, estimates in found.references.items():
        other = (estimates - truth) / scale
        yield from _of_residuals(f"{name}_{column}", found, other, unit, output.tails, how)
        yield from _improvements(f"{name}_{column}", found, other, own, how)
    for error in outputs:
        if error.error_of == output.name:
            pulls = (found.values[output.name] - truth) / found.values[error.name]
            yield from _of_residuals(f"{name}_pull", found, pulls, "", (), how)


def _of_loss(
    name: str, found: Estimates, figures: Mapping[str, Estimate], how: str
) -> Iterator[Metric]:
    sample = ", ".join(filter(None, ("test split", found.sample, f"{len(found.truth)} rows")))
    for key, one in figures.items():
        yield metric(f"{name}_{key}", one, sample, how)


def _improvements(
    name: str, found: Estimates, before: Array, after: Array, how: str
) -> Iterator[Metric]:
    """By how much interquantile ranges of the same events are smaller ``after``."""
    both = ~np.isnan(before) & ~np.isnan(after)
    if not both.any():
        return
    pairs = Paired.from_values(before[both], after[both])
    widths = [Residuals.from_values(one[both]).eiqr() for one in (before, after)]
    for figure, old, new in zip(("reiqr75", "reiqr95"), *widths, strict=True):
        if old.value > 0:
            less = improvement(old, new, pairs.correlation())
            yield metric(f"{name}_{figure}", less, found.described(int(both.sum())), how)


def _of_residuals(
    name: str,
    found: Estimates,
    residuals: Array,
    unit: str,
    bounds: tuple[float, ...],
    how: str,
) -> Iterator[Metric]:
    residuals = residuals[~np.isnan(residuals)]
    if not len(residuals):
        return
    sample = found.described(len(residuals))
    summary = Residuals.from_values(residuals).summary(bounds)
    yield metric(f"{name}_bias", summary.median, sample, how, unit)
    yield metric(f"{name}_width", summary.width, sample, how, unit)
    yield metric(f"{name}_eiqr75", summary.eiqr75, sample, how, unit)
    yield metric(f"{name}_eiqr95", summary.eiqr95, sample, how, unit)
    yield metric(f"{name}_rms", summary.rms, sample, how, unit)
    if summary.core is not None:
        yield metric(f"{name}_core_mean", summary.core.mean, sample, how, unit)
        yield metric(f"{name}_core_width", summary.core.width, sample, how, unit)
    for tail in summary.tails:
        yield metric(f"{name}_beyond_{tail.bound:g}", tail.beyond, sample, how)
