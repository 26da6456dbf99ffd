"""What came of each file of a run, and of the whole."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootml.errors import without_secrets
from rootml.tagging.plan import TagResult


@dataclass(frozen=True)
class FileOutcome:
    """What came of one file.

    ``target`` is the source where it was tagged in place. ``result``: what was done, None where
    nothing was: ``error`` says why, and is empty where the output was there already (``kept``).
    """

    source: str
    target: str
    result: TagResult | None = None
    error: str = ""

    @property
    def kept(self) -> bool:
        """Whether the output was there, made from this input by these networks and options."""
        return self.result is None and not self.error

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain values: the account of the file, or why there is none."""
        if self.result is not None:
            return self.result.to_json()
        state = {"error": self.error} if self.error else {"kept": True}
        named = {"source": self.source, "target": self.target}
        return {key: without_secrets(path) for key, path in named.items()} | state


Outcomes = Generator[tuple[int, FileOutcome], None, None]
"""``(number of the file, what came of it)`` as they come; close it to stop the rest."""


@dataclass(frozen=True)
class FilesResult:
    """What :func:`rootml.tag_files` did.

    ``outcomes``: one for each file, in the order given. ``workers``: what they ran on, in
    words. ``seconds``: of the tagging, from beginning to end. ``files``: those of the validation
    of the whole, and ``unvalidated``: why there are none, where that is an error.
    """

    outcomes: tuple[FileOutcome, ...]
    workers: str
    seconds: float
    files: tuple[Path, ...] = ()
    unvalidated: str = ""

    @property
    def failed(self) -> tuple[FileOutcome, ...]:
        """The files without an output."""
        return tuple(outcome for outcome in self.outcomes if outcome.error)

    @property
    def kept(self) -> tuple[FileOutcome, ...]:
        """The files whose output was there already."""
        return tuple(outcome for outcome in self.outcomes if outcome.kept)

    @property
    def events(self) -> int:
        """How many events went through the networks."""
        return sum(o.result.events for o in self.outcomes if o.result is not None)

    @property
    def rate(self) -> float:
        """Events per second from beginning to end, all workers together."""
        return self.events / self.seconds if self.seconds > 0 else 0.0
