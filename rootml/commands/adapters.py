"""``rootml adapters``: which experiments are known, and what rootml reads of their files."""

from __future__ import annotations

import json
from typing import Any

import click

from rootml.adapter import Adapter, Layout
from rootml.commands.console import print_table
from rootml.errors import RegistryError


@click.group()
def adapters() -> None:
    """List and show experiments."""


@adapters.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_command(as_json: bool) -> None:
    """List the installed adapters, and those that cannot be loaded."""
    from rootml.registry import list_adapters

    found = [_line(name) for name in list_adapters()]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    keys = ["name", "title", "layouts", "views", "default_model"]
    headers = [key.replace("_", " ") for key in keys]
    rows = [[_text(line[key]) for key in keys] for line in found]
    print_table("", headers, rows)
    for line in found:
        if line["problem"]:
            click.echo(f"\n{line['name']}: cannot be loaded: {line['problem']}")


@adapters.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(name: str, as_json: bool) -> None:
    """Show what the adapter NAME reads, sees and simulates."""
    from rootml.registry import get_adapter

    adapter = get_adapter(name)
    if as_json:
        click.echo(json.dumps(describe(adapter), indent=2))
        return
    default = adapter.default_model or "none"
    click.echo(f"{adapter.name}: {adapter.title} (default model: {default})")
    if adapter.doc:
        click.echo(f"{adapter.doc}")
    for layout in adapter.layouts:
        _show_layout(adapter, layout)
    click.echo()
    print_table(
        "Views",
        ["view", "tensor", "shape", "type", "unit", "made of"],
        [
            [view.name, spec.name, _shape(spec.shape), spec.dtype, spec.unit, _text(view.columns)]
            for view in adapter.views.values()
            for spec in view.tensors
        ],
    )
    _show_variations(adapter)
    if adapter.simulate is not None:
        click.echo(f"\nSimulation options: {_text([*adapter.simulation_options]) or 'none'}")
        for option, doc in adapter.simulation_options.items():
            click.echo(f"  {option}: {doc}")


def describe(adapter: Adapter) -> dict[str, Any]:
    """All that ``rootml adapters show`` says, as plain values."""
    return {
        "name": adapter.name,
        "title": adapter.title,
        "doc": adapter.doc,
        "default_model": adapter.default_model,
        "energy": adapter.energy,
        "simulation_options": dict(adapter.simulation_options),
        "layouts": [
            {
                "name": layout.name,
                "doc": layout.doc,
                "default_model": adapter.default_of(layout),
                "trees": list(layout.trees),
                "branches": {
                    key: {"names": list(b.names), "unit": b.unit, "optional": b.optional}
                    for key, b in layout.branches.items()
                },
                "columns": {column: list(keys) for column, keys in layout.columns.items()},
                "refusal": layout.refusal,
            }
            for layout in adapter.layouts
        ],
        "views": [
            {
                "name": view.name,
                "doc": view.doc,
                "columns": list(view.columns),
                "tensors": [
                    {"name": t.name, "shape": list(t.shape), "dtype": t.dtype, "unit": t.unit}
                    for t in view.tensors
                ],
                "summaries": [{"name": s.name, "unit": s.unit} for s in view.summaries],
                "variations": [
                    {"name": name, "nominal": one.nominal, "unit": one.unit, "doc": one.doc}
                    for name, one in view.variations.items()
                ],
            }
            for view in adapter.views.values()
        ],
    }


def _line(name: str) -> dict[str, Any]:
    from rootml.registry import get_adapter

    line = {"name": name, "title": "", "layouts": [], "views": [], "default_model": ""}
    try:
        adapter = get_adapter(name)
    except RegistryError as error:
        return line | {"problem": str(error)}
    return line | {
        "title": adapter.title,
        "layouts": [layout.name for layout in adapter.layouts],
        "views": [*adapter.views],
        "default_model": adapter.default_model,
        "problem": "",
    }


def _show_layout(adapter: Adapter, layout: Layout) -> None:
    default = adapter.default_of(layout)
    own = f" (default model: {default or 'none'})" if default != adapter.default_model else ""
    click.echo()
    print_table(
        f"Layout {layout.name!r}, tree {' or '.join(layout.trees)}{own}",
        ["branch", "or", "unit", "required", "meaning"],
        [
            [
                branch.names[0],
                _text(branch.names[1:]),
                branch.unit,
                "no" if branch.optional else "yes",
                branch.doc,
            ]
            for branch in layout.branches.values()
        ],
    )
    said = layout.refusal and f"Refused: {layout.refusal}"
    click.echo(f"\n{said or f'Logical columns: {_text([*layout.columns])}'}")


def _show_variations(adapter: Adapter) -> None:
    """The variations, each with the views that have it."""
    views: dict[str, list[str]] = {}
    for view in adapter.views.values():
        for name, one in view.variations.items():
            nominal = f"{one.nominal:g} {one.unit}".rstrip()
            said = f"{name}: {one.doc or 'varies the inputs'}; nominal {nominal}"
            views.setdefault(said, []).append(view.name)
    if views:
        click.echo("\nVariations (--vary):")
    for said, names in views.items():
        click.echo(f"  {said}; views {_text(names)}")


def _shape(shape: tuple[int | str, ...]) -> str:
    return f"({', '.join(['n', *map(str, shape)])})"


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, (list, tuple)) else str(value)
