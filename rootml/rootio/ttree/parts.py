"""Objects as walking reads them, with as much of uproot's Model as is used of them.

``span`` and ``ancestry`` tell of both where they are and what they are derived from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rootml.errors import AppendRefused


@dataclass(eq=False, slots=True)
class Part:
    """An object, or its part of one base class.

    ``start`` and ``num_bytes`` are its place, byte count included. All parts of an object share
    ``members``.
    """

    classname: str
    start: int
    num_bytes: int
    bases: list[Part] = field(default_factory=list)
    members: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """``fName``."""
        return str(self.members["fName"])

    @property
    def branches(self) -> Sequence[Any]:
        """``fBranches``."""
        return self.members["fBranches"]  # type: ignore[no-any-return]

    @property
    def num_entries(self) -> int:
        """``fEntries``."""
        return int(self.members["fEntries"])

    def has_member(self, name: str, all: bool = True) -> bool:
        """Tell whether there is such a member."""
        return name in self.members

    def member(self, name: str, all: bool = True, none_if_missing: bool = False) -> Any:
        """Return a member by its name in C++."""
        return self.members.get(name) if none_if_missing else self.members[name]


@dataclass(eq=False, slots=True)
class ObjArray(Part):
    """A TObjArray."""

    items: list[Any] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Any:
        return self.items[index]


def span(model: Any) -> tuple[int, int]:
    """Return the bytes of an object from its byte count on; AppendRefused without one."""
    if model.num_bytes is None:
        raise AppendRefused(f"its {model.classname} has no byte count (very old ROOT)")
    start = model.start if isinstance(model, Part) else int(model.cursor.index)
    return start, start + int(model.num_bytes)


def ancestry(model: Any, class_name: str) -> list[Any]:
    """Return the object and its parts from its own class down to the base ``class_name``."""
    if model.classname == class_name:
        return [model]
    for base in model.bases:
        with contextlib.suppress(AppendRefused):
            return [model, *ancestry(base, class_name)]
    raise AppendRefused(f"{model.classname} is not a {class_name}")
