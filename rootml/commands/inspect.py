"""``rootml inspect``: what a file holds, what it is, and what can be done with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rootml.commands.console import print_table


@click.command(short_help="Say what a file is and what applies to it.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tree", help="Look at this tree alone.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def inspect(file: Path, tree: str | None, as_json: bool) -> None:
    """List the trees of FILE, which layouts match and why others do not, and which models apply.

    The trees' records of earlier taggings are shown too.
    """
    found = survey_file(file, tree)
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
    for tree_found in found["trees"]:
        for entry in tree_found["taggings"]:
            model = entry["model"]
            click.echo(
                f"\n{tree_found['name']}: {', '.join(entry['branches'])} made by {model['name']} "
                f"{model['version']} (sha256 {model['sha256'][:12]}…) on {entry['time']}"
            )
    click.echo("\nLayouts")
    for line in found["layouts"]:
        click.echo(f"  {'+' if line['matches'] else '-'} {line['text']}")
    click.echo("\nModels that apply")
    for model in found["models"] or ["none"]:
        click.echo(f"  {model}")


def survey_file(file: Path, tree: str | None) -> dict[str, Any]:
    """All that ``rootml inspect`` says, as plain values."""
    from rootml.plugins import ADAPTERS, offers
    from rootml.registry import list_models
    from rootml.rootio.opening import open_file, open_tree, tree_names
    from rootml.rootio.provenance import read_provenance
    from rootml.rootio.source import survey

    offered = offers(ADAPTERS)
    adapters = [offer.value for offer in offered if not offer.problem]
    with open_file(file) as directory:
        names = [tree] if tree else tree_names(directory)
        trees = []
        for name in names:
            opened = open_tree(directory, name)
            said = read_provenance(file, name) or {}
            trees.append(
                {
                    "name": name,
                    "class": opened.classname,
                    "entries": int(opened.num_entries),
                    "branches": len(opened.keys()),
                    "taggings": [e for e in said.get("taggings", []) if e["tree"] == name],
                }
            )
        matches, branches = survey(directory, adapters, tree)
    right = {match.adapter.name for match in matches if match.complete}
    order = sorted(matches, key=lambda m: (not m.complete, len(m.missing), not m.tree_fits))
    return {
        "file": str(file),
        "trees": trees,
        "layouts": [
            {
                "adapter": match.adapter.name,
                "layout": match.layout.name,
                "tree": match.tree,
                "matches": match.complete,
                "missing": list(match.missing),
                "text": match.explain(branches[match.tree]),
            }
            for match in order
        ]
        + [
            {"adapter": offer.name, "matches": False, "text": offer.problem}
            for offer in offered
            if offer.problem
        ],
        "models": [
            entry.name
            for entry in list_models()
            if entry.card is not None and not entry.problem and entry.card.adapter in right
        ],
    }
