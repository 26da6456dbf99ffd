"""The options that all studies have."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Options:
    """What the user asked for; the fields are the options of the command line."""

    scale: float
    flight_scale: float | None
    networks: tuple[str, ...]
    talk: bool
    files: tuple[Path, ...]
    test_files: tuple[Path, ...]
    data: Path | None
    test_events: int | None
    epochs: int | None
    epoch_events: int | None
    max_time: float | None
    precision: str | None
    device: str | None
    output: Path

    @property
    def command(self) -> str:
        """What was typed, with folders reduced to names."""
        words = [Path(word).name if "/" in word else word for word in sys.argv]
        return shlex.join(["python", f"examples/ams/{words[0]}", *words[1:]])


def command(
    study: Callable[[Options], None], networks: tuple[str, ...], scale: float
) -> click.Command:
    """The command line of a study with its default ``networks`` and ``scale``."""
    declared: list[click.Parameter] = [
        click.Option(
            ["--scale"],
            type=click.FloatRange(min=0, min_open=True),
            default=scale,
            show_default=True,
            help="Events to simulate, as a share of the talk's.",
        ),
        click.Option(
            ["--flight-scale"],
            type=click.FloatRange(min=0, min_open=True),
            help="The same of flight data, of which the talk has little.  [default: 10 x SCALE]",
        ),
        click.Option(
            ["--networks", "-m"],
            multiple=True,
            default=networks,
            show_default=True,
            help="A network of the talk, or any recipe of `rootml train`; repeatable.",
        ),
        click.Option(
            ["--talk"], is_flag=True, help="Train by the talk's recipe, not by rootml's own."
        ),
        click.Option(
            ["--files"],
            multiple=True,
            type=FILES,
            help="Your own files with truth, in any layout, to train on; repeatable.",
        ),
        click.Option(
            ["--test-files"], multiple=True, type=FILES, help="Other files of yours, to test on."
        ),
        click.Option(
            ["--data"],
            type=FOLDER,
            help="Folder of DATASET_train*.root and DATASET_test*.root; what is missing is "
            "simulated.  [default: OUTPUT/data]",
        ),
        click.Option(
            ["--test-events"],
            type=click.IntRange(min=1),
            help="Events to test on.  [default: half of those to train on]",
        ),
        click.Option(["--epochs"], type=click.IntRange(min=1), help="At most so many a training."),
        click.Option(
            ["--epoch-events"],
            type=click.IntRange(min=8),
            help="Events that a network sees in an epoch, drawn anew in each; a quarter of it is "
            "validated on.",
        ),
        click.Option(
            ["--max-time"], type=click.FloatRange(min=0), help="Minutes a training at most."
        ),
        click.Option(["--precision"], type=click.Choice(["auto", "32", "bf16"])),
        click.Option(["--device"], type=click.Choice(["auto", "cpu", "cuda"])),
        click.Option(
            ["--output", "-o"],
            type=FOLDER,
            default=Path("runs/ams"),
            show_default=True,
            help="Data, trainings and results; all studies may share it.",
        ),
    ]
    assert {option.name for option in declared} == {field.name for field in fields(Options)}

    def start(**given: Any) -> None:
        study(Options(**given))

    return click.Command(
        None, callback=start, params=declared, help=sys.modules[study.__module__].__doc__
    )
