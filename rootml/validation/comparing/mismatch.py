"""Inputs of data against those of the simulation: a network knows only what was simulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.report import Report
from rootml.validation.statistics.agreement import USUAL_LIMITS, Agreement, Binned, Limits, compare
from rootml.validation.statistics.counts import Counts
from rootml.validation.study import Note, Sample, Study

_PREFIX = "domain_"


def with_simulation(study: Study, limits: Limits = USUAL_LIMITS) -> Study:
    """The study with inputs of each data report compared with those of all simulation together.

    The figures ``inputs_against_simulation`` hold an :class:`Agreement` for each input; inputs
    that differ by more than ``limits`` are noted.
    """
    samples = {sample.name: sample for sample in study.samples}
    notes: list[Note] = []
    reports = []
    for report in study.reports:
        simulated = [
            other
            for other in study.reports
            if other.model == report.model and _role(other) == "simulation"
        ]
        if _role(report) == "data" and simulated:
            report = _compared(report, simulated, samples, limits, notes)
        reports.append(report)
    return replace(study, reports=tuple(reports), notes=(*study.notes, *notes))


def _compared(
    data: Report,
    simulated: Sequence[Report],
    samples: dict[str, Sample],
    limits: Limits,
    notes: list[Note],
) -> Report:
    title = data.sample["sample_title"]
    figures: dict[str, Any] = {}
    for name in _inputs(data):
        try:
            found = _agreement(name, data, simulated, samples)
        except DataError as error:
            text = f"the input {name} is not compared with the simulation: {error}"
            notes.append(Note("warning", text, title))
            continue
        drifts = limits.drifted(found)
        figures[name] = {**asdict(found), "drifts": drifts}
        if drifts:
            p_value = found.ks_p_value if found.p_value is None else found.p_value
            text = (
                f"the input {name} of {data.model['name']} differs from the simulation: "
                f"Kolmogorov distance {found.ks:.2f} (p {p_value:.1g})"
            )
            notes.append(Note("warning", text, title))
    return replace(data, figures={**data.figures, "inputs_against_simulation": figures})


def _agreement(
    name: str, data: Report, simulated: Sequence[Report], samples: dict[str, Sample]
) -> Agreement:
    hist = data.hists[_PREFIX + name]
    edges = np.asarray(hist.axes[0].edges, np.float64)
    values, variances = np.zeros(len(edges) + 1), np.zeros(len(edges) + 1)
    for report in simulated:
        scale = samples[report.sample["name"]].scale
        other = report.hists.get(_PREFIX + name)
        if other is not None:
            counts = Counts.of(other, flow=True)
            values += scale * counts.values
            variances += scale**2 * counts.squares
    logarithmic = data.figures["domain"]["axes"][name]["log"] and edges[0] > 0
    places: Array = np.log(edges) if logarithmic else edges
    return compare(Binned.from_hist(hist), Binned(values, variances), places)


def _inputs(report: Report) -> Iterator[str]:
    axes = (report.figures.get("domain") or {}).get("axes", {})
    return (name for name, axis in axes.items() if axis and _PREFIX + name in report.hists)


def _role(report: Report) -> str:
    return str(report.sample.get("role", "sample"))
