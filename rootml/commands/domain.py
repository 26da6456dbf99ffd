"""``rootml models domain``: a card that knows what the network was trained on."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Describe the inputs a network is for.", no_args_is_help=True)
@click.argument("model")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--tree", help="Name of the tree, where a file has several.")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the card and its network.",
)
def domain(model: str, files: tuple[str, ...], tree: str | None, folder: Path) -> None:
    """Copy MODEL, its card with the distributions of its inputs in each FILE as training domain.

    FILEs are those it was trained on, or like them. What `--ood` and the validation of tagged files
    say of inputs refers to this domain. `rootml train` records it by itself.

    \b
    rootml models domain my.card.yaml train.root -o described
    rootml-tag new.root out.root --model described/my.card.yaml --ood
    """
    from rootml.errors import RegistryError
    from rootml.plugins import adapter_of
    from rootml.registry import find_card
    from rootml.runtime.signature import check_card
    from rootml.sources.export import files_of, put_folder
    from rootml.training.domain import describe_files

    located = find_card(model)
    adapter = adapter_of(located.card, str(located.path))
    view = check_card(located.card, adapter)
    if not view.summaries:
        raise RegistryError(f"model {model!r}: its view {view.name!r} has no summaries to describe")
    axes = describe_files(view, adapter, files, tree)
    card, *others = files_of(located).items()
    described = located.card.model_copy(update={"domain": axes})
    put_folder(folder, {card[0]: described.to_yaml().encode(), **dict(others)})
    rows = [f"  {a.name}: {a.low:.6g} to {a.high:.6g} {a.unit}".rstrip() for a in axes]
    click.echo("\n".join([str(folder / card[0]), *rows]))
