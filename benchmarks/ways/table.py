"""Tables of a record, in Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from record import Record, median, ratios, turns

HEAD = "| way | seconds | ratio | of the processor | ratio | peak MB |\n|---|---|---|---|---|---|"


def tables(record: Record) -> str:
    machine = record.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    conditions = (
        f"{record.date}, {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory GB']} GB, {machine['system']}, Python {machine['python']}, "
        f"rootml {machine['rootml']}, {packages}"
    )
    lines = textwrap.wrap(conditions, 118)
    for contest in record.contests.values():
        lines += ["", *table(contest)]
    return "\n".join(lines)


def table(contest: dict[str, Any]) -> Iterator[str]:
    """Title, rows, and what did not take part."""
    rounds = contest["rounds"]
    ways = list(dict.fromkeys(way for round_ in rounds for way in round_))
    counts = sorted({len(turns(rounds, way)) for way in ways})
    yield f"{contest['title']}; median of {' or '.join(map(str, counts))} turns"
    yield ""
    yield HEAD
    for way in ways:
        seconds, cpu, memory = median(rounds, way)
        ratio, cpu_ratio = ratios(rounds, way, contest["base"])
        yield (
            f"| {way} | {seconds:.{digits(seconds)}f} | {ratio:.2f} "
            f"| {cpu:.{digits(cpu)}f} | {cpu_ratio:.2f} | {memory:.0f} |"
        )
    for way, install in contest["missing"].items():
        yield f"\nNot installed: {way} ({install})"


def digits(seconds: float) -> int:
    """Decimal places: milliseconds where they count."""
    return 2 if seconds >= 1 else 3
