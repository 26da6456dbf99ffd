"""The record, inside the output file, of what made each branch."""

from __future__ import annotations

import json
import platform
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rootml.card import ModelCard
from rootml.errors import without_secrets
from rootml.plugins import package_of
from rootml.rootio.fingerprint import fingerprint
from rootml.rootio.remote import is_remote
from rootml.rootio.source import Source
from rootml.runtime.servers import is_server
from rootml.sources.cards import declaration_sha256
from rootml.tagging.job import Job

_LIBRARIES = ("rootml", "numpy", "awkward", "uproot")


def record(
    previous: Mapping[str, Any] | None,
    jobs: Sequence[Job],
    options: Mapping[str, Any],
    ran: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> str:
    """The provenance text of a tagged file: earlier taggings, then one entry per network.

    ``options`` are those of the command that shape the columns; ``ran``: by model, what ran it,
    where that is not the engine of its job. A branch that was made again belongs to the newest
    entry alone; one that is outdated then belongs to none.
    """
    tree = jobs[0].source.name
    made = {column.name for job in jobs for column in job.tagger.columns}
    made.update(outdated(previous, tree, made))
    kept = [_without(entry, tree, made) for entry in (previous or {}).get("taggings", [])]
    entries = [entry for entry in kept if entry["branches"]]
    entries += [_entry(job, options, ran) for job in jobs]
    return json.dumps({"rootml_provenance": 1, "taggings": entries}, indent=2)


def made_by(provenance: Mapping[str, Any] | None, tree: str, branch: str) -> str:
    """Which network made a branch, in words, or an empty string where nothing is recorded."""
    for entry in (provenance or {}).get("taggings", []):
        if entry["tree"] == tree and branch in entry["branches"]:
            return statement(entry)
    return ""


def outdated(provenance: Mapping[str, Any] | None, tree: str, made: Collection[str]) -> list[str]:
    """What earlier taggings made of scores that are ``made`` again, while itself it is not.

    Those are cuts on them, and variations of them and of these cuts.
    """
    found = []
    for entry in (provenance or {}).get("taggings", []):
        if entry["tree"] == tree:
            cuts = _outdated_cuts(entry, made)
            found += cuts
            found += [
                branch
                for branch, one in entry.get("variations", {}).items()
                if branch in entry["branches"] and branch not in made
                if one["of"] in made or one["of"] in cuts
            ]
    return found


def _outdated_cuts(entry: Mapping[str, Any], made: Collection[str]) -> list[str]:
    return [
        branch
        for branch, point in entry.get("working_points", {}).items()
        if branch in entry["branches"] and branch not in made
        if any(_is_output(name, entry, point) for name in entry["branches"] if name in made)
    ]


def _is_output(branch: str, entry: Mapping[str, Any], point: Mapping[str, Any]) -> bool:
    """Whether a branch of an entry is the output that its working point cuts on."""
    cuts = branch in entry["working_points"]
    return not cuts and branch.endswith(f"{entry['model']['name']}_{point['output']}")


def statement(entry: Mapping[str, Any]) -> str:
    """Which network made the branches of an entry, from where, and by what it was run."""
    model, engine = entry["model"], entry.get("engine")
    checked = ", checked when it was loaded" if model.get("verified") else ""
    known = f"sha256 {model['sha256'][:12]}…{checked}" if model["sha256"] else "sha256 not known"
    text = f"{model['name']} {model['version']} ({known})"
    if origin := model.get("origin"):
        text += f" of {origin}"
    if engine:
        text += f", run by {engine['name']} {engine['version']}"
        if is_server(engine.get("device", "")):
            text += f" at {engine['device']}"
        if fallback := engine.get("fallback"):
            text += f", and by {fallback} since that was away"
    return text


def _without(entry: Mapping[str, Any], tree: str, made: set[str]) -> dict[str, Any]:
    again = made if entry["tree"] == tree else set()
    return {**entry, "branches": [name for name in entry["branches"] if name not in again]}


def _entry(
    job: Job, options: Mapping[str, Any], ran: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    source, tagger = job.source, job.tagger
    card, engine = tagger.model.card, tagger.model.engine
    return {
        "tree": source.name,
        "branches": [column.name for column in tagger.columns],
        "working_points": {
            branch: point.model_dump(mode="json", exclude_defaults=True)
            for branch, point in tagger.points.items()
        },
        "variations": {
            branch: {"of": nominal, "name": one.name, "value": one.value}
            for branch, (nominal, one) in tagger.variations.items()
        },
        "model": {
            "name": card.name,
            "version": card.version,
            "sha256": engine.sha256,
            "card_sha256": tagger.model.card_sha256,
            "verified": engine.sha256 == card.network.sha256,
            "origin": tagger.model.origin,
        },
        "engine": dict(ran.get(card.name) or engine.described()),
        "adapter": source.adapter.name,
        "adapter_origin": adapter_identity(card),
        "view": card.view,
        "layout": source.decoder.layout.name,
        "layout_options": dict(source.decoder.options),
        "options": dict(options),
        "input": identity(source),
        "versions": {name: import_module(name).__version__ for name in _LIBRARIES}
        | {"python": platform.python_version()},
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def adapter_identity(card: ModelCard) -> dict[str, str]:
    """What identifies a card's adapter: its package and version, or what the card declares."""
    if isinstance(card.adapter, str):
        return {"package": package_of(card.adapter)}
    return {"declaration_sha256": declaration_sha256(card.adapter)}


def identity(source: Source) -> dict[str, Any]:
    """What identifies the input: its file, ROOT's UUID, its fingerprint, its size in bytes."""
    known: dict[str, Any] = {
        "file": without_secrets(source.path),
        "uuid": str(source.tree.file.uuid),
        "fingerprint": fingerprint(source.tree),
    }
    if not is_remote(source.path):
        known["bytes"] = Path(source.path).stat().st_size
    if source.events.friends:
        known["friends"] = [
            {
                "alias": friend.alias,
                "file": without_secrets(friend.events.file),
                "tree": friend.events.name,
                "fingerprint": fingerprint(friend.events.main.tree),
            }
            for friend in source.events.friends
        ]
    return known
