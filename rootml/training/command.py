"""``rootml train``: the command line of a training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from rootml.card import ModelCard

SHOWN = ("epochs", "best_epoch", "trees", "best_iteration", "estimator", "minutes", "precision")
"""Settings that tell how the training went."""


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
    "--max-time", type=click.FloatRange(min=0), help="Minutes after which no epoch begins."
)
@click.option("--max-events", type=click.IntRange(min=1), help="Read at most so many events.")
@click.option(
    "--split",
    metavar="60/20/20",
    help="Train/validation/test in per cent; energy:1000:50/0/50:0/50/50 splits otherwise below "
    "the value of a column than from it on.",
)
@click.option("--batch-size", type=click.IntRange(min=2), help="Events a step.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of split, weights and order.")
@click.option("--precision", type=click.Choice(["auto", "32", "bf16"]), help="Arithmetic.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to train.")
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
    click.echo(account(run(recipe, files, folder, name=name, progress=progress, **options)))


def account(path: Path) -> str:
    """What was trained and how good it is, in a few lines."""
    card = ModelCard.read(path)
    training = card.training
    events = ", ".join(f"{count:,} {part}" for part, count in training.events.items())
    size = "" if card.parameters is None else f" ({card.parameters:,} parameters)"
    lines = [f"{card.name} {card.version}: {card.title}{size}", f"  events         {events}"]
    lines += [f"  {key:<14} {training.settings[key]}" for key in SHOWN if key in training.settings]
    lines.append("  figures on the test part, with 68 % intervals")
    width = max(len(metric.name) for metric in card.metrics)
    for metric in card.metrics:
        low, high = metric.interval or (None, None)
        upper = "inf" if high is None else f"{high:.6g}"
        text = f"{metric.name:<{width}}  {metric.value:.6g}  [{low:.6g}, {upper}] {metric.unit}"
        lines.append(f"    {text.rstrip()}")
    return "\n".join([*lines, f"  card           {path}"])
