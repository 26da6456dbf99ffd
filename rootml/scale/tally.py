"""How far a run over many files is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """``events`` done of about ``expected``, in ``files`` done of ``of``.

    What is not known yet of files that were not opened is expected to be as in the others.
    """

    files: int
    of: int
    events: int
    expected: int


class Tally:
    """Counts the events of ``files`` files as their workers tell of them."""

    def __init__(self, files: int) -> None:
        self._files = files
        self._finished: set[int] = set()
        self._counts: dict[int, tuple[int, int]] = {}

    def heard(self, number: int, done: int, total: int) -> None:
        """Of a file, ``done`` events of ``total`` are through: fewer, where it is begun again."""
        if number not in self._finished:  # news may be late
            self._counts[number] = done, total

    def finished(self, number: int, events: int) -> None:
        """A file has come to its end with so many events."""
        self._finished.add(number)
        self._counts[number] = events, events

    @property
    def progress(self) -> Progress:
        """How far all files are together."""
        done, known = (sum(counts) for counts in zip(*self._counts.values(), strict=True))
        with_events = sum(total > 0 for _, total in self._counts.values())
        mean = max(1, round(known / max(1, with_events)))
        unknown = mean * (self._files - len(self._counts))
        return Progress(len(self._finished), self._files, done, known + unknown)
