"""One file of a run, as it travels to a worker."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rootml.errors import RootmlError
from rootml.rootio.remote import location
from rootml.scale.outcome import FileOutcome
from rootml.scale.resume import is_made
from rootml.tagging.batch import tag_one
from rootml.tagging.prepare import TagOptions


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

    def __call__(self) -> FileOutcome:
        """Tag the file; an error becomes its outcome, so that other files go on."""
        target = None if self.target is None else location(self.target)
        try:
            if self.resume and is_made(self.source, self.target, self.options):
                return self.outcome()
            result = tag_one(self.source, target, self.options, dry_run=self.dry_run)
        except (RootmlError, OSError) as error:
            return self.failed(str(error))
        except Exception as error:  # a bug in rootml or in a plug-in: its file fails, not the run
            return self.failed(f"{type(error).__name__}: {error} (tag it alone to see where)")
        return replace(self.outcome(), result=result)

    def outcome(self) -> FileOutcome:
        """What came of it where nothing had to be done."""
        return FileOutcome(self.source, self.target or self.source)

    def failed(self, why: str) -> FileOutcome:
        """What came of it where there is no output."""
        return replace(self.outcome(), error=why)

    def again(self) -> Task:
        """The same once more, after a worker was lost: it may have come to its end."""
        return replace(self, resume=True)
