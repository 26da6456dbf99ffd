"""Permutation importance: how much worse a network becomes when one of its inputs says nothing.

The network runs again on the same events, with one part of its input exchanged between them
(L. Breiman, Machine Learning 45 (2001) 5, sec. 10). Where inputs are correlated, another one may
tell what is lost, and each of them seems to matter little; and exchanged inputs make events that
never occur.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.card import ModelCard, Output
from rootml.spec import Array
from rootml.validation.events.judged import Judged
from rootml.validation.figures.draft import Unavailable
from rootml.validation.figures.separation import BACKGROUND, SIGNAL
from rootml.validation.importance.parts import InputPart, parts
from rootml.validation.report import Plot, Report
from rootml.validation.statistics.binomial import LEVEL
from rootml.validation.statistics.classification import Separation

if TYPE_CHECKING:
    from rootml.runtime.model import Model

REPEATS = 5
"""How often each part is permuted."""

MIN_EVENTS = 50
"""Events of each class, or with a true value, below which nothing is said."""

_SEED = 45


@dataclass(frozen=True)
class PartImportance:
    """How much worse the network is without a part of its input.

    ``loss``: mean over repeats; ``spread``: their standard deviation; ``losses``: each of them.
    """

    name: str
    unit: str
    loss: float
    spread: float
    losses: tuple[float, ...]


@dataclass(frozen=True)
class Importance:
    """What each part of the input is worth to one output, the worthiest first.

    ``metric`` ("drop of the AUC") is the unit of each loss, ``before`` what it was with all
    inputs.
    """

    metric: str
    before: float
    events: int
    repeats: int
    inputs: tuple[PartImportance, ...]


@dataclass(frozen=True)
class Measure:
    """How well an output does; ``sign`` is 1 where larger numbers are better, else -1."""

    metric: str
    of: Callable[[Array], float]
    sign: int = 1


def permutation_importance(
    model: Model,
    events: Judged,
    *,
    repeats: int = REPEATS,
    seed: int = _SEED,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Importance], dict[str, str]]:
    """Importance of each part of the input by output name, and why other outputs have none.

    A score loses in AUC, a label in accuracy, an estimate in width (half of the central 68.27 %
    of its residuals). ``progress(done, total)`` counts runs of the network on all events.
    """
    measures, reasons = _measures(model.card, events)
    if not measures:
        return {}, reasons
    inputs, rng = parts(model.view.tensors), np.random.default_rng(seed)
    said = events.judge(model, events.tensors)
    before = {name: measure.of(said[name]) for name, measure in measures.items()}
    losses: dict[str, list[tuple[float, ...]]] = {name: [] for name in measures}
    for i, part in enumerate(inputs):
        runs = []
        for repeat in range(repeats):
            runs.append(events.judge(model, part.permuted(events.tensors, rng)))
            if progress is not None:
                progress(i * repeats + repeat + 1, len(inputs) * repeats)
        for name, measure in measures.items():
            after = [measure.of(said[name]) for said in runs]
            losses[name].append(tuple(measure.sign * (before[name] - one) for one in after))
    rows = len(events.label)
    return {
        name: Importance(measure.metric, before[name], rows, repeats, _ranked(inputs, losses[name]))
        for name, measure in measures.items()
    }, reasons


def with_importance(
    report: Report, made: Mapping[str, Importance], reasons: Mapping[str, str]
) -> Report:
    """The report with these figures, and a plot of each."""
    plots = (Plot(f"{name}_importance", "importance", name) for name in made)
    missing = {f"{name}_importance": reason for name, reason in reasons.items()}
    return replace(
        report,
        figures={
            **report.figures,
            "importance": {name: asdict(one) for name, one in made.items()},
        },
        plots=(*report.plots, *plots),
        not_drawn={**report.not_drawn, **missing},
    )


def _ranked(
    inputs: Sequence[InputPart], losses: Sequence[Sequence[float]]
) -> tuple[PartImportance, ...]:
    made = [
        PartImportance(
            part.name,
            part.unit,
            float(np.mean(lost)),
            float(np.std(lost, ddof=1)) if len(lost) > 1 else 0.0,
            tuple(lost),
        )
        for part, lost in zip(inputs, losses, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: -one.loss))


def _measures(card: ModelCard, events: Judged) -> tuple[dict[str, Measure], dict[str, str]]:
    made: dict[str, Measure] = {}
    reasons: dict[str, str] = {}
    for output in card.outputs:
        if output.role == "uncertainty":
            continue
        try:
            made[output.name] = _measure(output, events)
        except Unavailable as reason:
            reasons[output.name] = str(reason)
    return made, reasons


def _measure(output: Output, events: Judged) -> Measure:
    truth = events.truth.get(output.name)
    if output.role == "score" and not output.shape:
        return _auc(events)
    if output.role == "probabilities" and len(output.shape) == 1:
        if truth is None:
            truth = np.where(events.label < events.classes, events.label, np.nan)
        known = np.isin(truth, np.arange(output.shape[0]))
        return _accuracy(events, known, truth, lambda said: said.argmax(axis=1))
    if output.shape:
        raise Unavailable(f"{output.name} has several numbers per event")
    if output.role in ("multiplicity", "label"):
        if truth is None:
            truth = np.where(events.label < events.classes, events.label, np.nan)
        return _accuracy(events, np.isfinite(truth), truth, lambda said: said)
    if output.role == "cluster":
        raise Unavailable(f"{output.name} has no figure of single objects")
    if truth is None:
        raise Unavailable(f"the sample has no true value of {output.name}")
    return _width(events, truth, output)


def _auc(events: Judged) -> Measure:
    signal, background = (np.flatnonzero(events.label == i) for i in (SIGNAL, BACKGROUND))
    s, b = _weights(events, signal), _weights(events, background)

    def auc(said: Array) -> float:
        return Separation.from_scores(said[signal], said[background], s, b).auc().value

    return Measure("drop of the AUC", auc)


def _accuracy(
    events: Judged, known: Array, truth: Array, label: Callable[[Array], Array]
) -> Measure:
    rows = np.flatnonzero(known)
    weights = _weights(events, rows)

    def accuracy(said: Array) -> float:
        return float(np.average(label(said)[rows] == truth[rows], weights=weights))

    return Measure("drop of the accuracy", accuracy)


def _width(events: Judged, truth: Array, output: Output) -> Measure:
    relative = output.role == "energy"
    rows = np.flatnonzero(np.isfinite(truth) & ((truth > 0) | (not relative)))
    weights = _weights(events, rows)
    scale = truth[rows] if relative else 1.0
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    method: Any = "linear" if weights is None else "inverted_cdf"

    def width(said: Array) -> float:
        residuals = (said[rows] - truth[rows]) / scale
        low, high = np.quantile(residuals, ends, weights=weights, method=method)
        return float(high - low) / 2

    unit = "" if relative or not output.unit else f" [{output.unit}]"
    about = "relative width" if relative else "width"
    return Measure(f"growth of the {about} of the residuals{unit}", width, -1)


def _weights(events: Judged, rows: Array) -> Array | None:
    """The weights of these events; Unavailable where they are too few or do not count."""
    if len(rows) < MIN_EVENTS:
        raise Unavailable(
            f"{len(rows)} judged events with the truth it needs, fewer than {MIN_EVENTS}"
        )
    if events.weight is None:
        return None
    weights: Array = events.weight[rows]
    if weights.min() < 0 or not weights.any():
        raise Unavailable("weights that are negative or all zero")
    return weights
