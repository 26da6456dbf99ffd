"""Networks and samples beside each other: overtraining, and ratios of what they reach.

Errors of two reports are combined as those of independent samples: the covariance of networks
that judged the same events cannot be had from separate counts. Their ratios of rejections are
those of :mod:`~rootml.validation.comparing.pairing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from scipy.special import ndtr

from rootml.errors import DataError
from rootml.validation.figures.histograms import UNLABELLED, by_class
from rootml.validation.report import Report
from rootml.validation.statistics.agreement import Agreement, compare_hists
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.study import Note, Study

SIGNIFICANT = 0.0027
"""Two-sided probability beyond three standard deviations."""


@dataclass(frozen=True)
class Difference:
    """A figure less another one of an independent sample, and how likely by chance so large."""

    value: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Overtraining:
    """How much better a network is on the events that trained it than on others.

    ``shapes``: by class, how the scores of both samples agree (Kolmogorov distance and p-value,
    and more). ``auc``: that of the training less that of the test.
    """

    train: Estimate
    test: Estimate
    auc: Difference
    shapes: Mapping[str, Agreement]


@dataclass(frozen=True)
class Compared:
    """A report's discriminant beside that of the first: differences of AUC, ratios of rejection.

    ``rejection``: by signal efficiency.
    """

    title: str
    auc: Estimate
    auc_difference: Difference
    rejection: Mapping[float, Estimate]
    rejection_ratio: Mapping[float, Estimate]


def overtraining(train: Report, test: Report) -> dict[str, Overtraining]:
    """Each score on its training sample against a test sample, by the name of the output.

    Scores without both classes in either sample are left out. Raises DataError for reports of
    different networks.
    """
    if train.model["sha256"] != test.model["sha256"]:
        raise DataError(
            f"{train.model['name']} and {test.model['name']} are different networks: "
            "overtraining compares one network on two samples"
        )
    found = {}
    for name, one in train.figures["outputs"].items():
        other = test.figures["outputs"].get(name, {})
        if "auc" in one and "auc" in other:
            ours, theirs = by_class(train, name), by_class(test, name)
            areas = estimate(one["auc"]), estimate(other["auc"])
            shapes = {
                label: compare_hists(ours[label], theirs[label])
                for label in ours.keys() & theirs.keys() - {UNLABELLED}
                if all(hist[label].values(flow=True).sum() > 0 for hist in (ours, theirs))
            }
            found[name] = Overtraining(*areas, difference(*areas), dict(sorted(shapes.items())))
    return found


def with_overtraining(study: Study) -> Study:
    """The study with the overtraining of each report whose network is also judged on its training.

    It is in ``figures["outputs"][output]["overtraining"]``; a note warns where the training's
    AUC is larger by more than chance makes likely.
    """
    trained = {r.model["sha256"]: r for r in study.reports if r.sample["role"] == "train"}
    reports, notes = [], list(study.notes)
    for report in study.reports:
        train = trained.get(report.model["sha256"], report)
        found = {} if train is report else overtraining(train, report)
        notes += [] if train is report else _unjudged(train, report)
        outputs = dict(report.figures["outputs"])
        for name, one in found.items():
            outputs[name] = {**outputs[name], "overtraining": asdict(one)}
            if one.auc.value > 0 and one.auc.p_value < SIGNIFICANT:
                text = _overtrained(outputs[name]["branch"], one.auc)
                notes.append(Note("warning", text, report.sample["sample_title"]))
        reports.append(replace(report, figures={**report.figures, "outputs": outputs}))
    return replace(study, reports=tuple(reports), notes=tuple(notes))


def _unjudged(train: Report, test: Report) -> Iterator[Note]:
    """Which scores have both classes in one of the samples alone."""
    for name, one in test.figures["outputs"].items():
        lacking = train if "auc" in one else test
        if ("auc" in one) != ("auc" in train.figures["outputs"].get(name, {})):
            why = lacking.not_drawn.get(f"{name}_roc", "it has no such output")
            text = f"{one['branch']}: no overtraining can be seen without an AUC: {why}"
            yield Note("warning", text, lacking.sample["sample_title"])


def _overtrained(branch: str, found: Difference) -> str:
    error = (found.high - found.low) / 2
    return (
        f"{branch}: the AUC of the training is larger by {found.value:.2g} ± {error:.1g} "
        f"(p = {found.p_value:.1g}): it is no measure of other events"
    )


def compared(
    reports: Sequence[Report],
    titles: Sequence[str],
    output: str,
    pairs: Sequence[Mapping[str, Any] | None] = (),
) -> Iterator[Compared]:
    """Each report's ``output`` beside that of the first report; none without both classes.

    ``pairs``: figures of each report and the first as a pair of the same events (of
    :class:`~rootml.validation.Pair`), None where they are not; none: all are independent.
    """
    made = [report.figures["outputs"].get(output, {}) for report in reports]
    if not made or "auc" not in made[0]:
        return
    first, points = estimate(made[0]["auc"]), _rejections(made[0])
    for title, one, pair in zip(titles, made, pairs or [None] * len(made), strict=True):
        if "auc" not in one:
            continue
        area, here = estimate(one["auc"]), _rejections(one)
        ratios = {at: ratio(here[at], points[at]) for at in here.keys() & points.keys()}
        if pair is not None:
            rows = {row["target"]: estimate(row["ratio"]) for row in pair["efficiencies"]}
            ratios = {at: rows[at] for at in ratios}
        yield Compared(title, area, difference(area, first), here, dict(sorted(ratios.items())))


def difference(a: Estimate, b: Estimate) -> Difference:
    """``a`` less ``b``, errors in quadrature; the p-value is two-sided, of a Gaussian."""
    value = a.value - b.value
    down = math.hypot(a.value - a.low, b.high - b.value)
    up = math.hypot(a.high - a.value, b.value - b.low)
    error = down if value > 0 else up
    p_value = 2 * float(ndtr(-abs(value) / error)) if error > 0 else float(value == 0)
    return Difference(value, value - down, value + up, p_value)


def ratio(a: Estimate, b: Estimate) -> Estimate:
    """``a`` over ``b`` of two positive figures; relative errors in quadrature, as logarithms.

    A limit over a value is a limit; NaN where the second is a limit, or not positive.
    """
    if not (0 < b.value < math.inf and a.low > 0):
        return Estimate(math.nan, math.nan, math.nan)
    if not math.isfinite(a.value):
        return Estimate(math.inf, a.low / b.high, math.inf)
    value = a.value / b.value
    below = b.low if b.low > 0 else math.nan
    down = math.hypot(math.log(a.value / a.low), math.log(b.high / b.value))
    up = math.hypot(math.log(a.high / a.value), math.log(b.value / below))
    return Estimate(value, value * math.exp(-down), value * math.exp(up))


def estimate(made: Mapping[str, float | None]) -> Estimate:
    """An estimate of a report; where that was read, JSON had no infinity and no NaN."""
    value, low, high = (made[key] for key in ("value", "low", "high"))
    if low is None:
        return Estimate(math.nan, math.nan, math.nan)
    unbounded = math.inf if high is None else high
    return Estimate(unbounded if value is None else value, low, unbounded)


def _rejections(made: Mapping[str, Any]) -> dict[float, Estimate]:
    return {row["target"]: estimate(row["rejection"]) for row in made["working_points"]}
