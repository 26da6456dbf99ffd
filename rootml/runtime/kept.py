"""What is opened once a process and kept, for those who ask for it again and again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT = 4
"""How many of a kind are kept; the one that was not asked for longest goes first."""


class Kept(Generic[T]):
    """``make(*key)``, made once for each key; also when several threads ask.

    A forked process makes its own, as the threads of a network do not survive a fork; what it has
    inherited stays until it ends, since taking it down would wait for these threads for ever.
    """

    def __init__(self, make: Callable[..., T]):
        self._make = make
        self._inherited: list[Callable[..., T]] = []
        self._renew()
        os.register_at_fork(after_in_child=self._after_fork)

    def _renew(self) -> None:
        self._lock = threading.RLock()
        self._cached = lru_cache(maxsize=KEPT)(self._make)

    def _after_fork(self) -> None:
        self._inherited.append(self._cached)
        self._renew()

    def __call__(self, *key: Hashable) -> T:
        """What was made for ``key``."""
        with self._lock:
            return self._cached(*key)
