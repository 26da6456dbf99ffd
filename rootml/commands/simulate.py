"""``rootml simulate``: files shaped like an experiment's own, with truth."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from rootml.commands.console import parse_range, progress
from rootml.errors import InputError, RegistryError


@click.command(short_help="Write a simulated file with truth.")
@click.argument("adapter")
@click.option("-n", "--events", type=click.IntRange(1), required=True, help="How many events.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="ROOT file to write, or HDF5 (.h5) where the experiment has such.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Seed of the random generator: the same seed gives the same events.",
)
@click.option("--layout", help="File format to write. Default: the experiment's first.")
@click.option("--energy", metavar="A:B", help="Range of reconstructed energy in GeV.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A further option of the experiment's simulation; repeatable. "
    "'rootml adapters show NAME' lists them.",
)
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def simulate(
    adapter: str,
    events: int,
    output: Path,
    seed: int,
    layout: str | None,
    energy: str | None,
    settings: tuple[str, ...],
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write a simulated file of the experiment ADAPTER, with the truth in truth_* branches.

    \b
    rootml simulate ams -n 100000 --energy 200:2000 -o ams.root
    """
    from rootml.registry import get_adapter
    from rootml.rootio.container.transaction import check_target

    chosen = get_adapter(adapter)
    if chosen.write is None:
        raise RegistryError(f"adapter {adapter!r} has no simulation")
    names = [known.name for known in chosen.layouts]
    if layout is not None and layout not in names:
        raise InputError(f"{adapter}: no layout {layout!r} (layouts: {', '.join(names)})")
    options = _options(settings, chosen.simulation_options)
    if energy is not None and "energy" not in chosen.simulation_options:
        raise InputError(f"{adapter}: its simulation takes no --energy; see 'rootml adapters show'")
    if energy is not None:
        options["energy"] = _energy(energy)
    check_target(output, overwrite=overwrite)
    started = time.perf_counter()
    with progress(f"simulating {adapter}", quiet=quiet) as report:
        chosen.write(
            output,
            events,
            np.random.default_rng(seed),
            layout=layout or names[0],
            progress=lambda done: report(done, events),
            **options,
        )
    if not quiet:
        seconds = time.perf_counter() - started
        click.echo(
            f"{output}: {events:,} events of {chosen.title}, layout {layout or names[0]}, "
            f"seed {seed}, {output.stat().st_size / 1e6:.1f} MB "
            f"in {seconds:.1f} s ({events / seconds:,.0f} events/s)"
        )


def _options(settings: tuple[str, ...], known: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or key not in known:
            there = "".join(f"\n  {name}: {doc}" for name, doc in known.items())
            raise InputError(f"--set {setting!r}: expected KEY=VALUE with one of{there}")
        options[key] = _value(text)
    return options


def _value(text: str) -> bool | float | str:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _energy(text: str) -> tuple[float, float]:
    low, high = parse_range(text, float)
    if low is None or high is None or not 0 < low < high:
        raise InputError(f"--energy {text!r}: expected A:B in GeV with 0 < A < B")
    return low, high
