"""Networks and samples beside each other: overtraining, and ratios of what they reach.

Errors of two reports are combined as those of independent samples. Where two networks judged
the same events they are not, and differences are less uncertain than said here: the covariance
cannot be had from separate counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy.special import ndtr

from rootml.errors import DataError
from rootml.validation.agreement import Agreement, compare_hists
from rootml.validation.binomial import Estimate
from rootml.validation.histograms import UNLABELLED, by_class
from rootml.validation.report import Report


@dataclass(frozen=True)
class Difference:
    """A figure less another one of an independent sample, and how likely by chance so large."""

    value: float
    low: float
    high: float
    p_value: float | None


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
            hists = by_class(train, name), by_class(test, name)
            found[name] = Overtraining(
                _estimate(one["auc"]),
                _estimate(other["auc"]),
                difference(_estimate(one["auc"]), _estimate(other["auc"])),
                {
                    label: compare_hists(hist, hists[1][label])
                    for label, hist in hists[0].items()
                    if label != UNLABELLED and label in hists[1]
                },
            )
    return found


def compared(reports: Sequence[Report], titles: Sequence[str], output: str) -> Iterator[Compared]:
    """Each report's ``output`` beside that of the first report; none without both classes."""
    made = [report.figures["outputs"].get(output, {}) for report in reports]
    if not made or "auc" not in made[0]:
        return
    first, points = _estimate(made[0]["auc"]), _rejections(made[0])
    for title, one in zip(titles, made, strict=True):
        if "auc" not in one:
            continue
        area, here = _estimate(one["auc"]), _rejections(one)
        ratios = {at: ratio(here[at], points[at]) for at in here.keys() & points.keys()}
        yield Compared(title, area, difference(area, first), here, dict(sorted(ratios.items())))


def difference(a: Estimate, b: Estimate) -> Difference:
    """``a`` less ``b``, errors in quadrature; the p-value is two-sided, of a Gaussian."""
    value = a.value - b.value
    down = math.hypot(a.value - a.low, b.high - b.value)
    up = math.hypot(a.high - a.value, b.value - b.low)
    error = down if value > 0 else up
    p_value = 2 * float(ndtr(-abs(value) / error)) if error > 0 else None
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


def described(found: Mapping[str, Overtraining]) -> dict[str, Any]:
    """Overtraining as plain data."""
    return {name: asdict(one) for name, one in found.items()}


def _estimate(made: Mapping[str, float]) -> Estimate:
    return Estimate(made["value"], made["low"], made["high"])


def _rejections(made: Mapping[str, Any]) -> dict[float, Estimate]:
    return {row["target"]: _estimate(row["rejection"]) for row in made["working_points"]}
