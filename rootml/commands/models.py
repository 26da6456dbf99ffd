"""``rootml models``: which networks there are, what is known of them, whether they work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from rootml.commands.console import print_table
from rootml.commands.domain import domain
from rootml.commands.sharing import export, pack, pull
from rootml.commands.verify import verify
from rootml.errors import MissingExtra, MissingNetwork, RegistryError, RootmlError
from rootml.working_point import in_words

if TYPE_CHECKING:
    from rootml.card import ModelCard, Output
    from rootml.registry import LocatedCard, ModelEntry
    from rootml.working_point import WorkingPoint

FAILED = 2
SKIPPED = "skipped"
ABSENT = "not on this machine"


@click.group()
def models() -> None:
    """List, show, check, fetch and hand on networks."""


for _command in (pull, verify, export, pack, domain):
    models.add_command(_command)


@models.command("list", short_help="List the networks that are installed.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_command(as_json: bool) -> None:
    """List the networks that can be asked for by name, and those that cannot be loaded."""
    from rootml.registry import list_models

    found = [
        {
            "name": entry.name,
            "version": entry.card.version if entry.card else "",
            "adapter": entry.card.adapter_name if entry.card else "",
            "parameters": entry.card.parameters if entry.card else None,
            "title": entry.card.title if entry.card else "",
            "origin": entry.origin,
            "network": _network(entry),
            "problem": entry.problem,
        }
        for entry in list_models()
    ]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    headers = ["name", "version", "adapter", "parameters", "title", "network", "from"]
    keys = [*headers[:-1], "origin"]
    print_table("", headers, [[_text(row[key]) for key in keys] for row in found])
    for row in found:
        if row["network"] == ABSENT:
            click.echo(
                f"\n{row['name']}: `rootml models verify {row['name']}` says what is missing"
            )
        elif row["problem"]:
            click.echo(f"\n{row['name']}: cannot be loaded: {row['problem']}")


def _network(entry: ModelEntry) -> str:
    if entry.network is None:
        return ABSENT if entry.card else ""
    beside = entry.path is not None and entry.network.is_relative_to(entry.path.parent)
    return "here" if beside else str(entry.network)


@models.command(short_help="Show a card.")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(model: str, as_json: bool) -> None:
    """Show the card of MODEL (a name, NAME@VERSION, a path or an address)."""
    from rootml.registry import find_card

    located = find_card(model)
    if as_json:
        where = {"path": str(located.path), "origin": located.origin}
        click.echo(json.dumps(located.card.model_dump(mode="json") | where, indent=2))
        return
    _show_head(located)
    _show_figures(located.card)


@models.command(short_help="Run networks on a few simulated events.")
@click.argument("model", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def check(ctx: click.Context, model: str | None, as_json: bool) -> None:
    """Check the sha256 of MODEL (or of all), load it, and run it on a few simulated events.

    Of all, those whose network or engine is not on this machine are skipped. The exit code is 2
    where anything fails.
    """
    from rootml.registry import list_models

    if model is not None:
        results = {model: _check(model)}
    else:
        results = {_full_name(entry): _check_entry(entry) for entry in list_models()}
    if not results:
        raise RegistryError("no models are installed")
    if as_json:
        click.echo(json.dumps(results, indent=2))
    else:
        rows = [
            [name, check.replace("_", " "), problem or "ok"]
            for name, checks in results.items()
            for check, problem in checks.items()
        ]
        print_table("", ["model", "check", "result"], rows)
    failed = {key for checks in results.values() for key, problem in checks.items() if problem}
    if failed - {SKIPPED}:
        ctx.exit(FAILED)


def _full_name(entry: ModelEntry) -> str:
    return f"{entry.name}@{entry.card.version}" if entry.card else entry.name


def _check_entry(entry: ModelEntry) -> dict[str, str]:
    """As ``_check``, of a model that nobody named: one that is not all here is left out."""
    if entry.absent:
        return {SKIPPED: entry.problem or "its network is not on this machine (rootml models pull)"}
    if entry.problem:
        return {"loads": entry.problem}
    try:
        return _check(_full_name(entry))
    except MissingExtra as error:
        return {SKIPPED: str(error)}


def _check(name: str) -> dict[str, str]:
    """What failed, or an empty string, by the name of the check; MissingExtra if it cannot run."""
    from rootml.registry import load
    from rootml.testing import check_model

    try:
        model = load(name)
    except MissingExtra:
        raise
    except RootmlError as error:
        return {"loads": str(error)}
    return {"loads": "", **check_model(model)}


def _show_head(located: LocatedCard) -> None:
    card = located.card
    rows = [
        ("title", card.title),
        ("input", f"view {card.view!r} of adapter {card.adapter_name!r}"),
        ("network", f"{_place(located)} ({card.network.format})"),
        ("sha256", card.network.sha256),
        ("parameters", _text(card.parameters)),
        ("made of", ", ".join(f"{m.name} {m.version}" for m in card.training.members)),
        ("trained on", card.training.data),
        ("events", ", ".join(f"{key} {n:,}" for key, n in card.training.events.items())),
        ("made by" if card.training.members else "trained by", card.training.command),
        ("notes", card.training.notes),
        ("license", card.license),
        ("citation", card.citation),
        ("from", located.origin),
    ]
    click.echo(f"{card.name} {card.version}")
    for key, value in rows:
        if value:
            click.echo(f"  {key:<11} {value}")
    if card.doc:
        click.echo(f"\n{card.doc}")


def _place(located: LocatedCard) -> str:
    """Where the network's file is, or how it may be had."""
    from rootml.registry import find_network

    try:
        return str(find_network(located, online=False))
    except MissingNetwork:
        return f"{located.card.network.file}: {ABSENT}"


def _show_figures(card: ModelCard) -> None:
    click.echo()
    print_table(
        "Outputs",
        ["name", "role", "type", "unit", "meaning"],
        [[o.name, o.role, _type(o), o.unit, o.doc] for o in card.outputs],
    )
    if card.metrics:
        click.echo()
        print_table(
            "Figures, with 68 % intervals",
            ["name", "value", "interval", "unit", "sample", "measured by"],
            [
                [m.name, *in_words(m.value, m.interval, m.limit), m.unit, m.sample, m.how]
                for m in card.metrics
            ],
        )
    if card.working_points:
        click.echo()
        print_table(
            "Working points, with 68 % intervals",
            ["name", "cut", "efficiency", "interval", "rejection", "interval", "measured on"],
            [
                [
                    point.name,
                    point.cut,
                    *in_words(point.efficiency, point.efficiency_error),
                    *in_words(point.rejection, point.rejection_error, point.rejection_limit),
                    point.sample,
                ]
                for point in card.working_points
            ],
        )
        for point in (point for point in card.working_points if point.against):
            click.echo()
            _show_thresholds(point)


def _type(output: Output) -> str:
    """What a value is, and of what: ``float32[2] per hit``."""
    shape = str(list(output.shape)) if output.shape else ""
    return output.dtype + shape + (f" per {output.per}" if output.per else "")


def _show_thresholds(point: WorkingPoint) -> None:
    """The thresholds of a working point that follow a column."""
    column = f"{point.against}{f' [{point.unit}]' if point.unit else ''}"
    pairs = zip(point.at, point.thresholds, strict=True)
    rows = [[f"{value:.6g}", f"{threshold:.7g}"] for value, threshold in pairs]
    print_table(f"Thresholds of {point.name}, linear in between", [column, point.output], rows)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
