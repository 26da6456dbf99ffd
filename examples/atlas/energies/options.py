"""The options that all studies have."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from energies.samples import SAMPLES
from rootml.errors import InputError, nearest

SETTINGS = ("channels=8", "learning_rate=2e-3", "average=0.999")
"""A choice: small networks that learn fast, for a laptop; the recipes' own are larger."""
FOLDER = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Options:
    """What the user asked for; the fields are the options of the command line."""

    events: int
    test_events: int
    files: Mapping[str, tuple[Path, ...]]
    networks: tuple[str, ...]
    model: str
    settings: Mapping[str, Any]
    epochs: int
    batch_size: int
    precision: str
    max_time: float | None
    output: Path

    @property
    def command(self) -> str:
        """What was typed, with folders reduced to names."""
        words = [re.sub(r"[^=]*/", "", word) for word in sys.argv]
        return shlex.join(["python", f"examples/atlas/{words[0]}", *words[1:]])


def command(study: Callable[[Options], None], model: str = "film_atlas") -> click.Command:
    """The command line of a study; ``model``: what it looks at unless told otherwise."""
    declared: list[click.Parameter] = [
        _count("--events", 60_000, "Electrons of each sample to train on; 15 % more validate."),
        _count("--test-events", 200_000, "Electrons of each sample to test on."),
        click.Option(
            ["--files"],
            multiple=True,
            metavar="SAMPLE=FILE",
            callback=_own_files,
            help=f"Your own files, in any layout; samples: {', '.join(SAMPLES)}. Nothing is "
            "simulated then. Repeatable.",
        ),
        click.Option(
            ["--networks", "-m"],
            multiple=True,
            help="Recipes of (a), such as energy_atlas_top_track.  [default: all]  Repeatable.",
        ),
        click.Option(
            ["--model"],
            default=model,
            show_default=True,
            help="The network of (b), (c) and (e): a name, or a card.",
        ),
        click.Option(
            ["--set", "settings"],
            multiple=True,
            metavar="NAME=VALUE",
            default=SETTINGS,
            show_default=True,
            callback=_settings,
            help="Options and parameters of the learner, as those of `rootml train`. Repeatable.",
        ),
        _count("--epochs", 6, "Of each training.", least=1),
        _count("--batch-size", 256, "Of each training."),
        click.Option(
            ["--precision"],
            type=click.Choice(["auto", "32", "bf16"]),
            default="bf16",
            show_default=True,
        ),
        click.Option(
            ["--max-time"], type=click.FloatRange(min=0), help="Minutes a training at most."
        ),
        click.Option(
            ["--output", "-o"],
            type=FOLDER,
            default=Path("runs/atlas"),
            show_default=True,
            help="Samples, trainings and results; all studies may share it.",
        ),
    ]
    assert {option.name for option in declared} == {field.name for field in fields(Options)}

    def start(**given: Any) -> None:
        study(Options(**given))

    return click.Command(
        None, callback=start, params=declared, help=sys.modules[study.__module__].__doc__
    )


def _count(name: str, default: int, text: str, least: int = 2) -> click.Option:
    number = click.IntRange(min=least)
    return click.Option([name], type=number, default=default, show_default=True, help=text)


def _settings(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """Values by name."""
    for word in given:
        if "=" not in word:
            raise InputError(f"--set {word}: expected NAME=VALUE")
    return {name: _value(text) for name, _, text in (word.partition("=") for word in given)}


def _value(text: str) -> Any:
    """A number or a truth value, else the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _own_files(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> dict[str, tuple[Path, ...]]:
    """Files by sample."""
    found: dict[str, tuple[Path, ...]] = {}
    for word in given:
        name, _, file = word.partition("=")
        if name not in SAMPLES or not file:
            raise InputError(
                f"--files {word}: expected SAMPLE=FILE{nearest(name, SAMPLES)} "
                f"(samples: {', '.join(SAMPLES)})"
            )
        if not Path(file).is_file():
            raise InputError(f"--files {word}: there is no such file")
        found[name] = (*found.get(name, ()), Path(file))
    return found
