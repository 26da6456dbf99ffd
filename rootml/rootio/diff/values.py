"""Comparing columns by value, a bounded number of entries at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import awkward as ak

from rootml.rootio.diff.plain import changes, in_words

CHUNK_BYTES = 8 << 20
"""What a chunk of one column may take in memory, uncompressed."""

ReadEntries = Callable[[int, int], ak.Array]


def compare_values(
    old: ReadEntries, new: ReadEntries, entries: int, size: int
) -> tuple[str, str] | None:
    """Return the first entry that differs, with both its values; None if all are equal.

    ``old`` and ``new`` read a range of entries, of which there are ``entries`` with about
    ``size`` bytes in all. NaN is equal to NaN.
    """
    step = max(1, CHUNK_BYTES * entries // max(size, CHUNK_BYTES, 1))
    for start in range(0, entries, step):
        stop = min(start + step, entries)
        a, b = old(start, stop), new(start, stop)
        if len(a) != stop - start or len(b) != stop - start:
            raise ValueError(f"entries {start} to {stop} are not all there")
        if not equal(a, b):
            index = _first_difference(a, b)
            return _words(start + index, a[index], b[index])
    return None


def equal(a: ak.Array, b: ak.Array) -> bool:
    """Tell whether two arrays of equal length hold equal values of one type."""
    return bool(ak.array_equal(a, b, equal_nan=True, same_content_types=False, check_regular=False))


def _first_difference(a: ak.Array, b: ak.Array) -> int:
    """Return the first index at which two arrays that are not equal differ."""
    low, high = 0, len(a)
    while high - low > 1:
        middle = (low + high) // 2
        if equal(a[low:middle], b[low:middle]):
            low = middle
        else:
            high = middle
    return low


def _words(entry: int, a: Any, b: Any) -> tuple[str, str]:
    """Name the entry, and within it the first item that differs."""
    was, now = ak.to_list(a), ak.to_list(b)
    where, was, now = next(changes(was, now), ("", was, now))
    first, second = in_words(was, now)
    return f"entry {entry:,}{where}: {first}", f"entry {entry:,}{where}: {second}"
