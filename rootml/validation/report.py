"""The report: every number of a validation, and the histograms they come from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Check:
    """Something that should hold, and whether it does."""

    name: str
    passed: bool
    message: str


@dataclass(frozen=True)
class Plot:
    """A plot that can be drawn: its file's name, its family, and what it shows.

    ``subject`` is the name of an output or a tensor, or the number of a page of summaries.
    ``reports``: of a plot over several reports, their indices in the study.
    """

    name: str
    family: str
    subject: str
    reports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Report:
    """The validation of one network on one sample.

    ``model``: name, version and sha256 of the network. ``sample``: experiment, classes, the
    status ("Simulation" where there is truth), and which sample it is: ``name``, ``sample_title``
    and ``role`` of the study's. ``figures``: every number, as nested mappings;
    an interval without an upper end has None there. ``hists``: by name, without slashes.
    ``plots``: what can be drawn; ``not_drawn``: plot name -> why it cannot.
    """

    model: Mapping[str, str]
    sample: Mapping[str, Any]
    checks: tuple[Check, ...]
    figures: Mapping[str, Any]
    hists: Mapping[str, Any]
    plots: tuple[Plot, ...] = ()
    not_drawn: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The network's name and version."""
        return f"{self.model['name']} {self.model['version']}"

    def to_dict(self) -> dict[str, Any]:
        """All but the histograms, as plain data that JSON can hold."""
        data = {
            "model": dict(self.model),
            "sample": dict(self.sample),
            "checks": [asdict(check) for check in self.checks],
            "figures": dict(self.figures),
            "plots": [asdict(plot) for plot in self.plots],
            "not_drawn": dict(self.not_drawn),
        }
        return {key: plain(value) for key, value in data.items()}


def plain(value: Any) -> Any:
    """Plain JSON data; numbers that are not finite become None."""
    match value:
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case np.ndarray():
            return plain(value.tolist())
        case list() | tuple():
            return [plain(item) for item in value]
        case np.generic():
            return plain(value.item())
        case float() if not math.isfinite(value):
            return None
    return value
