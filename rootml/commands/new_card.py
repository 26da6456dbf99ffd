"""``rootml new-card``: the draft of a card, from a network's file and an ntuple."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootml.card import SUFFIX
from rootml.errors import CardError, OutputError
from rootml.yamltext import OPEN_END

if TYPE_CHECKING:
    from rootml.drafting.text import Draft


@click.command(short_help="Draft the card of a network for your own ntuple.")
@click.argument("network", type=click.Path(path_type=Path))
@click.argument("file", metavar="IN.root")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="CARD",
    help=f"Where the card goes, a name with {SUFFIX}. Default: beside the network.",
)
@click.option("--name", help="Name of the model, and of its branches. Default: the network's file.")
@click.option("--tree", help="Tree to be tagged, if the file has several.")
@click.option(
    "--per",
    metavar="COLLECTION",
    help="Judge each of these objects (Electron), not each event; 'event' says the latter. "
    "Default: what the names of the inputs suggest.",
)
@click.option("--copy", is_flag=True, help="Copy the network beside a card that goes elsewhere.")
@click.option("--overwrite", is_flag=True, help="Replace the card, if it is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def new_card(
    network: Path,
    file: str,
    output: Path | None,
    name: str | None,
    tree: str | None,
    per: str | None,
    copy: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Draft a card for NETWORK, to be applied to a tree of IN.root.

    The inputs of the network become expressions over the branches, as far as names and shapes
    tell. What only you can tell is marked !TODO, and a card with such a mark is refused: put
    right what is marked, and delete the mark.

    \b
    rootml new-card my.onnx in.root
    rootml new-card my.onnx in.root --per Electron -o cards/my.card.yaml --copy
    """
    from rootml.drafting.draft import make_draft
    from rootml.drafting.matching import identifier
    from rootml.rootio.container.transaction import check_target

    target = output or network.with_name(identifier(name or network.stem, "net") + SUFFIX)
    if not target.name.endswith(SUFFIX):
        raise OutputError(f"{target}: a card is called <name>{SUFFIX}")
    check_target(target, (network,), overwrite=overwrite)
    beside = _beside(network, target, copy=copy)
    model = name or identifier(target.name.removesuffix(SUFFIX), "net")
    if identifier(model, "net") != model:
        raise CardError(f"--name {model!r}: a model's name is made of letters, digits and _")
    draft = make_draft(network, file, name=model, file=beside.as_posix(), tree=tree, per=per)
    if copy:
        _write(target.parent / beside, network.read_bytes(), overwrite=overwrite)
    _write(target, draft.text.encode(), overwrite=overwrite)
    if as_json:
        click.echo(json.dumps(_account(draft, target, file), indent=2))
    else:
        _print(draft, target, file)


def _beside(network: Path, target: Path, *, copy: bool) -> Path:
    """Where the network lies, or will lie, from the card's folder on."""
    if copy:
        return Path(network.name)
    folder = target.parent.resolve()
    if not network.resolve().is_relative_to(folder):
        raise OutputError(
            f"{target}: a card names a network beside it, and {network} lies elsewhere; "
            "--copy copies it there"
        )
    return network.resolve().relative_to(folder)


def _write(target: Path, data: bytes, *, overwrite: bool) -> None:
    from rootml.rootio.container.transaction import Transaction

    if target.exists() and target.read_bytes() == data:
        return
    new = Transaction(target, (), overwrite=overwrite)
    try:
        new.path.write_bytes(data)
        new.commit()
    finally:
        new.abort()


def _account(draft: Draft, target: Path, file: str) -> dict[str, Any]:
    return {
        "card": str(target),
        "model": draft.name,
        "tree": draft.tree,
        "per": draft.per.text or None,
        "inputs": {
            tensor.name: [column.text for column in tensor.columns] for tensor in draft.tensors
        },
        "outputs": [output.name for output in draft.network.outputs if output.is_written],
        "open": draft.open_ends,
        "next": _next(target, file),
    }


def _print(draft: Draft, target: Path, file: str) -> None:
    lines = draft.text.splitlines()
    judged = f"each {draft.per.text}" if draft.per.text else "each event"
    click.echo(f"{target}: a draft for {judged} of tree {draft.tree!r}")
    for output in draft.network.outputs:
        if output.problem:
            click.echo(f"  without its output {output.tensor!r}: {output.problem}")
    if draft.open_ends:
        click.echo(f"\nOnly you can tell what is marked {OPEN_END}:")
        for line in draft.open_ends:
            click.echo(f"  line {line}: {' '.join(lines[line - 1].split())}")
        click.echo("\nPut it right, delete the marks, then:")
    else:
        click.echo("\nRead it through, then:")
    click.echo(f"  {_next(target, file)}")


def _next(target: Path, file: str) -> str:
    source = Path(file)
    return shlex.join(
        ["rootml-tag", file, f"{source.stem}_tagged{source.suffix}", "--model", str(target)]
    )
