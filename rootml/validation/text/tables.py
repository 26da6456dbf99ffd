"""Tables of a page of text, and what stands in their cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rootml.validation.statistics.rounding import interval


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def known(share: Mapping[str, float]) -> str:
    """An estimate; a dash where there is none."""
    return interval(share, 4) if share["value"] is not None and share["value"] >= 0 else "-"
