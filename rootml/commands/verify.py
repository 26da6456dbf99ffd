"""``rootml models verify``: is every file the one that its card, its name or a tagging tells?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rootml.commands.console import print_table
from rootml.errors import IntegrityError, RegistryError

if TYPE_CHECKING:
    from rootml.card import ModelCard
    from rootml.sources.cards import LocatedCard

FAILED = 2


class Finding(NamedTuple):
    """What was found of one file or tagging: an empty ``problem`` where all is well."""

    name: str
    what: str
    note: str = ""
    problem: str = ""


@click.command(short_help="Compare files with their sha256.")
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--in",
    "file",
    metavar="FILE",
    help="A tagged file: are the models that made its branches the ones that are here?",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...], file: str | None, as_json: bool) -> None:
    """Compare the sha256 of each MODEL (of all, and of the cache) with what it should be.

    Nothing is run, and no network is fetched. One that is not on this machine is told, and fails
    only if its MODEL is named. With --in, a MODEL that is not installed is named by its path or
    address. The exit code is 2 where anything fails.
    """
    if file is not None:
        found = list(_of_file(file, names))
    else:
        found = [_of_model(name) for name in names] if names else [*_of_all(), *_of_cache()]
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in found], indent=2))
    else:
        rows = [[f.name, f.what, f.problem or f.note or "ok"] for f in found]
        print_table("", ["model", "what", "result"], rows)
    if any(finding.problem for finding in found):
        ctx.exit(FAILED)


def _of_model(name: str) -> Finding:
    from rootml.registry import find_card, find_network

    try:
        located = find_card(name)
        network = find_network(located, online=False)
    except RegistryError as error:
        return Finding(name, "", problem=str(error))
    return _of_network(located.card, network)


def _of_all() -> Iterator[Finding]:
    from rootml.registry import list_models

    for entry in list_models():
        if entry.card is None or (entry.problem and not entry.absent):
            yield Finding(entry.name, str(entry.path or ""), problem=entry.problem)
        elif entry.network is None:
            yield Finding(_full_name(entry.card), "network", note="not on this machine")
        else:
            yield _of_network(entry.card, entry.network)


def _of_network(card: ModelCard, network: Path) -> Finding:
    from rootml.runtime.network_file import read_network

    try:
        read_network(network, card.network.sha256)
    except RegistryError as error:
        return Finding(_full_name(card), str(network), problem=str(error))
    return Finding(_full_name(card), str(network))


def _full_name(card: ModelCard) -> str:
    return f"{card.name}@{card.version}"


def _of_cache() -> Iterator[Finding]:
    from rootml.sources.cache import cache_entries, has_sha256

    for path in cache_entries():
        sound = has_sha256(path, path.name)
        problem = "" if sound else "damaged: delete it; it is fetched again where it is needed"
        yield Finding("(cache)", str(path), problem=problem)


def _of_file(file: str, references: tuple[str, ...]) -> Iterator[Finding]:
    """A finding for each tagging recorded in ``file``, of the models referred to or of all."""
    from rootml.registry import find_card
    from rootml.rootio.opening import open_file, tree_names
    from rootml.rootio.provenance import read_provenance

    given = {card.full_name: card for card in map(find_card, references)}
    with open_file(file) as directory:
        records = [read_provenance(directory, tree) for tree in tree_names(directory)]
    entries = {json.dumps(e): e for record in records for e in (record or {}).get("taggings", [])}
    found = 0
    for entry in entries.values():
        name = f"{entry['model']['name']}@{entry['model']['version']}"
        if given and name not in given:
            continue
        found += 1
        what = ", ".join(entry["branches"])
        try:
            yield Finding(name, what, note=_compare(entry, given.get(name) or find_card(name)))
        except RegistryError as error:
            yield Finding(name, what, problem=str(error))
    if not found:
        raise RegistryError(f"{file}: holds no branches made by {' or '.join(given) or 'rootml'}")


def _compare(entry: dict[str, Any], located: LocatedCard) -> str:
    """What is to be said of a tagging by a model that is here; RegistryError if by another."""
    from rootml.registry import find_network
    from rootml.runtime.network_file import read_network
    from rootml.tagging.record import adapter_identity

    made = entry["model"]
    read_network(find_network(located, online=False), located.card.network.sha256)
    if located.card.network.sha256 != made["sha256"]:
        raise IntegrityError(
            f"made by another network of this name and version: sha256 {made['sha256']}, "
            f"and here {located.card.network.sha256} ({located.path})"
        )
    was, adapter = entry.get("adapter_origin", {}), adapter_identity(located.card)
    if "declaration_sha256" in was and was != adapter:
        raise IntegrityError(f"the adapter that {located.path} declares is another now")
    notes = []
    if made.get("card_sha256", located.sha256) != located.sha256:
        notes.append("same network, the text of its card has changed")
    if was not in ({}, adapter):
        notes.append(f"adapter of {was.get('package')} then, of {adapter.get('package')} now")
    return "; ".join(notes)
