"""Bars and tables by rich, which takes a tenth of a second to load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from rootml.commands.console import Report, per_second


class RateColumn(ProgressColumn):
    """Events, or what else is counted, per second."""

    def __init__(self, unit: str):
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The rate of the task so far."""
        speed = task.finished_speed or task.speed
        text = "" if speed is None else per_second(speed, self._unit)
        return Text(text, style="progress.data.speed")


@contextmanager
def bar(label: str, then: str, unit: str) -> Iterator[Report]:
    """Yield what moves the bar; ``then``: what still goes on when all is counted."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(unit),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as shown:
        task = shown.add_task(label, total=None)

        def update(done: int, total: int, where: str = "") -> None:
            now = then if then and done >= total else where
            text = f"{label}: {now}" if now else label
            shown.update(task, description=text, completed=done, total=total)

        yield update


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, stderr: bool = False) -> None:
    """Print a table, 160 characters wide where no terminal says how wide."""
    made = Table(box=None, pad_edge=False)
    for index, header in enumerate(headers):
        numeric = rows and all(row[index][:1].isdigit() for row in rows)
        made.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*row)
    terminal = Console(markup=False, stderr=stderr)
    if not terminal.is_terminal:
        terminal = Console(markup=False, stderr=stderr, width=160)
    terminal.print(made)
