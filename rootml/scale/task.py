"""What travels to a worker: a file to be tagged, or some of its entries to be judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, Self, TypeVar

from rootml.errors import RootmlError
from rootml.rootio.remote import location
from rootml.scale.outcome import FileOutcome
from rootml.scale.resume import is_made
from rootml.tagging.batch import tag_one
from rootml.tagging.judging import Judge, judge_here
from rootml.tagging.prepare import TagOptions

Report = Callable[[int, int], None]
"""Is told of the events that are done, and of all, now and then."""
T_co = TypeVar("T_co", covariant=True)


class Errand(Protocol[T_co]):
    """Work that a worker does; it can be begun again where the worker is lost."""

    def __call__(self, report: Report) -> T_co:
        """Do it; an error becomes what comes of it, so that other work goes on."""

    def again(self) -> Self:
        """The same once more, after a worker was lost: it may have come to its end."""

    def failed(self, why: str) -> T_co:
        """What came of it where nobody could do it."""


@dataclass(frozen=True)
class Task:
    """A file to be tagged; ``target`` None: in place.

    ``resume``: an output that is there counts, if it is what this would make. ``dry_run``: only
    check all.
    """

    source: str
    target: str | None
    options: TagOptions
    resume: bool = False
    dry_run: bool = False

    def __call__(self, report: Report, judge: Judge = judge_here) -> FileOutcome:
        """Tag the file; ``judge``: who judges its events."""
        target = None if self.target is None else location(self.target)
        try:
            if self.resume and is_made(self.source, self.target, self.options):
                return self.outcome()
            result = tag_one(
                self.source, target, self.options, report, dry_run=self.dry_run, judge=judge
            )
        except Exception as error:
            return self.failed(reason(error))
        return replace(self.outcome(), result=result)

    def outcome(self) -> FileOutcome:
        """What came of it where nothing had to be done."""
        return FileOutcome(self.source, self.target or self.source)

    def failed(self, why: str) -> FileOutcome:
        """What came of it where there is no output."""
        return replace(self.outcome(), error=why)

    def again(self) -> Self:
        """The same once more, after a worker was lost: it may have come to its end."""
        return replace(self, resume=True)


def reason(error: Exception) -> str:
    """An error in words; one that nobody raised on purpose is a bug, here or in a plug-in."""
    if isinstance(error, RootmlError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error} (tag it alone to see where)"
