"""What comparing two files finds out, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Change = tuple[str, str]
"""What was and what is, in words."""


@dataclass(frozen=True)
class Entry:
    """One thing of a file, and what it ``was`` and ``is``, in words.

    ``path``: ``folder/tree/branch``, or ``folder/name;cycle`` where a name has several cycles;
    ``kind``: branch, tree, field, ntuple, object, directory, streamer info.
    """

    path: str
    kind: str
    was: str = ""
    now: str = ""


@dataclass(frozen=True)
class FileDiff:
    """How file ``b`` differs from file ``a``.

    ``identical`` holds what is the same, and how that is known. ``notes`` are differences that
    no reader sees: compression, sizes of baskets, the order of keys.
    """

    a: str
    b: str
    added: tuple[Entry, ...] = ()
    changed: tuple[Entry, ...] = ()
    lost: tuple[Entry, ...] = ()
    identical: tuple[Entry, ...] = ()
    notes: tuple[Entry, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing was added, changed or lost."""
        return not self.added and self.keeps_all

    @property
    def keeps_all(self) -> bool:
        """Whether all of ``a`` is in ``b``, unchanged."""
        return not self.changed and not self.lost

    def to_json(self) -> dict[str, Any]:
        """Return plain values; of what is identical only the number of each kind."""
        lists = {name: getattr(self, name) for name in ("added", "changed", "lost", "notes")}
        return {
            "a": self.a,
            "b": self.b,
            "same": self.same,
            "keeps_all": self.keeps_all,
            **{name: [vars(entry) for entry in entries] for name, entries in lists.items()},
            "identical": dict(Counter(entry.kind for entry in self.identical)),
        }


@dataclass
class Findings:
    """The lists of a FileDiff while they grow."""

    added: list[Entry] = field(default_factory=list)
    changed: list[Entry] = field(default_factory=list)
    lost: list[Entry] = field(default_factory=list)
    identical: list[Entry] = field(default_factory=list)
    notes: list[Entry] = field(default_factory=list)

    def judge(
        self, path: str, kind: str, changes: list[Change], how: str, notes: Iterable[Change] = ()
    ) -> None:
        """Take down ``changes``, or that the thing is identical, ``how``; and ``notes``."""
        self.changed += [Entry(path, kind, *change) for change in changes]
        self.notes += [Entry(path, kind, *note) for note in notes]
        if not changes:
            self.identical.append(Entry(path, kind, how, how))
