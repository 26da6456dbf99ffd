"""A study at work: what it trained, measured and drew, and what it writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from matplotlib.figure import Figure

from energies.samples import Sample, sample
from energies.trainings import Trained, existing, trained
from rootml.training import Recipe
from rootml.validation import Style
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure

if TYPE_CHECKING:
    from energies.options import Options

PACKAGES = ("rootml", "torch", "lightning", "onnxruntime")
FORMATS = ("png", "pdf")


@dataclass
class Study:
    """One study: ``letter`` and ``name`` (of its folder), and what was found so far."""

    letter: str
    name: str
    title: str
    options: Options
    record: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"networks": {}, "samples": {}, "numbers": {}, "figures": {}}
    )
    started: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """Where the record and the figures go."""
        return self.options.output / self.name

    @property
    def style(self) -> Style:
        """What plots say of the events; of the user's own, nothing is known."""
        own = bool(self.options.files)
        return Style(experiment="ATLAS barrel", status="Internal" if own else "Simulation")

    def has(self, name: str) -> bool:
        """Whether there is a sample: of the user's files, only those that were given."""
        return not self.options.files or name in self.options.files

    def sample(self, name: str) -> Sample:
        """A sample, the user's own where there are files of it."""
        found = sample(self.options, name)
        self.record["samples"][name] = {
            "title": found.title,
            "files": [file.name for file in found.files],
            "electrons": found.entries,
        }
        return found

    def train(
        self, recipe: Recipe, on: Sample, title: str, extra: Mapping[str, Sample] | None = None
    ) -> Trained:
        """Train a network, unless that was done."""
        return self._noted(trained(self.options, recipe, on, title, extra))

    def model(self) -> Trained:
        """The network that was asked for, or the shipped one."""
        return self._noted(existing(self.options, self.options.model))

    def _noted(self, model: Trained) -> Trained:
        self.record["networks"][model.card.name] = model.facts()
        return model

    def note(self, **numbers: Any) -> None:
        """Record numbers."""
        self.record["numbers"].update(numbers)

    def draw(self, name: str, title: str, figure: Callable[[Style], Figure]) -> None:
        """Save what the function ``figure(style)`` draws."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with drawing(self.style):
            save_figure(figure(self.style), self.folder / name, FORMATS)
        self.record["figures"][name] = title

    def write(self) -> Path:
        """Write ``result.json`` and say where."""
        path = self.folder / "result.json"
        made: Mapping[str, Any] = {
            "study": self.letter,
            "name": self.name,
            "title": self.title,
            "command": self.options.command,
            "minutes": round((time.monotonic() - self.started) / 60, 1),
            "versions": {name: version(name) for name in PACKAGES},
            **self.record,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
        click.echo(str(path))
        return path
