"""Shares, intervals and tables as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


def percent(row: Record, digits: int = 2) -> str:
    """A share and half of its interval, in per cent."""
    if not math.isfinite(row["value"]):
        return "-"
    return f"{100 * row['value']:.{digits}f} ± {100 * half(row):.{digits}f}"


def half(row: Record) -> float:
    """Half of an interval."""
    return float(row["high"] - row["low"]) / 2


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
