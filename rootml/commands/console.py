"""What the command line shows while it works, and the tables it prints."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import click

LOG_SECONDS = 10.0
"""How often a batch log gets a line."""


class Report(Protocol):
    """Shows how far the work is."""

    def __call__(self, done: int, total: int, where: str = "") -> None:
        """So many of all are done; ``where``: what else there is to say."""


@contextmanager
def progress(
    label: str, *, then: str = "", unit: str = "events", quiet: bool = False
) -> Iterator[Report]:
    """Yield what shows the progress: a bar on a terminal, plain lines in a batch log.

    ``then``: what still goes on when all is counted; ``unit``: what is counted.
    """
    if quiet:
        yield lambda done, total, where="": None
    elif sys.stderr.isatty():
        from rootml.commands.terminal import bar

        with bar(label, then, unit) as report:
            yield report
    else:
        yield _Lines(label, unit)


class _Lines:
    """One line at the end, and one every ``LOG_SECONDS`` before."""

    def __init__(self, label: str, unit: str):
        self._label, self._unit = label, unit
        self._start = self._last = time.monotonic()

    def __call__(self, done: int, total: int, where: str = "") -> None:
        now = time.monotonic()
        if done < total and now - self._last < LOG_SECONDS:
            return
        self._last = now
        rate = done / max(now - self._start, 1e-9)
        left = (total - done) / max(rate, 1e-9)
        click.echo(
            f"{self._label}: {done:,} of {total:,} {self._unit}, {per_second(rate, self._unit)}"
            + (f", {left:.0f} s left" if done < total else "")
            + (f"; {where}" if where else ""),
            err=True,
        )


def per_second(rate: float, unit: str) -> str:
    """A rate in words; two digits of a slow one."""
    return f"{rate:,.0f} {unit}/s" if rate >= 10 else f"{rate:.2g} {unit}/s"


def print_table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print an aligned table; columns whose cells are all numbers are right-aligned."""
    from rootml.commands.terminal import table

    if title:
        click.echo(title)
    table(headers, rows)


def parse_range(text: str, kind: Callable[[str], float]) -> tuple[float | None, float | None]:
    """Read ``"A:B"``, with either side free to be left out."""
    low, colon, high = text.partition(":")
    if not colon:
        raise click.BadParameter(f"{text!r}: expected A:B")
    try:
        return (kind(low) if low else None), (kind(high) if high else None)
    except ValueError:
        raise click.BadParameter(f"{text!r}: expected two numbers as A:B") from None


@contextmanager
def loading() -> Iterator[None]:
    """Modules are loaded without a search for garbage: nearly all that they make stays.

    The search takes a tenth of the time otherwise, and would meet them again in every later one.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
