"""Tables of a report: whatever its figures hold in rows becomes one, by the figures' own shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rootml.validation.page.cells import Cell, Flag, cell
from rootml.validation.page.shapes import (
    LEFT_OUT,
    Row,
    called,
    columns,
    is_leaf,
    matrices,
    rows,
    singles,
    words,
)

ALARMS = {"drifts", "failed"}
"""Keys whose row is marked where they are true."""

DIGITS = {"threshold": 7}
"""Significant digits of figures without errors, where they are not four; cuts are float32."""

UNFOLDED = {"estimators", "inputs"}
"""Keys of tables that are shown although they are of figures within figures."""

MOST_COLUMNS, FEW_ROWS = 10, 3
"""Rows with more columns stand upright, where there are so few of them."""

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


def tables(figures: Mapping[str, Any], title: str = "", *, within: bool = False) -> Iterator[Table]:
    """Every table of plain ``figures``; titles say where in them it stands.

    Single figures are a table of two columns; then come lists of one length, matrices of
    classes, and what is in rows. ``within``: whether the figures are a part of others.
    """
    if lines := rows(figures):
        yield _table(title or "figures", lines, within=within)
        return
    upright = columns(figures)
    done = LEFT_OUT | upright.keys() | ({"title", "unit"} if "title" in figures else set())
    single = _upright(singles(figures, done))
    if "rows" in figures:
        about = ", ".join(f"{line['figure']} {cell(line['value']).text}" for line in single)
        title = f"{title} ({about})" if about else title
    elif single:
        yield _table(title or "figures", single, within=within)
    if upright:
        lines = [
            dict(zip(upright, line, strict=True)) for line in zip(*upright.values(), strict=True)
        ]
        yield _table(_joined(title, "one by one"), lines, within=within)
    tabular = dict(matrices(figures))
    for key, value in figures.items():
        if key in done or is_leaf(value):
            continue
        name = _joined(title, called(key, value))
        found = tabular.get(key) or rows(value)
        if len(found) <= FEW_ROWS and any(len(row) > MOST_COLUMNS for row in found):
            found = _upright(*found)
        if found:
            yield _table(name, found, within=within and key not in UNFOLDED)
        elif isinstance(value, Mapping) and not all(map(is_leaf, value.values())):
            yield from tables(value, name, within=True)


def _upright(*lines: Row) -> list[Row]:
    """Rows as columns under their titles; a single one is called value."""
    keys = dict.fromkeys(key for line in lines for key in line)
    titles = ["value"] if len(lines) == 1 else [str(line.get("title", "")) for line in lines]
    if len(set(titles)) < len(lines):
        return list(lines)
    if len(lines) > 1:
        keys = dict.fromkeys(key for key in keys if key not in ("name", "title"))
    shown = (key for key in keys if any(line.get(key) not in (None, "") for line in lines))
    return [
        {"figure": words(key)} | dict(zip(titles, (line.get(key) for line in lines), strict=True))
        for key in shown
    ]


def _joined(title: str, part: str) -> str:
    between = " " if title.endswith("against") else ", "
    return between.join(filter(None, (title, part)))


def _table(title: str, lines: Sequence[Row], *, within: bool) -> Table:
    """Rows under the names of all their keys, but those that are nothing everywhere."""
    keys = dict.fromkeys(key for line in lines for key in line)
    shown = [key for key in keys if any(line.get(key) not in (None, "") for line in lines)]
    flags: tuple[Flag, ...] = tuple(
        "bad" if any(line.get(key) is True for key in ALARMS) else "" for line in lines
    )
    cells = tuple(tuple(cell(line.get(key), DIGITS.get(key, 4)) for key in shown) for line in lines)
    return Table(title, tuple(words(key) for key in shown), cells, flags, within)
