"""Comparing stretches of bytes at the same places of two files, at the speed of reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rootml.rootio.container.root_file import RootFile

Ranges = npt.NDArray[np.int64]
SAME_BYTES = "same bytes"
"""How the most is known to be identical."""
_NOWHERE = np.zeros((0, 2), np.int64)
_STEP = 1 << 20


def differing(
    old: RootFile, new: RootFile, ranges: Ranges, report: Callable[[int], None]
) -> npt.NDArray[np.bool_]:
    """Tell for each of ``ranges``, (n, 2), first byte and end, whether its bytes differ.

    Neighbours are read together. ``report`` is told how many bytes were compared.
    """
    out = np.zeros(len(ranges), bool)
    for start, stop in _merged(ranges):
        for first in range(start, stop, _STEP):
            size = min(_STEP, stop - first)
            a, b = old.read(first, size), new.read(first, size)
            if a != b:
                places = first + _unequal(a, b)
                edges = np.searchsorted(places, ranges)
                out |= edges[:, 0] < edges[:, 1]
            report(size)
            if not a and not b:
                break
    return out


def sweep(
    old: RootFile, new: RootFile, places: Sequence[Ranges | None], report: Callable[[int], None]
) -> list[bool]:
    """Tell for each thing that is at ``places`` of both files whether its bytes are the same.

    None stands for a thing that is not at the same places.
    """
    table = np.concatenate([_NOWHERE, *(ranges for ranges in places if ranges is not None)])
    sizes = [-1 if ranges is None else len(ranges) for ranges in places]
    unequal = np.concatenate([[0], np.cumsum(differing(old, new, table, report))])
    stops = np.cumsum(np.maximum(sizes, 0))
    return [
        size >= 0 and bool(unequal[stop] == unequal[stop - size])
        for size, stop in zip(sizes, stops.tolist(), strict=True)
    ]


def _merged(ranges: Ranges) -> list[tuple[int, int]]:
    """Return the union of the ranges, ascending."""
    if not len(ranges):
        return []
    ordered = ranges[np.argsort(ranges[:, 0], kind="stable")]
    reach = np.maximum.accumulate(ordered[:, 1])
    breaks = np.flatnonzero(ordered[1:, 0] > reach[:-1]) + 1
    starts = ordered[np.concatenate([[0], breaks]), 0]
    stops = reach[np.concatenate([breaks - 1, [len(reach) - 1]])]
    return list(zip(starts.tolist(), stops.tolist(), strict=True))


def _unequal(a: bytes, b: bytes) -> npt.NDArray[np.int64]:
    """Return where two pieces differ; what only one has differs too."""
    shared = min(len(a), len(b))
    differ = np.ones(max(len(a), len(b)), bool)
    differ[:shared] = np.frombuffer(a, np.uint8, shared) != np.frombuffer(b, np.uint8, shared)
    return np.flatnonzero(differ)
