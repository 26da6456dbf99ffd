"""Tables of a record, in Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from record import Record, medians

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
    found = medians(contest["runs"])
    turns = sorted({len(runs) for runs in contest["runs"].values()})
    yield f"{contest['title']}; median of {' to '.join(map(str, turns))} turns"
    yield ""
    yield HEAD
    for way, (seconds, cpu, memory) in found.items():
        base_seconds, base_cpu, _ = found[contest["base"]]
        yield (
            f"| {way} | {seconds:.{digits(seconds)}f} | {seconds / base_seconds:.2f} "
            f"| {cpu:.{digits(cpu)}f} | {cpu / base_cpu:.2f} | {memory:.0f} |"
        )
    for way, install in contest["missing"].items():
        yield f"\nNot installed: {way} ({install})"


def digits(seconds: float) -> int:
    """Decimal places: milliseconds where they count."""
    return 2 if seconds >= 1 else 3
