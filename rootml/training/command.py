"""``rootml train``: the command line of a training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from rootml.card import ModelCard
from rootml.errors import MissingExtra

EXTRA = {"torch", "lightning", "onnx", "onnxscript"}
"""What the extra ``rootml[torch]`` brings."""


@click.command()
@click.argument("recipe")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder [default: runs/RECIPE]."
)
@click.option("--name", help="Name of the network [default: that of the recipe].")
@click.option("--epochs", type=click.IntRange(min=1), help="At most so many epochs.")
@click.option(
    "--max-time", type=click.FloatRange(min=0), help="Minutes after which no epoch begins."
)
@click.option("--max-events", type=click.IntRange(min=1), help="Read at most so many events.")
@click.option("--batch-size", type=click.IntRange(min=2), help="Events a step.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of split, weights and order.")
@click.option("--precision", type=click.Choice(["auto", "32", "bf16"]), help="Arithmetic.")
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True
)
@click.option("--tree", help="Name of the tree, where a file has several.")
@click.option("--notes", default="", help="What the card shall say of the training data.")
@click.option("--resume", is_flag=True, help="Go on from the last checkpoint in the folder.")
@click.option("--progress/--no-progress", default=None, help="Show a progress bar or not.")
def train(
    recipe: str,
    files: tuple[Path, ...],
    output: Path | None,
    progress: bool | None,
    **options: Any,
) -> None:
    """Train the network RECIPE on FILES and write its card.

    The files need a truth label. Network, card, checkpoints and curves go to the output folder.
    The network can be used at once: rootml tag --model FOLDER/NAME.card.yaml
    """
    try:
        from rootml.training.run import train as run
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in EXTRA:
            raise
        raise MissingExtra(
            f'training needs the package {error.name!r}: pip install "rootml[torch]"'
        ) from error
    if progress is None:
        progress = sys.stderr.isatty()
    card = run(recipe, files, output or Path("runs") / recipe, progress=progress, **options)
    click.echo(account(card))


def account(path: Path) -> str:
    """What was trained and how good it is, in a few lines."""
    card = ModelCard.read(path)
    training = card.training
    events = ", ".join(f"{count:,} {part}" for part, count in training.events.items())
    settings = training.settings
    lines = [
        f"{card.name} {card.version}: {card.title} ({card.parameters:,} parameters)",
        f"  events    {events}",
        f"  training  {settings['epochs']} epochs (best: {settings['best_epoch']}), "
        f"{settings['minutes']} min, precision {settings['precision']}",
    ]
    for metric in card.metrics:
        low, high = metric.interval or (None, None)
        upper = "inf" if high is None else f"{high:.6g}"
        lines.append(f"  {metric.name:<16} {metric.value:.6g}  [{low:.6g}, {upper}] (68 %)")
    return "\n".join([*lines, f"  card      {path}"])
