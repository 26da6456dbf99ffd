"""``rootml train``: the command line of a training."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from rootml.training.account import account
from rootml.training.ranks import is_first


@click.command()
@click.argument("recipe")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder [default: runs/NAME]."
)
@click.option("--name", help="Name of the model [default: that of the recipe].")
@click.option("--adapter", help="Installed adapter, or my.adapter.yaml, for recipes of any.")
@click.option("--view", help="View of the adapter, where it has several.")
@click.option("--epochs", type=click.IntRange(min=1), help="At most so many epochs (trees).")
@click.option(
    "--max-time",
    type=click.FloatRange(min=0),
    help="Minutes after which no epoch begins; of --tune in each trial.",
)
@click.option("--max-events", type=click.IntRange(min=1), help="Read at most so many events.")
@click.option(
    "--train-only",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File all of whose events are for training, none to measure with; repeatable.",
)
@click.option(
    "--sample",
    "samples",
    metavar="NAME=FILE",
    multiple=True,
    callback=lambda context, parameter, given: _samples(given),
    help="File of a sample: the recipe says by its NAME how the truth is known, as that of real "
    "data; repeatable.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps what is read, for other trainings on the same files.",
)
@click.option(
    "--split",
    metavar="60/20/20",
    help="Train/validation/test in per cent; energy:1000:50/0/50:0/50/50 splits otherwise below "
    "the value of a column than from it on.",
)
@click.option("--batch-size", type=click.IntRange(min=2), help="Events a batch.")
@click.option("--accumulate", type=click.IntRange(min=1), help="Batches a step of the weights.")
@click.option(
    "--set",
    "values",
    metavar="NAME=VALUE",
    multiple=True,
    callback=lambda context, parameter, given: dict(map(_value, given)),
    help="Another option or parameter of the learner, such as schedule=cosine, "
    "learning_rate=3e-4, average=0.999, or max_depth=6 of xgboost. Repeatable.",
)
@click.option(
    "--tune",
    metavar="N",
    type=click.IntRange(min=1),
    help="Search for the best options first, in N trials, where the recipe says; a search that "
    "was killed goes on with --resume.",
)
@click.option(
    "--adapt",
    type=click.Path(path_type=Path),
    multiple=True,
    help="File without truth, such as real data, that the network shall be adapted to by "
    "reversal of a gradient. Repeatable.",
)
@click.option("--seed", type=click.IntRange(min=0), help="Seed of split, weights and order.")
@click.option("--precision", type=click.Choice(["auto", "32", "bf16"]), help="Arithmetic.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to train.")
@click.option("--devices", type=click.IntRange(min=1), help="Processors or GPUs of a machine.")
@click.option("--nodes", type=click.IntRange(min=1), help="Machines that train together.")
@click.option("--strategy", help="How they do, by Lightning's names [default: ddp].")
@click.option("--tree", help="Name of the tree, where a file has several.")
@click.option("--notes", default="", help="What the card shall say of the training data.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in the folder.")
@click.option("--progress/--no-progress", default=None, help="Show a progress bar or not.")
def train(
    recipe: str,
    files: tuple[Path, ...],
    output: Path | None,
    name: str | None,
    progress: bool | None,
    **options: Any,
) -> None:
    """Train what RECIPE says on FILES and write its card.

    RECIPE is the name of an installed one, or a Python file that holds it: my_recipe.py:NAME.
    The files need the truth. Model, card, curves and checkpoints go to the output folder. The
    model can be used at once: rootml tag --model FOLDER/NAME.card.yaml
    """
    from rootml.training.run import train as run

    folder = output or Path("runs") / (name or Path(recipe.partition(":")[0]).stem)
    if progress is None:
        progress = sys.stderr.isatty()
    card = run(recipe, files, folder, name=name, progress=progress, **options)
    if is_first() or card.exists():
        click.echo(account(card))


def _samples(given: Sequence[str]) -> dict[str, list[Path]]:
    """Files by the sample, of ``name=file``."""
    found: dict[str, list[Path]] = {}
    for text in given:
        name, separator, path = text.partition("=")
        if not (name and separator and path):
            raise click.BadParameter(f"{text!r} is not NAME=FILE")
        found.setdefault(name, []).append(Path(path))
    return found


def _value(text: str) -> tuple[str, Any]:
    """``name=value`` as a name and a number, a truth value, None, or a text."""
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
