"""``rootml inspect``: what a file holds, what it is, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from rootml.commands.console import print_table
from rootml.errors import CardError

if TYPE_CHECKING:
    from rootml.adapter import Adapter
    from rootml.registry import ModelEntry
    from rootml.rootio.events.base import Events
    from rootml.rootio.events.kinds import Directory
    from rootml.rootio.matching import Match


@click.command(short_help="Say what a file is and what applies to it.")
@click.argument("file")
@click.option("--tree", help="Look at this tree alone.")
@click.option(
    "--friend",
    "friends",
    multiple=True,
    metavar="[ALIAS=]FILE[:TREE]",
    help="Look at the trees beside this one too; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="List the branches with types and titles.")
def inspect(
    file: str, tree: str | None, friends: tuple[str, ...], as_json: bool, verbose: bool
) -> None:
    """List the trees of FILE, which layouts match and why others do not, and which models apply.

    A tree is a TTree, an RNTuple or a group of an HDF5 file; its friends and earlier taggings are
    shown too.
    """
    found = survey_file(file, tree, friends, branches=verbose)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    print_table(
        f"{file}: trees",
        ["tree", "class", "entries", "branches"],
        [
            [t["name"], t["class"], f"{t['entries']:,}", f"{t['branches']:,}"]
            for t in found["trees"]
        ],
    )
    for one in found["trees"]:
        _print_tree(one)
    click.echo("\nLayouts")
    for line in _nearest(found["layouts"]):
        click.echo(f"  {'+' if line['matches'] else '-'} {line['text']}")
    click.echo("\nModels that apply")
    here = [name for name in found["models"] if name not in found["absent"]]
    defaults = {line["default_model"] for line in found["layouts"] if line["matches"]}
    for model in here or ["none"]:
        click.echo(f"  {model}{' (default)' if model in defaults else ''}")
    for model in found["absent"]:
        click.echo(
            f"  {model} would: its network is not on this machine "
            f"(`rootml models verify {model}` says where it was looked for)"
        )


def _nearest(layouts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The matches, and of each layout that has none the tree that comes nearest."""
    found: dict[Any, Mapping[str, Any]] = {}
    for line in layouts:
        layout = line["adapter"], line.get("layout")
        found.setdefault((layout, line["tree"]) if line["matches"] else layout, line)
    right = {key[0] for key, line in found.items() if line["matches"]}
    return [line for key, line in found.items() if line["matches"] or key not in right]


def _print_tree(tree: Mapping[str, Any]) -> None:
    """Friends, earlier taggings, and the branches where they were asked for."""
    from rootml.tagging.record import statement

    for friend in tree["friends"]:
        click.echo(
            f"\n{tree['name']}: friend {friend['alias']!r}: {friend['file']}, tree "
            f"{friend['tree']!r}, {friend['entries']:,} entries"
            + (f", joined by {' and '.join(friend['index'])}" if friend["index"] else "")
        )
    for problem in tree["problems"]:
        click.echo(f"\n{tree['name']}: {problem}")
    for entry in tree["taggings"]:
        click.echo(
            f"\n{tree['name']}: {', '.join(entry['branches'])} made by {statement(entry)}, "
            f"on {entry['time']}"
        )
    if "branch_list" in tree:
        click.echo()
        rows = [[b["name"], b["type"], b["title"]] for b in tree["branch_list"]]
        print_table(f"{tree['name']}: branches", ["branch", "type", "title"], rows)


def survey_file(
    file: str, tree: str | None, friends: Sequence[str] = (), *, branches: bool = False
) -> dict[str, Any]:
    """All that ``rootml inspect`` says, as plain values; ``branches``: with each of them."""
    from rootml.plugins import ADAPTERS, offers
    from rootml.registry import list_models
    from rootml.rootio.events.kinds import open_trees
    from rootml.rootio.survey import Survey

    offered = offers(ADAPTERS)
    installed = {offer.name: offer.value for offer in offered if not offer.problem}
    models = [(entry, _adapter(entry, installed)) for entry in list_models()]
    declared = [own for _, own in models if own and own.name not in installed]
    with open_trees(file) as directory:
        found = Survey(directory, [[*installed.values(), *declared]], tree, friends)
        matches = found.matches()
        if found.errors and len(found.errors) == len(found.trees):
            raise next(iter(found.errors.values()))
        trees = [_describe(directory, one, branches=branches) for one in found.trees.values()]
        found.close_friends()
    complete = [match for match in matches if match.complete]
    applying = [entry for entry, adapter in models if _applies(entry, adapter, complete)]
    shown = [match for match in matches if match.complete or match.adapter.name in installed]
    order = sorted(shown, key=lambda m: (not m.complete, len(m.missing), not m.tree_fits))
    return {
        "file": file,
        "trees": trees,
        "layouts": [
            {
                "adapter": match.adapter.name,
                "layout": match.layout.name,
                "tree": match.tree,
                "matches": match.readable,
                "default_model": match.adapter.default_of(match.layout)
                if match.adapter.name in installed
                else "",
                "missing": list(match.missing),
                "text": match.explain(found.trees[match.tree].names),
            }
            for match in order
        ]
        + [
            {"adapter": offer.name, "matches": False, "text": offer.problem}
            for offer in offered
            if offer.problem
        ],
        "models": [entry.name for entry in applying],
        "absent": [entry.name for entry in applying if entry.absent],
    }


def _adapter(entry: ModelEntry, installed: Mapping[str, Adapter]) -> Adapter | None:
    """The model's adapter, its own or an installed one; None where the model is broken."""
    from rootml.plugins import adapter_of

    if entry.card is None or (entry.problem and not entry.absent):
        return None
    if isinstance(entry.card.adapter, str):
        return installed.get(entry.card.adapter)
    try:
        return adapter_of(entry.card)
    except CardError:  # rootml models list says why
        return None


def _applies(entry: ModelEntry, adapter: Adapter | None, matches: Sequence[Match]) -> bool:
    """Whether one of the trees that match gives all that the model's view needs."""
    view = adapter.views.get(entry.card.view) if adapter and entry.card else None
    return view is not None and any(
        match.adapter is adapter and all(map(match.has, view.columns)) for match in matches
    )


def _describe(directory: Directory, events: Events, *, branches: bool) -> dict[str, Any]:
    from rootml.rootio.events.tables import Hdf5File
    from rootml.rootio.opening import reading
    from rootml.rootio.provenance import read_provenance

    tables = isinstance(directory, Hdf5File)  # nothing is ever added to these
    said = {} if tables else read_provenance(directory, events.name) or {}
    paths = events.main.names.paths
    with reading(events.where):
        listed = [(path, *events.main.describe(path)) for path in paths] if branches else []
    return {
        "name": events.name,
        "class": events.class_name,
        "entries": events.num_entries,
        "branches": len(paths),
        "friends": [
            {
                "alias": friend.alias,
                "file": friend.events.file,
                "tree": friend.events.name,
                "entries": friend.events.num_entries,
                "index": list(friend.index),
            }
            for friend in events.friends
        ],
        "problems": list(events.problems),
        "taggings": [e for e in said.get("taggings", []) if e["tree"] == events.name],
    } | (
        {"branch_list": [{"name": n, "type": t, "title": title} for n, t, title in listed]}
        if branches
        else {}
    )
