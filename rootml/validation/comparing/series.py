"""The series of a plot: the reports it shows, each with a title and a look of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootml.validation.report import Report
from rootml.validation.study import Role, Sample
from rootml.validation.style import Look, look

_ANY = Sample("", "")

SHORT = 16
"""Characters of a title that fit beside a low panel."""


@dataclass(frozen=True, eq=False)
class Series:
    """A report in a plot.

    ``title``: what the legend calls it. ``sample``: what the report is in the comparison.
    ``caption``: what the plot says below its label, where all series have the same. ``paired``:
    ratios of its rejection to that of the first series, as of :class:`~rootml.validation.Pair`,
    where both are of the same events.
    """

    title: str
    report: Report
    look: Look
    sample: Sample = _ANY
    caption: str = ""
    paired: Mapping[str, Any] | None = None

    @property
    def role(self) -> Role:
        """What the sample is: data, simulation, that of the training, ..."""
        return self.sample.role


def alone(report: Report, sample: str = "") -> tuple[Series]:
    """The series of a plot of one report; ``sample``: which one, where there are several."""
    caption = ", ".join(filter(None, (report.title, sample)))
    return (Series(report.model["name"], report, look(0), caption=caption),)


def caption(series: Sequence[Series]) -> str:
    """What is common to all series."""
    captions = {one.caption for one in series}
    return captions.pop() if len(captions) == 1 else ""


def ratio_title(series: Sequence[Series]) -> str:
    """What a panel calls the ratio to the first series, in two short lines."""
    first = series[0].title
    return f"Ratio to\n{first if len(first) <= SHORT else 'the first'}"


def ratio_errors(paired: Mapping[str, object | None]) -> str:
    """What errors ratios to a first series have; ``paired``: those of the same events by title."""
    apart = [title for title, found in paired.items() if found is None]
    if len(apart) == len(paired):
        return "Ratio: independent errors"
    independent = f", independent: {', '.join(apart)}" if apart else ""
    return f"Ratio: paired errors (same events){independent}"


def status(series: Sequence[Series]) -> str:
    """The status of the samples where all have the same, such as "Simulation"; none with data."""
    if any(one.role == "data" for one in series):
        return ""
    statuses = {one.report.sample["status"] for one in series}
    return statuses.pop() if len(statuses) == 1 else ""
