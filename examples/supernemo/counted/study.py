"""A study at work: what it measured and drew, and what it writes."""

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

from counted.events import facts
from rootml.validation import Style
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure

if TYPE_CHECKING:
    from counted.options import Options
    from rootml.runtime.model import Model

PACKAGES = ("rootml", "numpy", "onnxruntime")
STYLE = Style(experiment="SuperNEMO tracker", status="Simulation")


@dataclass
class Study:
    """One study: ``letter`` and ``name`` (of its folder), and what was found so far."""

    letter: str
    name: str
    title: str
    options: Options
    record: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"networks": {}, "numbers": {}, "figures": {}}
    )
    started: float = field(default_factory=time.monotonic)

    @property
    def folder(self) -> Path:
        """Where the record and the figures go."""
        return self.options.output / self.name

    def network(self, model: Model, title: str = "") -> Model:
        """Tell of a network."""
        told = facts(model)
        self.record["networks"][title or told["name"]] = told
        return model

    def note(self, **numbers: Any) -> None:
        """Record numbers."""
        self.record["numbers"].update(numbers)

    def draw(self, name: str, title: str, figure: Callable[[Style], Figure]) -> None:
        """Save what the function ``figure(style)`` draws."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with drawing(STYLE):
            save_figure(figure(STYLE), self.folder / name, ("png", "pdf"))
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
