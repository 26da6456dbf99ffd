"""The series of a plot: the reports it shows, each with a title and a look of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rootml.validation.report import Report
from rootml.validation.study import Role
from rootml.validation.style import Look, look


@dataclass(frozen=True, eq=False)
class Series:
    """A report in a plot.

    ``title``: what the legend calls it. ``caption``: what the plot says below its label, where
    all series have the same.
    """

    title: str
    report: Report
    look: Look
    role: Role = "sample"
    caption: str = ""


def alone(report: Report, sample: str = "") -> tuple[Series]:
    """The series of a plot of one report; ``sample``: which one, where there are several."""
    model = f"{report.model['name']} {report.model['version']}"
    caption = ", ".join(filter(None, (model, sample)))
    return (Series(report.model["name"], report, look(0), caption=caption),)


def caption(series: Sequence[Series]) -> str:
    """What is common to all series."""
    captions = {one.caption for one in series}
    return captions.pop() if len(captions) == 1 else ""


def status(series: Sequence[Series]) -> str:
    """The status of the samples where all have the same, such as "Simulation"."""
    statuses = {one.report.sample["status"] for one in series}
    return statuses.pop() if len(statuses) == 1 else ""
