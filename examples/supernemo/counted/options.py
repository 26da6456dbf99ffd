"""The options that all studies have."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import click

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
MODEL = "ntracks_supernemo"


@dataclass(frozen=True)
class Options:
    """What the user asked for; the fields are the options of the command line."""

    model: str
    test_events: int
    seed: int
    events: int
    epochs: int
    networks: tuple[str, ...]
    file: Path | None
    output: Path

    @property
    def command(self) -> str:
        """What was typed, with folders reduced to names."""
        words = [re.sub(r"[^=]*/", "", word) for word in sys.argv]
        return shlex.join(["python", f"examples/supernemo/{words[0]}", *words[1:]])


def command(study: Callable[[Options], None], test_events: int = 20_000) -> click.Command:
    """The command line of a study; ``test_events``: how many it judges unless told otherwise."""
    declared: list[click.Parameter] = [
        click.Option(
            ["--model"],
            default=MODEL,
            show_default=True,
            help="The network that counts: a name, or a card.",
        ),
        _number("--test-events", test_events, "Simulated events to test on.", least=20),
        _number("--seed", 9041, "Of the events to test on.", least=0),
        _number("--events", 12_500, "Of (b): to learn from, a fifth of them validates.", least=50),
        _number("--epochs", 8, "Of (b): of each training.", least=1),
        click.Option(
            ["--networks", "-m"],
            multiple=True,
            help="Of (b): recipes, such as ntracks_supernemo_top.  [default: all]  Repeatable.",
        ),
        click.Option(["--file"], type=FILE, help="Of (h): a file of the adapter's layouts."),
        click.Option(
            ["--output", "-o"],
            type=FOLDER,
            default=Path("runs/supernemo"),
            show_default=True,
            help="Trainings and results; all studies may share it.",
        ),
    ]
    assert {option.name for option in declared} == {field.name for field in fields(Options)}
    text = sys.modules[study.__module__].__doc__
    return click.Command(None, callback=_started(study), params=declared, help=text)


def _started(study: Callable[[Options], None]) -> Callable[..., None]:
    def start(**given: object) -> None:
        study(Options(**given))  # type: ignore[arg-type]

    return start


def _number(name: str, default: int, text: str, least: int) -> click.Option:
    number = click.IntRange(min=least)
    return click.Option([name], type=number, default=default, show_default=True, help=text)
