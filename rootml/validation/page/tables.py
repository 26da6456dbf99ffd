"""Tables of a report: whatever its figures hold in rows becomes one, by the figures' own shape.

A mapping of numbers is a table of two columns; a list of flat mappings, or a mapping of alike flat
mappings, is a table with a row each. Curves, long lists of numbers, are in the plots.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rootml.validation.page.cells import Cell, Flag, cell, is_estimate

NAMES = {
    "": "name",
    "auc": "AUC",
    "chi2": "χ²",
    "ece": "expected calibration error",
    "fraction": "share outside",
    "ks": "KS distance",
    "ndof": "degrees of freedom",
    "p_value": "p-value",
    "rms": "RMS",
}
"""Keys of figures that read otherwise than their words."""

ALARMS = {"drifts", "failed", "outside_limit"}
"""Keys whose row is marked where they are true."""

SHORT_LIST = 4
"""Lists of up to so many plain values stand in one cell."""

OPEN_ROWS = 16
"""Tables with more rows are folded, and those of figures within figures."""


@dataclass(frozen=True)
class Table:
    """A table of the page: a title, names of columns, rows of as many cells."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    flags: tuple[Flag, ...] = ()
    within: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is shown unfolded."""
        return not self.within and len(self.rows) <= OPEN_ROWS

    @cached_property
    def numbers(self) -> tuple[bool, ...]:
        """Which columns hold numbers, and nothing else but gaps."""
        columns = ([row[column] for row in self.rows] for column in range(len(self.head)))
        return tuple(
            any(cell.is_number for cell in column) and not any(cell.is_text for cell in column)
            for column in columns
        )

    def marked(self) -> Iterator[tuple[Flag, tuple[Cell, ...]]]:
        """Rows with their flags."""
        flags = self.flags or ("",) * len(self.rows)
        yield from zip(flags, self.rows, strict=True)


def words(key: str) -> str:
    """How the page calls a key of the figures."""
    return NAMES.get(key, key.replace("_", " "))


def tables(figures: Mapping[str, Any], title: str = "", *, within: bool = False) -> Iterator[Table]:
    """Every table of plain ``figures``; titles say where in them it stands.

    ``within``: whether the figures are a part of others.
    """
    plain = {key: value for key, value in figures.items() if _is_leaf(value)}
    pairs = tuple(
        (cell(words(key)), cell(value)) for key, value in plain.items() if value not in (None, "")
    )
    if pairs:
        yield Table(title or "figures", ("figure", "value"), pairs, within=within)
    for key, value in figures.items():
        if key in plain:
            continue
        name = f"{title}, {words(key)}" if title else words(key)
        rows = _rows(value)
        if rows:
            yield _table(name, rows, within=within)
        elif isinstance(value, Mapping):
            yield from tables(value, name, within=True)


def _rows(value: Any) -> list[dict[str, Any]]:
    """The rows of a list of mappings, or of a mapping of flat mappings; none where it is neither.

    Items without figures (None) are left out.
    """
    if isinstance(value, Mapping):
        found = [item for item in value.values() if item is not None]
        if not found or not all(_is_flat(item) for item in found):
            return []
        return [{"": key} | _flat(item) for key, item in value.items() if item is not None]
    if _is_sequence(value) and value and all(isinstance(item, Mapping) for item in value):
        return [_flat(item) for item in value]
    return []


def _table(title: str, rows: Sequence[Mapping[str, Any]], *, within: bool) -> Table:
    """Rows under the names of all their keys, but those that are nothing everywhere."""
    keys = dict.fromkeys(key for row in rows for key in row)
    shown = [key for key in keys if any(row.get(key) not in (None, "") for row in rows)]
    flags: tuple[Flag, ...] = tuple(
        "bad" if any(row.get(key) is True for key in ALARMS) else "" for row in rows
    )
    cells = tuple(tuple(cell(row.get(key)) for key in shown) for row in rows)
    return Table(title, tuple(words(key) for key in shown), cells, flags, within)


def _flat(row: Mapping[str, Any], under: str = "") -> dict[str, Any]:
    """A row of leaves; nested ones carry the names above them."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        name = f"{under} {words(key)}".strip() if under else key
        if _is_leaf(value):
            flat[name] = value
        elif isinstance(value, Mapping):
            flat |= _flat(value, words(name))
        elif _is_sequence(value) and all(isinstance(item, Mapping) for item in value):
            for item in value:
                flat |= _flat_at(item)
    return flat


def _flat_at(item: Mapping[str, Any]) -> dict[str, Any]:
    """A row within a row: its first figure says which, as ``beyond (bound 0.7)``."""
    (first, at), *others = item.items()
    where = f"({words(first)} {cell(at).text})"
    return {f"{words(key)} {where}": value for key, value in others if _is_leaf(value)}


def _is_flat(value: Any) -> bool:
    """Whether a mapping can be a row: leaves, at most in mappings, and lists of numbers."""
    if not isinstance(value, Mapping) or is_estimate(value):
        return False
    inner = [item for item in value.values() if not _is_leaf(item)]
    nested = any(_is_sequence(item) and any(isinstance(x, Mapping) for x in item) for item in inner)
    return len(inner) < len(value) and not nested


def _is_leaf(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    if value is None or isinstance(value, (str, int)) or is_estimate(value):
        return True
    short = _is_sequence(value) and 0 < len(value) <= SHORT_LIST
    return short and all(isinstance(item, (str, int, float)) for item in value)


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
