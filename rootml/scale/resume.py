"""Whether an output that is there is what a run would make."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from rootml.errors import InputError, OutputError
from rootml.rootio.opening import open_file, open_tree, reading
from rootml.rootio.provenance import read_provenance
from rootml.rootio.remote import connect, is_remote, location
from rootml.tagging.prepare import Run, TagOptions, prepare
from rootml.tagging.record import record

SHAPING = (
    "branches",
    "model",
    "engine",
    "adapter",
    "adapter_origin",
    "view",
    "layout",
    "layout_options",
    "working_points",
    "options",
    "input",
)
"""What of a record must be the same; the time and versions of libraries need not."""
PLACES = {"engine": ("version",), "model": ("origin",), "input": ("file", "friends")}
"""What of these need not: where a file lies says nothing of what is in it."""


def is_made(source: str, target: str | None, options: TagOptions) -> bool:
    """Whether the target is there, whole, and made from this source by these networks and options.

    False where it is not there; OutputError where it is, but made otherwise or of something else,
    unless it may be replaced. ``target`` None: whether the source itself has these branches.
    """
    if target is not None and not exists(target):
        return False
    with ExitStack() as stack:
        asked = replace(options, overwrite=True, plots=False)
        run = prepare(stack, source, None if target is None else location(target), asked)
        try:
            different = _difference(run, source if target is None else target, asked)
        except InputError as error:  # it is damaged, or has no such tree
            different = str(error)
    if different and target is not None and not options.overwrite:
        raise OutputError(
            f"{target}: exists already, and is not what this run would make ({different}); "
            "--overwrite (overwrite=True) replaces it"
        )
    return not different


def exists(target: str) -> bool:
    """Whether a file, of this machine or of a server, is there."""
    if not is_remote(target):
        return Path(target).exists()
    system, path = connect(target)
    with reading(target):
        return bool(system.exists(path))


def _difference(run: Run, path: str, options: TagOptions) -> str:
    """What keeps the file from being what the run would make, in words; empty if it is that."""
    wanted = json.loads(record(None, run.jobs, options.shaping()))["taggings"]
    with open_file(path) as directory:
        tree = open_tree(directory, run.plan.tree)
        found = (read_provenance(directory, run.plan.tree) or {}).get("taggings", [])
        if tree.num_entries != run.plan.entries:
            return f"{tree.num_entries} entries instead of {run.plan.entries}"
        for entry in wanted:
            lacking = [name for name in entry["branches"] if name not in tree]
            if lacking:
                return f"it has no branch {lacking[0]!r}"
            if not entry["model"]["sha256"]:
                return "its network is on a server, which does not tell the sha256"
            names = [name for name in SHAPING if not (options.in_place and name == "input")]
            if different := unlike(entry, found, names):
                return f"another {different}"
    return ""


def unlike(
    wanted: Mapping[str, Any], found: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> str:
    """How the likest record of the tree and branches differs in ``names``, or an empty text."""
    candidates: list[list[str]] = [
        [name for name in names if _essence(name, wanted) != _essence(name, entry)]
        for entry in found
        if entry.get("tree") == wanted["tree"] and entry.get("branches") == wanted["branches"]
    ]
    likest = min(candidates, key=len, default=["network, or one that it does not tell"])
    return ", ".join(likest)


def _essence(name: str, entry: Mapping[str, Any]) -> Any:
    value = entry.get(name)
    if not isinstance(value, Mapping):
        return value
    essence = {key: part for key, part in value.items() if key not in PLACES.get(name, ())}
    if name == "input":
        friends = value.get("friends", [])
        essence["friends"] = [(one.get("alias"), one.get("fingerprint")) for one in friends]
    return essence
