"""Who estimates the truth of an output: networks, and the reconstruction of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootml.validation.comparing.series import Series
from rootml.validation.report import Report
from rootml.validation.style import Look, look


@dataclass(frozen=True, eq=False)
class Estimator:
    """One estimate of the truth: figures ``made`` of its residuals ``name`` in a report."""

    title: str
    name: str
    made: Mapping[str, Any]
    report: Report
    look: Look

    @property
    def hist(self) -> Any:
        """The histogram of its residuals."""
        return self.report.hists[self.name]


def residual(series: Sequence[Series], output: str) -> Mapping[str, Any]:
    """The figures of the residuals of an output, of the first series."""
    made: Mapping[str, Any] = series[0].report.figures["outputs"][output]["residual"]
    return made


def estimators(series: Sequence[Series], output: str) -> list[Estimator]:
    """The file's own estimates, where all series are of one sample, and those of each network."""
    own = f"residual_{output}"
    same_sample = len({one.report.sample.get("name") for one in series}) == 1
    found = []
    for i, one in enumerate(series):
        for made in residual((one,), output)["estimators"]:
            network = made["name"] == own
            if network or (i == 0 and same_sample):
                title = one.title if network and len(series) > 1 else made["title"]
                found.append((title, made["name"], made, one.report))
    return [Estimator(*parts, look(i)) for i, parts in enumerate(found)]
