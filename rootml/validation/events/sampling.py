"""The best few of many events, and fair samples of them, chunk by chunk in bounded memory.

What is kept depends on the events alone, not on how they are cut into chunks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from rootml.spec import Array

T = TypeVar("T")


def noise(keys: Array, seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each integer key, always the same, that looks random.

    The finaliser of SplitMix64 (G. L. Steele et al., OOPSLA 2014, fig. 16).
    """
    start = (seed + 1) * 0x9E3779B97F4A7C15 % 2**64
    z = np.asarray(keys).astype(np.uint64) + np.uint64(start)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    made: npt.NDArray[np.float64] = (z >> np.uint64(11)) / 2.0**53
    return made


class Best(Generic[T]):
    """The ``limit`` items of the highest rank, ties by lot."""

    def __init__(self, limit: int):
        self.limit = limit
        self._kept: list[tuple[tuple[float, float], T]] = []

    def offer(self, rank: Array, lot: Array, make: Callable[[int], T]) -> None:
        """Take what belongs to the best of some items; a rank of NaN or -inf is not in the race.

        ``rank``, ``lot``: (n,); ``make(i)``: the i-th item, called for those alone that are kept.
        """
        full = len(self._kept) >= self.limit
        least = self._kept[-1][0] if full and self._kept else (-np.inf, -np.inf)
        able = (rank > least[0]) | ((rank == least[0]) & (lot > least[1]))
        rows = _first(np.flatnonzero(able & (rank > -np.inf)), rank, lot, self.limit)
        order = rows[np.lexsort((lot[rows], rank[rows]))[::-1][: self.limit]]
        made = [((float(rank[i]), float(lot[i])), make(int(i))) for i in order]
        self._kept = sorted([*self._kept, *made], key=lambda kept: kept[0], reverse=True)
        del self._kept[self.limit :]

    def items(self) -> list[T]:
        """The items kept, the best first."""
        return [item for _, item in self._kept]


def _first(rows: Array, rank: Array, lot: Array, limit: int) -> Array:
    """Of many rows few, among them the ``limit`` best: sorting all takes ten times as long."""
    if len(rows) <= limit:
        return rows
    ranks = rank[rows]
    least = np.partition(ranks, -limit)[-limit]
    above, ties = rows[ranks > least], rows[ranks == least]
    if len(ties) > limit:
        ties = ties[np.argpartition(lot[ties], -limit)[-limit:]]
    return np.concatenate((above, ties))
