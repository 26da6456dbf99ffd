"""The options that say how plots look, for every command that draws some."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--style",
        type=click.Choice(["atlas", "cms", "lhcb", "plain"]),
        default="atlas",
        show_default=True,
        help="The look of the plots; it says nothing of who made them.",
    ),
    click.option("--label", metavar="TEXT", default="", help="Experiment on the plots."),
    click.option("--status", metavar="TEXT", default="", help='"Internal", "Preliminary", ...'),
    click.option("--lumi", metavar="TEXT", default="", help="Luminosity: 140 (fb^-1), or a text."),
    click.option("--energy", metavar="TEXT", default="", help="13.6 (TeV), or a text."),
)


def style_options(command: F) -> F:
    """Add the options of a style to a command."""
    return reduce(lambda made, option: option(made), reversed(_OPTIONS), command)


def style_texts(options: dict[str, Any]) -> list[str]:
    """What these options say, taken out of ``options``, in the order of the fields of Style."""
    return [options.pop(name) for name in ("style", "label", "status", "lumi", "energy")]
