"""Which network of a sample rejects most, and how many times more than each other one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootml.validation.comparing.comparison import estimate, ratio
from rootml.validation.comparing.pairs import first_samples, over
from rootml.validation.figures.separation import FIXED_EFFICIENCY
from rootml.validation.report import Report
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.study import Study

RANKED = ("sample", "simulation")
"""Roles of the samples on which networks are ranked."""


@dataclass(frozen=True)
class Rival:
    """A network beside the best one, both at FIXED_EFFICIENCY.

    ``report``: its index in the study. ``ratio``: of the best one's rejection to its own, None of
    the best itself. ``p_value``: that of equal rejections, NaN where the two did not judge the same
    events. ``against``: by variable, such ratios in bins, rows of ``low``, ``high`` and ``ratio``.
    """

    report: int
    rejection: Estimate
    ratio: Estimate | None = None
    p_value: float = math.nan
    against: Mapping[str, Any] | None = None

    @property
    def paired(self) -> bool:
        """Whether its ratio is one of the same events."""
        return self.against is not None


def rankings(study: Study) -> Iterator[tuple[str, list[Rival]]]:
    """Each score that several networks have of the same events, and these by falling rejection."""
    first = first_samples(study)
    groups: dict[tuple[str, str], list[int]] = {}
    for index, report in enumerate(study.reports):
        if report.sample["role"] in RANKED:
            for name, output in report.figures["outputs"].items():
                rows = output.get("working_points") or ()
                if any(row["target"] == FIXED_EFFICIENCY for row in rows):
                    groups.setdefault((first[report.sample["name"]], name), []).append(index)
    for (_, output), indices in groups.items():
        if len(indices) > 1:
            yield output, _ranked(study, output, indices)


def in_bins(
    rivals: Sequence[Rival], variable: str
) -> Iterator[tuple[float, float, list[Mapping[str, Any] | None]]]:
    """Ends of each bin of a variable, and the ratio there of the best to each other network."""
    made = [
        {(row["low"], row["high"]): row["ratio"] for row in (one.against or {}).get(variable, ())}
        for one in rivals[1:]
    ]
    for low, high in sorted({bin_ for rows in made for bin_ in rows}):
        yield low, high, [rows.get((low, high)) for rows in made]


def _ranked(study: Study, output: str, indices: list[int]) -> list[Rival]:
    found = {i: rejection_of(study.reports[i], output) for i in indices}
    best, *others = sorted(found, key=lambda i: (found[i].value, found[i].low), reverse=True)
    rivals = (_rival(study, output, best, other, found) for other in others)
    return [Rival(best, found[best]), *rivals]


def _rival(
    study: Study, output: str, best: int, other: int, found: Mapping[int, Estimate]
) -> Rival:
    pair = over(study, best, other, output)
    if pair is None:
        return Rival(other, found[other], ratio(found[best], found[other]))
    made = at_fixed(pair)
    return Rival(other, found[other], estimate(made), made["p_value"], pair["against"])


def at_fixed(pair: Mapping[str, Any]) -> Mapping[str, Any]:
    """The ratio of a pair at FIXED_EFFICIENCY."""
    rows = {row["target"]: row["ratio"] for row in pair["efficiencies"]}
    found: Mapping[str, Any] = rows[FIXED_EFFICIENCY]
    return found


def rejection_of(report: Report, output: str) -> Estimate:
    """The rejection of a score at FIXED_EFFICIENCY."""
    rows = report.figures["outputs"][output]["working_points"]
    return estimate({row["target"]: row["rejection"] for row in rows}[FIXED_EFFICIENCY])
