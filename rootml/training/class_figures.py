"""What counts and labels are worth on test events: accuracies, probabilities, sets of classes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rootml.card import Metric, Output
from rootml.coverage import Coverage
from rootml.errors import RootmlWarning
from rootml.spec import Array
from rootml.training.metrics import metric
from rootml.validation.statistics.binomial import Estimate, clopper_pearson
from rootml.validation.statistics.calibration import Reliability
from rootml.validation.statistics.conformal import LEAST_P, p_value
from rootml.validation.statistics.probabilities import Mean, brier, negative_log

if TYPE_CHECKING:
    from rootml.training.figures import Estimates


def of_classes(
    name: str, found: Estimates, outputs: Sequence[Output], how: str
) -> Iterator[Metric]:
    """Accuracies of the first output, figures of probabilities, coverage and size of sets.

    Accuracy, coverage and size are of all rows, and of those of each true class.
    """
    right = found.values[outputs[0].name] == found.truth
    yield from _shares(f"{name}_accuracy", found, right, how)
    truth = found.truth.astype(np.int64)
    for output in outputs[1:]:
        values = found.values[output.name]
        called = name.replace(outputs[0].name, output.name, 1)
        if output.role == "probabilities":
            yield from _of_probabilities(called, found, values, truth, how)
        elif output.coverage is not None:
            yield from _of_sets(called, found, values, output.coverage, how)


def _of_sets(
    name: str, found: Estimates, members: Array, promised: Coverage, how: str
) -> Iterator[Metric]:
    """Coverage and mean size, and how probable so little coverage is; a warning where hardly."""
    covered = members[np.arange(len(members)), found.truth.astype(np.int64)]
    yield from _shares(f"{name}_coverage", found, covered, how)
    for suffix, rows in _by_class(found.truth):
        size = Mean.of(members[rows].sum(axis=1)).estimate()
        yield metric(f"{name}_size{suffix}", size, found.described(int(rows.sum())), how)
    groups = [found.truth == k for k in range(members.shape[1])] if promised.by_class else [...]
    parts = [covered[group] for group in groups]
    least = min(
        p_value(promised.level, events, int(part.sum()), len(part))
        for events, part in zip(promised.events, parts, strict=True)
    )
    if least < LEAST_P / len(parts):
        warnings.warn(
            f"{name}: {covered.mean():.4%} of the test events are covered, which is too little for "
            f"{promised.level:g}{' of each class' * promised.by_class} (p = {least:.1g})",
            RootmlWarning,
            stacklevel=2,
        )
    yield Metric(
        name=f"{name}_coverage_p_value",
        value=float(f"{min(1.0, len(parts) * least):.3g}"),
        sample=found.described(len(members)),
        how=how,
    )


def _of_probabilities(
    name: str, found: Estimates, values: Array, truth: Array, how: str
) -> Iterator[Metric]:
    """Negative log likelihood, Brier score, and the calibration of the most probable class."""
    sample = found.described(len(truth))
    yield metric(f"{name}_nll", Mean.of(negative_log(values, truth)).estimate(), sample, how)
    yield metric(f"{name}_brier", Mean.of(brier(values, truth)).estimate(), sample, how)
    made = Reliability.from_scores(values.max(axis=1), values.argmax(axis=1) == truth)
    yield metric(f"{name}_ece", made.error(), sample, how)
    yield metric(f"{name}_ece_debiased", made.debiased(), sample, how)


def _shares(name: str, found: Estimates, good: Array, how: str) -> Iterator[Metric]:
    """Share of rows that are ``good``, with Clopper-Pearson intervals."""
    for suffix, rows in _by_class(found.truth):
        passed, total = int(good[rows].sum()), int(rows.sum())
        low, high = clopper_pearson(passed, total)
        share = Estimate(passed / total, float(low), float(high))
        yield metric(f"{name}{suffix}", share, found.described(total), how)


def _by_class(truth: Array) -> Iterator[tuple[str, Array]]:
    """All rows, then those of each true class, and what their figures are called after."""
    yield "", np.ones(len(truth), np.bool_)
    for value in np.unique(truth):
        yield f"_of_{value:g}", truth == value
