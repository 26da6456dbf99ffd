"""What ``rootml tag`` does with one file, and with several."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from rootml.commands.account import print_account, print_failures, print_files
from rootml.commands.console import progress
from rootml.errors import InputError, without_secrets
from rootml.rootio.opening import check_file
from rootml.rootio.remote import is_remote, location, name_of
from rootml.scale.files import made, tag_files
from rootml.scale.inputs import find_inputs, targets_in
from rootml.scale.resume import is_made
from rootml.scale.tally import Progress
from rootml.tagging import tag_file
from rootml.tagging.prepare import tag_options

SPREADING = ("executor", "workers", "scheduler", "entries_per_job", "fail_fast")
"""Options of several files; a file alone that is given one is treated as they are."""


@dataclass(frozen=True, kw_only=True)
class Say:
    """How much is printed, and in which form."""

    as_json: bool
    verbose: bool
    quiet: bool

    @property
    def nothing(self) -> bool:
        """Whether nothing is said while it works."""
        return self.quiet or self.as_json


def run(
    given: Sequence[str], out: str | None, options: dict[str, Any], say: Say, *, is_folder: bool
) -> None:
    """Tag what ``given`` stands for into ``out``: a file, a folder, or None for in place."""
    inputs = find_inputs(given)
    folder = out if is_folder or out is None or _is_folder(out) else None
    if len(inputs) > 1 or any(options[name] for name in SPREADING):
        alone = folder is None and len(inputs) == 1
        _tag_files(inputs, {"target" if alone else "folder": out}, options, say)
    else:
        _tag_file(inputs[0], out, folder, options, say)


def _is_folder(out: str) -> bool:
    return out.endswith("/") or (not is_remote(out) and Path(out).is_dir())


def _tag_file(
    source: str, out: str | None, folder: str | None, options: dict[str, Any], say: Say
) -> None:
    check_file(source)
    if folder is not None:
        (out,) = targets_in(folder, [source])
    alone = {name: options[name] for name in options if name not in SPREADING}
    resume, dry_run = (alone.pop(name) for name in ("resume", "dry_run"))
    with made(folder):
        if resume and is_made(source, out, tag_options(**alone)):
            if not say.nothing:
                kept = without_secrets(out or source)
                click.echo(f"{kept}: kept, as it is what would be made")
            return
        then = "drawing plots" if alone["plots"] else ""
        with progress(name_of(location(source)), then=then, quiet=say.nothing) as report:
            result = tag_file(source, out, dry_run=dry_run, progress=report, **alone)
    if say.as_json:
        click.echo(json.dumps(result.to_json(), indent=2))
    elif not say.quiet:
        print_account(result, verbose=say.verbose)


def _tag_files(
    inputs: Sequence[str], place: dict[str, Any], options: dict[str, Any], say: Say
) -> None:
    """Tag them into a place: a "folder", or the "target" of a single one."""
    then = "drawing plots" if options["plots"] else ""
    with progress("tag", then=then, quiet=say.nothing) as report:

        def heard(at: Progress) -> None:
            report(at.events, at.expected, f"{at.files:,} of {at.of:,} files")

        result = tag_files(inputs, progress=heard, **place, **options)
    if say.as_json:
        accounts = [outcome.to_json() for outcome in result.outcomes]
        click.echo(json.dumps(accounts if len(accounts) > 1 else accounts[0], indent=2))
    elif not say.quiet:
        (to,) = place.values()
        print_files(result, to or "in place", verbose=say.verbose or options["dry_run"])
    if result.failed:
        print_failures(result.failed)
        raise InputError(f"{len(result.failed)} of {len(inputs)} files failed")
    if result.unvalidated:
        raise InputError(f"all files are tagged, but not validated: {result.unvalidated}")
