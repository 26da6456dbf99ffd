"""The study: reports of networks on samples, and what is said of them together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

from rootml.spec import Array
from rootml.validation.report import Plot, Report, plain

SCHEMA = "rootml.validation.report"
SCHEMA_VERSION = 2

Role = Literal["sample", "data", "simulation", "variation", "train"]


@dataclass(frozen=True)
class Sample:
    """Files that were judged, and what they are in a comparison.

    ``name`` stands in paths, ``title`` on plots. ``of``: the sample that a variation belongs to.
    ``files``: what is known of each (path, tree, entries). ``weight`` and ``selection``: the
    expressions, empty where none; ``scale``: a factor on all weights.
    """

    name: str
    title: str
    role: Role = "sample"
    of: str = ""
    files: tuple[Mapping[str, Any], ...] = ()
    weight: str = ""
    selection: str = ""
    scale: float = 1.0


@dataclass(frozen=True)
class Note:
    """Something that went less than well, said on the page and in the log.

    ``about``: the file, sample, output or variable it concerns.
    """

    level: Literal["warning", "info"]
    text: str
    about: str = ""


@dataclass(frozen=True, eq=False)
class Event:
    """A single event or object to look at.

    ``facts``: label, outputs, variables, by the name they are shown with. ``images``: tensor name
    -> (H, W) or (channels, H, W); ``axes``: tensor name -> names of its axes, the unit of its
    values last. ``points``: name -> (n, 2) or (n, 3) coordinates, where a tensor is a list of
    points. ``kind``: why it was chosen ("worst mistake").
    """

    title: str
    facts: Mapping[str, Any]
    images: Mapping[str, Array] = field(default_factory=dict)
    axes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    points: Mapping[str, Array] = field(default_factory=dict)
    kind: str = ""


@dataclass(frozen=True)
class Gate:
    """A condition on figures that was asked for, and whether it failed.

    ``values``: what the expression's metrics were, those of the reference as ``ref...``.
    """

    expression: str
    failed: bool
    message: str
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pair:
    """Two networks that judged the same events: how many times more the first one rejects.

    ``reports``: their indices in the study. ``figures``: ``efficiencies``, rows of the signal
    efficiency ``target`` of both and the ``ratio`` of background rejections, with its interval and
    p-value; ``against``: by variable, rows of ``low``, ``high`` and the ``ratio`` in that bin.
    """

    output: str
    reports: tuple[int, int]
    figures: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Study:
    """Reports and what is said of them together.

    ``plots``: those over several reports, each with the indices of the ``reports`` it overlays.
    ``pairs``: reports of the same events, where that is sure.
    ``provenance``: versions, command and files behind the reports. Events are shown on the page
    alone, not in report.json.
    """

    title: str
    samples: tuple[Sample, ...]
    reports: tuple[Report, ...]
    notes: tuple[Note, ...] = ()
    events: tuple[Event, ...] = ()
    gates: tuple[Gate, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    plots: tuple[Plot, ...] = ()
    pairs: tuple[Pair, ...] = ()

    @classmethod
    def of(cls, *reports: Report, title: str = "") -> Self:
        """The study of reports alone; their samples are those that the reports name."""
        said = {str(report.sample["name"]): report.sample for report in reports}
        samples = (Sample(name, one["sample_title"], one["role"]) for name, one in said.items())
        models = dict.fromkeys(report.title for report in reports)
        return cls(title or ", ".join(models), tuple(samples), reports)

    def place(self, index: int) -> str:
        """The folder of a report's plots below the study's; empty where it is the only one.

        It is ``model/sample``; of networks that share a name, ``model-version/sample``.
        """
        if len(self.reports) == 1:
            return ""
        report = self.reports[index]
        name, version = report.model["name"], report.model["version"]
        versions = {other.model["version"] for other in self.reports if other.model["name"] == name}
        folder = name if len(versions) == 1 else f"{name}-{version}"
        return "/".join(filter(None, (folder, report.sample["name"])))

    @property
    def histograms(self) -> dict[str, Any]:
        """The histograms of all reports, by place and name."""
        return {
            "/".join(filter(None, (self.place(i), name))): hist
            for i, report in enumerate(self.reports)
            for name, hist in report.hists.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """All but histograms and events, as plain data that JSON can hold."""
        data = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "title": self.title,
            "samples": [asdict(sample) for sample in self.samples],
            "reports": [report.to_dict() for report in self.reports],
            "plots": [asdict(plot) for plot in self.plots],
            "pairs": [asdict(pair) for pair in self.pairs],
            "notes": [asdict(note) for note in self.notes],
            "gates": [asdict(gate) for gate in self.gates],
            "provenance": dict(self.provenance),
        }
        return {key: plain(value) for key, value in data.items()}

    def to_json(self) -> str:
        """The text of report.json."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
