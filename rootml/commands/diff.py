"""``rootml diff``: what one ROOT file has more, otherwise, or no longer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootml.commands.console import progress

if TYPE_CHECKING:
    from rootml.rootio import FileDiff
    from rootml.rootio.diff.differences import Entry

DIFFERENT = 1
_SHOWN = 20
"""Of a list of differences, those that are printed without ``-v``."""
_PLURAL = {"branch": "branches", "directory": "directories", "loss": "losses"}
_MEGABYTE = 1 << 20
_LONG = 200 * _MEGABYTE
"""The size from which a file takes long enough for a progress bar."""


@click.command(short_help="Compare two ROOT files branch by branch.")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--tree", help="Compare this tree or RNTuple alone.")
@click.option(
    "--allow-added", is_flag=True, help="Succeed if B has all of A unchanged, whatever else it has."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("-v", "--verbose", is_flag=True, help="Print every difference, those of storage too.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing, only the exit code tells.")
@click.pass_context
def diff(
    context: click.Context,
    a: Path,
    b: Path,
    tree: str | None,
    allow_added: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Say what was added, changed or lost from ROOT file A to ROOT file B.

    All objects in all directories; of trees and RNTuples names, types, titles and the content
    of every branch or field. Compression and the like are no difference; -v shows them.

    Exit code 0: the same; 1: different; 2: a file cannot be read.

    \b
    rootml diff in.root out.root
    rootml diff in.root out.root --allow-added && rm in.root
    """
    from rootml.rootio import compare_files

    small = a.is_file() and a.stat().st_size < _LONG
    with progress(f"{a.name} / {b.name}", unit="MB", quiet=quiet or as_json or small) as report:
        found = compare_files(
            a, b, tree=tree, progress=lambda n, of: report(n // _MEGABYTE, of // _MEGABYTE)
        )
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2))
    elif not quiet:
        print_diff(found, verbose=verbose)
    context.exit(0 if found.same or (allow_added and found.keeps_all) else DIFFERENT)


def print_diff(found: FileDiff, *, verbose: bool) -> None:
    """Print the differences, then how much is the same."""
    click.echo(f"{found.a} -> {found.b}")
    lists = {"added": found.added, "changed": found.changed, "lost": found.lost}
    if verbose:
        lists["stored"] = found.notes
    for label, entries in lists.items():
        shown = entries if verbose else entries[:_SHOWN]
        width = min(40, max((len(entry.path) for entry in shown), default=0))
        for index, entry in enumerate(shown):
            _row(label if index == 0 else "", f"{entry.path:<{width}}  {_words(entry)}")
        if len(shown) < len(entries):
            _row("", f"... and {len(entries) - len(shown):,} more (-v prints all)")
    _row("same", counts(found.identical))
    _row("", _verdict(found))


def _row(label: str, text: str) -> None:
    click.echo(f"  {label:<8} {text}")


def _words(entry: Entry) -> str:
    if entry.was and entry.now:
        return f"{entry.was} -> {entry.now}"
    return f"{entry.kind}, {entry.was or entry.now}"


def counts(entries: Sequence[Entry]) -> str:
    """Count what is identical by kind, and say how that is known where it is not by bytes."""
    texts = []
    for kind, count in Counter(entry.kind for entry in entries).items():
        ways = Counter(e.now for e in entries if e.kind == kind and "differently" in e.now)
        how = "".join(f", {number:,} with the {way}" for way, number in ways.items())
        texts.append(f"{_number(count, kind)}{how}")
    return "; ".join(texts) or "nothing"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what if count == 1 else _PLURAL.get(what, what + 's')}"


def _verdict(found: FileDiff) -> str:
    if found.same:
        return "nothing was added, changed or lost"
    if found.keeps_all:
        return "nothing was changed or lost"
    return f"{_number(len(found.changed), 'change')}, {_number(len(found.lost), 'loss')}"
