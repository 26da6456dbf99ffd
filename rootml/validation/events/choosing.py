"""Single events to look at: typical ones, the worst mistakes, some at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.units import Units
from rootml.validation.events.sampling import Best
from rootml.validation.events.standouts import ranks
from rootml.validation.events.telling import Chunk
from rootml.validation.study import Event

PER_KIND = 3
"""Events of each kind."""

_TIES, _LOTS = 7, 8
"""Seeds: which events of equal rank are taken, and which at random."""


class EventPicker:
    """Picks single events of one network and sample while they stream by.

    ``per_kind``: how many of each kind (see :func:`standouts.ranks`). ``facts``: shown with each.
    The same events are picked however they are cut into chunks.
    """

    def __init__(
        self, setting: Setting, *, per_kind: int = PER_KIND, facts: Mapping[str, Any] | None = None
    ):
        self.setting = setting
        self.per_kind = per_kind
        self.facts = dict(facts or {})
        self._best: dict[str, Best[tuple[tuple[Any, ...], Event]]] = {}

    def fill(self, units: Units, entries: Array, facts: Mapping[str, Any] | None = None) -> None:
        """Look at a chunk.

        ``entries``: (n,) entry number of each unit, judged or not; ``facts``: of this chunk
        alone, such as its file.
        """
        chunk = Chunk(self.setting, units, entries, {**self.facts, **(facts or {})})
        judged, left = np.flatnonzero(chunk.judged), np.flatnonzero(~chunk.judged)
        ties, lots = chunk.lots(_TIES), chunk.lots(_LOTS)
        for kind, rank in ranks(self.setting, units):
            self._offer(kind, rank, ties[judged], chunk.of_row)
        self._offer("random", lots[judged], ties[judged], chunk.of_row)
        self._offer("not judged", lots[left], ties[left], lambda i: chunk.of_unit(int(left[i])))

    def events(self) -> tuple[Event, ...]:
        """The events picked, each once, as the first kind that it is of."""
        seen: dict[tuple[Any, ...], Event] = {}
        for kind, best in self._best.items():
            for key, event in best.items():
                seen.setdefault(key, replace(event, kind=kind))
        return tuple(seen.values())

    def _offer(self, kind: str, rank: Array, ties: Array, make: Callable[[int], Any]) -> None:
        self._best.setdefault(kind, Best(self.per_kind)).offer(rank, ties, make)
