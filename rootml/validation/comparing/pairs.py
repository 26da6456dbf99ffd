"""Pairs of reports of the same events, looked up either way round."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rootml.validation.comparing.comparison import estimate
from rootml.validation.study import Study

Figures = Mapping[str, Any]


def over(study: Study, i: int, j: int, output: str) -> Figures | None:
    """Ratios of the rejection of the report ``i`` to that of ``j``; None of different events."""
    for pair in study.pairs:
        if pair.output == output and pair.reports == (i, j):
            return pair.figures
        if pair.output == output and pair.reports == (j, i):
            return _inverted(pair.figures)
    return None


def first_samples(study: Study) -> dict[str, str]:
    """Each sample's name -> that of the first sample with the same events, or its own."""
    names = [str(report.sample["name"]) for report in study.reports]
    found = {name: name for name in names}
    for pair in study.pairs:
        one, other = (names[i] for i in pair.reports)
        found[other] = found[one]
    return found


def _inverted(figures: Figures) -> Figures:
    """The same of the second report to the first."""

    def turned(rows: Sequence[Figures]) -> list[dict[str, Any]]:
        return [{**row, "ratio": _inverse(row["ratio"])} for row in rows]

    against = {name: turned(rows) for name, rows in figures["against"].items()}
    return {"efficiencies": turned(figures["efficiencies"]), "against": against}


def _inverse(made: Mapping[str, float | None]) -> dict[str, float | None]:
    ratio = estimate(made)
    ends = (ratio.value, ratio.high, ratio.low)
    value, low, high = (math.inf if one == 0 else 1 / one for one in ends)
    return {"value": value, "low": low, "high": high, "p_value": made["p_value"]}
