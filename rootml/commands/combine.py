"""``rootml combine``: several trained networks as one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    required=True,
    metavar="NAME",
    help="Member: NAME[@VERSION], a card, pack or address; two or more.",
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Folder.")
@click.option(
    "--held-out",
    is_flag=True,
    help="No member was trained on FILES: one half fixes the working points, the other measures.",
)
@click.option(
    "--train-only",
    multiple=True,
    type=click.Path(path_type=Path),
    help="File to read and not to measure on, so that the cache of a training with it serves; "
    "repeatable.",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps what is read, as that of trainings.",
)
@click.option(
    "--view",
    help="View of the committee [default: the members', or the smallest with the tensors of all].",
)
@click.option("--name", help="Name of the committee [default: committee_ADAPTER].")
@click.option("--title", default="", help="What the card is to call it.")
@click.option("--doc", default="", help="What the card is to say of it.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed of the halves [default: 1].")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Use at most so many events of a part, drawn by the seed.",
)
@click.option("--tree", help="Name of the tree, where a file has several.")
@click.option("--notes", default="", help="What the card is to say of the events.")
def combine(
    files: tuple[Path, ...],
    models: tuple[str, ...],
    output: Path,
    **options: Any,
) -> None:
    """Join classifiers into one network, whose score is the sigmoid of the mean of their logits.

    \b
    rootml combine a.root b.root -m mlp_ams -m cnn_ams -o both
    rootml combine new.root --held-out -m mlp_ams -m my/net.card.yaml -o both

    FILES are those that all members were trained on, with one seed and split: their validation
    part fixes the working points, their test part measures. The network can be used at once:
    rootml tag --model FOLDER/NAME.card.yaml
    """
    from rootml.training.account import account
    from rootml.training.committee import combine as run

    click.echo(account(run(models, files, output, **options)))
