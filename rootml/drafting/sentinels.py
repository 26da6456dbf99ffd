"""Values that stand for something else: -999, the largest integer, NaN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np

from rootml.drafting.branches import NtupleBranch
from rootml.rootio.events.base import Events
from rootml.spec import Array

LOOKED_AT = 1000
"""Entries whose values are looked at."""
SMALLEST = 90
"""A round number below it is as good a measurement as any other."""
VARIED = 10
"""Distinct values from which on their spread says what is far off."""
FAR = 10
"""A gap of so many spreads of all others."""
_LIMITS = {float(np.finfo(kind).max) for kind in ("f4", "f8")} | {
    float(abs(int(end)))
    for kind in ("i2", "u2", "i4", "u4", "i8", "u8")
    for end in (np.iinfo(kind).min, np.iinfo(kind).max)
}


@dataclass(frozen=True)
class Oddity:
    """A value that is no measurement, and the fraction of a branch's values that are it.

    ``branch`` is what expressions call it.
    """

    branch: str
    value: float
    fraction: float

    def __str__(self) -> str:
        return f"{self.value:.10g} in {self.fraction:.1%}"


def find_oddities(events: Events, branches: Mapping[str, NtupleBranch]) -> list[Oddity]:
    """Look for such values in the first entries of some branches, given by their names."""
    found = []
    stop = min(events.num_entries, LOOKED_AT)
    for name, branch in branches.items():
        raw = events.read([branch.path], 0, stop)[branch.path]
        values = ak.to_numpy(ak.drop_none(ak.flatten(raw, axis=None)))
        found += [
            Oddity(name, value, float(np.mean(np.isclose(values, value, equal_nan=True))))
            for value in odd_values(values)
        ]
    return found


def odd_values(values: Array) -> list[float]:
    """Those of ``values`` that are not finite, or at one end and far from all others."""
    finite = values[np.isfinite(values)].astype(np.float64)
    odd = [float(value) for value in np.unique(values[~np.isfinite(values)])]
    distinct, counts = np.unique(finite, return_counts=True)
    ends = {float(distinct[i]): int(counts[i]) for i in (0, -1)} if distinct.size else {}
    return odd + [v for v, count in ends.items() if _is_far(v, count, distinct[distinct != v])]


def _is_far(value: float, count: int, others: Array) -> bool:
    gap = float(np.abs(others - value).min(initial=np.inf))
    if _is_conventional(value):
        return gap > abs(value) / 2
    return count > 1 and len(others) >= VARIED and gap > FAR * float(np.ptp(others))


def _is_conventional(value: float) -> bool:
    """Whether people write it for "none": -999, 9999, -1000, the limits of integers and floats."""
    size = abs(value)
    if size < SMALLEST or size != round(size):
        return False
    digits = f"{size:.0f}"
    return size in _LIMITS or set(digits) == {"9"} or digits.rstrip("0") == "1"
