"""A study at work: comparisons that it recorded, figures that it drew, what it writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from matplotlib.figure import Figure

from common.claims import compared, weigh
from common.draw import against_efficiency, curves
from common.judged import Judged
from common.options import Options
from common.samples import Part, Sample, sample
from common.talk import claims
from common.trainings import Trained, find_recipe, trained
from common.words import interval, sentence
from rootml.validation import Style
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure

PACKAGES = ("rootml", "torch", "lightning", "scikit-learn")
FORMATS = ("png", "pdf")


@dataclass
class Study:
    """One study: ``letter`` and ``name`` (of its folder), and what was found so far."""

    letter: str
    name: str
    title: str
    options: Options
    record: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {"trainings": {}, "comparisons": {}, "figures": {}, "numbers": {}}
    )
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        for network in self.options.networks:  # before hours of simulation
            find_recipe(network, self.options.talk)

    @property
    def folder(self) -> Path:
        """Where the record and the figures go."""
        return self.options.output / self.name

    @property
    def status(self) -> str:
        """What plots say of the events; of the user's own, nothing is known."""
        return "Internal" if self.options.files else "Simulation"

    def sample(self, dataset: str, part: Part, *, own: bool = True) -> Sample:
        """A sample of the data set, the user's own where there is one and ``own`` allows it."""
        return sample(self.options, dataset, part, own=own)

    def train(self, network: str, on: Sample, **how: Any) -> Trained:
        """Train a network (see :func:`trained`), unless that was done."""
        model = trained(self.options, network, on, **how)
        self.record["trainings"][model.path.parent.name] = model.facts()
        return model

    def train_all(self, on: Sample, **how: Any) -> dict[str, Trained]:
        """Train all networks that were asked for."""
        return {network: self.train(network, on, **how) for network in self.options.networks}

    def compare(self, key: str, title: str, judged: Judged) -> None:
        """Record and draw what all classifiers do on a sample, and weigh the talk's claims."""
        weighed = [one for claim in claims(self.letter, key) for one in weigh(claim, judged)]
        self.record["comparisons"][key] = {"title": title, **judged.record(), "claims": weighed}
        self.draw(
            f"rejection_{key}",
            f"Proton rejection against electron efficiency, {title}",
            lambda style: against_efficiency(style, curves(judged), title),
        )

    def oppose(self, key: str, judged: Judged, pairs: Sequence[tuple[str, str]]) -> None:
        """Record how many times more the first of each pair rejects than the second."""
        self.record["comparisons"][key]["pairs"] = [
            {"one": one, "other": other, **compared(judged, one, other)} for one, other in pairs
        ]

    def draw(self, name: str, title: str, figure: Callable[[Style], Figure]) -> None:
        """Save what the function ``figure(style)`` draws."""
        self.folder.mkdir(parents=True, exist_ok=True)
        style = Style(experiment="AMS-02 ECAL", status=self.status)
        with drawing(style):
            save_figure(figure(style), self.folder / name, FORMATS)
        self.record["figures"][name] = title

    def note(self, **numbers: Any) -> None:
        """Record further numbers."""
        self.record["numbers"].update(numbers)

    def write(self) -> Path:
        """Write ``result.json`` and say what was found."""
        path = self.folder / "result.json"
        made: Mapping[str, Any] = {
            "study": self.letter,
            "name": self.name,
            "title": self.title,
            "command": self.options.command,
            "recipes": "talk" if self.options.talk else "rootml",
            "minutes": round((time.monotonic() - self.started) / 60, 1),
            "versions": {name: version(name) for name in PACKAGES},
            **self.record,
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
        click.echo("\n".join([*summary(made), str(path)]))
        return path


def summary(made: Mapping[str, Any]) -> Iterator[str]:
    """The tables of a record as lines of text."""
    for comparison in made["comparisons"].values():
        electrons, protons = comparison["electrons"], comparison["protons"]
        yield f"{comparison['title']}: {electrons:,} electrons, {protons:,} protons"
        yield from (
            f"  {row['title']:<32} rejection {interval(row['rejection'])}"
            for row in comparison["classifiers"]
        )
        yield from (f"  {sentence(one, comparison)}" for one in comparison["claims"])
