"""The report: every number of a validation, and the histograms they come from."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rootml.errors import OutputError

SCHEMA = "rootml.validation.report"
SCHEMA_VERSION = 1
PLOT_SUFFIXES = frozenset({".png", ".pdf", ".svg"})


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

    def to_dict(self) -> dict[str, Any]:
        """All but the histograms, as plain data that JSON can hold."""
        data = {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "model": dict(self.model),
            "sample": dict(self.sample),
            "checks": [asdict(check) for check in self.checks],
            "figures": dict(self.figures),
            "plots": [asdict(plot) for plot in self.plots],
            "not_drawn": dict(self.not_drawn),
        }
        return {key: plain(value) for key, value in data.items()}

    def to_json(self) -> str:
        """The text of report.json."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"


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


def write_report(
    report: Report,
    folder: str | os.PathLike[str],
    *,
    formats: Sequence[str] = ("png", "pdf"),
    against: Report | None = None,
    titles: tuple[str, str] = ("sample", "reference"),
) -> list[Path]:
    """Write a report and its plots into a folder.

    Files: report.json, report.md, histograms.json (UHI), histograms.root, <plot>.<format>.

    ``against``: a second sample of the same outputs, whose scores are drawn beside with a ratio
    panel; ``titles`` names the two samples. Plots of an earlier report in the folder are
    removed, so that none of another sample stays beside the new ones. Returns the paths
    written. Raises OutputError where the folder cannot be written.
    """
    from rootml.validation.plots import draw_all
    from rootml.validation.store import write_json, write_root
    from rootml.validation.text import to_markdown

    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_earlier_plots(folder)
        texts = {"report.json": report.to_json(), "report.md": to_markdown(report)}
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        written = [
            *(folder / name for name in texts),
            write_json(report.hists, folder / "histograms.json"),
            write_root(report.hists, folder / "histograms.root"),
        ]
        return written + draw_all(report, folder, formats=formats, against=against, titles=titles)
    except OSError as error:
        raise OutputError(f"{folder}: the report cannot be written: {error}") from error


def _remove_earlier_plots(folder: Path) -> None:
    try:
        earlier = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return
    if not isinstance(earlier, dict) or earlier.get("schema") != SCHEMA:
        return
    names = {str(plot["name"]) for plot in earlier["plots"]}
    for path in folder.iterdir():
        if path.stem in names and path.suffix in PLOT_SUFFIXES:
            path.unlink()
