"""Every error rootml raises on purpose.

    RootmlError
    ├── InputError            a file, tree, branch or value that cannot be used
    │   ├── FileError         missing, unreadable, not ROOT, truncated
    │   ├── TreeError         no such tree, no entries where some are needed
    │   ├── BranchError       missing branch, wrong type or shape
    │   ├── LayoutError       no layout matches the file, or more than one does
    │   └── DataError         values that cannot be right (cell index out of range, NaN)
    ├── OutputError           the destination cannot be written, or would be lost
    │   └── AppendRefused     branches cannot be added to this tree without risk
    ├── RegistryError         unknown or ambiguous name of an adapter, model or recipe
    │   ├── CardError         a model card that does not fit its schema
    │   ├── MissingNetwork    a network whose card is here, and the file nowhere
    │   └── IntegrityError    a file whose sha256 is not the one on its card
    ├── NetworkError          a network whose inputs or outputs do not fit its card
    │   └── ServerAway        a server of networks that cannot be reached, or is too slow
    ├── TrainingError         a training that cannot start or go on
    └── MissingExtra          an optional dependency that is not installed

The command line turns each of them into one message and exit code 2. What does not stop the
work is a :class:`RootmlWarning`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

_URL = re.compile(
    r"""(?P<scheme>\b[\w+.-]+://)(?P<user>[^\s/?@'"]*@)?(?P<path>[^\s?'"]*)"""
    r"""(?P<query>\?[^\s'"]*?(?=[:;,.)]*(?:[\s'"]|$)))?"""
)


def without_secrets(text: str) -> str:
    """The text with what URLs in it may keep secret blanked: user, password and query."""
    return _URL.sub(
        lambda url: (
            url["scheme"]
            + ("***@" if url["user"] else "")
            + url["path"]
            + ("?***" if url["query"] else "")
        ),
        text,
    )


class RootmlError(Exception):
    """Base of all errors that rootml raises on purpose; no message tells the secrets of a URL."""

    def __init__(self, message: str = "") -> None:
        super().__init__(without_secrets(message))


class InputError(RootmlError):
    """A file, tree, branch or value that cannot be used."""


class FileError(InputError):
    """A file that is missing, unreadable, not ROOT, or truncated."""


class TreeError(InputError):
    """No such tree, or no entries where some are needed."""


class BranchError(InputError):
    """A branch that is missing or has the wrong type or shape."""


class LayoutError(InputError):
    """No layout matches the file, or more than one does."""


class DataError(InputError):
    """Values that cannot be right; ``event`` counts within the events that were looked at."""

    def __init__(self, message: str, event: int | None = None):
        super().__init__(message)
        self.event = event


class OutputError(RootmlError):
    """A destination that cannot be written, or whose content would be lost."""


class AppendRefused(OutputError):
    """Branches that cannot be added to this tree without risk."""


class RegistryError(RootmlError):
    """An unknown or ambiguous name of an adapter, model or recipe."""


class CardError(RegistryError):
    """A model card that does not fit its schema."""


class MissingNetwork(RegistryError):
    """A network whose card is here, and the file nowhere to be found."""


class IntegrityError(RegistryError):
    """A file whose sha256 is not the one on its card."""


class NetworkError(RootmlError):
    """A network whose inputs or outputs do not fit its card."""


class ServerAway(NetworkError):
    """A server of networks that cannot be reached, or does not answer in time."""


class TrainingError(RootmlError):
    """A training that cannot start or go on."""


class MissingExtra(RootmlError):
    """An optional dependency that is not installed."""


@contextmanager
def located(where: str, first: int) -> Iterator[None]:
    """Say of every error on branches and values which file and tree ``where`` it is in.

    An error on an event names entry ``first + event``.
    """
    try:
        yield
    except DataError as error:
        entry = "" if error.event is None else f", entry {first + error.event}"
        raise DataError(f"{where}{entry}: {error}") from error
    except BranchError as error:
        raise BranchError(f"{where}: {error}") from error


class RootmlWarning(UserWarning):
    """Something was left out, or needs a second look; the work goes on."""

    def __init__(self, message: str = "") -> None:
        super().__init__(without_secrets(message))


def nearest(name: str, candidates: Iterable[str], count: int = 3) -> str:
    """Return ``"; did you mean 'a', 'b'?"``, or an empty string where nothing is near."""
    folded: dict[str, str] = {}
    for candidate in candidates:
        folded.setdefault(candidate.casefold(), candidate)
    near = difflib.get_close_matches(name.casefold(), folded, n=count, cutoff=0.5)
    if not near:
        return ""
    return "; did you mean " + ", ".join(repr(folded[key]) for key in near) + "?"
