"""Networks that judged the same events: the background that passes the cuts of two of them.

The cuts follow from all events, so that what passes two of them is counted in a second reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rootml.spec import Array
from rootml.validation.counting.units import Variable
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.matched import ratio_of_counts

GRID = np.arange(1, 100) / 100
"""Signal efficiencies at which networks are compared."""

Figures = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Bins:
    """Bins (bin, 2) of a variable that have a cut of their own, and the thresholds (bin,)."""

    variable: Variable
    ends: Array
    thresholds: Array

    @classmethod
    def of(cls, variable: Variable, rows: Sequence[Figures]) -> Self:
        """Those of the rows at flat efficiency in a report; one has a cut at least."""
        cut = [row for row in rows if row["cut"] is not None]
        ends = np.array([(row["low"], row["high"]) for row in cut], np.float64)
        return cls(variable, ends, np.array([row["cut"]["threshold"] for row in cut]))

    def places(self, values: Array) -> npt.NDArray[np.int64]:
        """The bin of each value, -1 where it is in none."""
        known, at = self.variable.places(values)
        if self.variable.edges is None:  # fine bins were joined: where does that of a value begin?
            keys, index = np.unique(at, return_inverse=True)
            at = np.array([self.variable.key_edge(key) for key in keys.tolist()])[index]
        place = np.searchsorted(self.ends[:, 0], at, side="right") - 1
        found = np.full(len(values), -1)
        found[known] = np.where(at < self.ends[place, 1], place, -1)
        return found


@dataclass(frozen=True, eq=False)
class Cuts:
    """Where a score is cut: at the efficiencies of GRID (cut,), and in bins of variables."""

    thresholds: Array
    bins: Mapping[str, Bins]

    @classmethod
    def of(cls, output: Figures, variables: Sequence[Variable]) -> Self:
        """The cuts behind the figures of an output that has signal and background."""
        curve = output["curve"]
        kept = curve["efficiency"] >= GRID[:, None] * (1 - 1e-12)
        tightest = kept.shape[1] - 1 - kept[:, ::-1].argmax(axis=1)
        flat = [(v, output["against"][v.name].get("flat_efficiency")) for v in variables]
        bins = {v.name: Bins.of(v, made["rows"]) for v, made in flat if made}
        return cls(curve["threshold"][tightest], bins)

    def passed(self, scores: Array) -> npt.NDArray[np.int64]:
        """How many of the cuts (the loosest ones) each score passes."""
        return np.searchsorted(self.thresholds[::-1], scores, side="left")


@dataclass(frozen=True, eq=False)
class Background:
    """The background of some entries as one network judged it, one row each.

    ``units``: (n, 2) its entry, and which of the entry's objects it is. ``scores``, ``weights``:
    (n,). ``columns``: values (n,) by variable; those that the file does not have are not there.
    """

    units: Array
    scores: Array
    weights: Array | None
    columns: Mapping[str, Array]


class Joint:
    """Counts of the background that passes the cuts of several networks, each and two together.

    ``apart``: networks, by their places, that did not judge the same background.
    """

    def __init__(self, cuts: Sequence[Cuts]):
        self.cuts = cuts
        self.apart: set[tuple[int, int]] = set()
        self._counts: dict[tuple[int, int, str], Counts] = {}

    def fill(self, parts: Sequence[Background]) -> None:
        """Count some entries: what each network said of them."""
        passed = [_passed(*one) for one in zip(self.cuts, parts, strict=True)]
        for i, j in combinations_with_replacement(range(len(parts)), 2):
            if not np.array_equal(parts[i].units, parts[j].units):
                self.apart.add((i, j))
            if (i, j) in self.apart:
                continue
            for name in self._common(i, j):
                one, other = passed[i][name], passed[j][name]
                both = np.where(one == other, one, 0) if name else np.minimum(one, other)
                bins = len(self.cuts[i].bins[name].ends if name else GRID) + 1
                counted = Counts.filled(both, bins, parts[i].weights)
                before = self._counts.get((i, j, name))
                self._counts[i, j, name] = counted if before is None else before + counted

    def passed(self, i: int) -> dict[float, float]:
        """What passes the cuts of a network, by their efficiencies."""
        above = self._counts[i, i, ""].above().values[:0:-1]
        return dict(zip(GRID.tolist(), above.tolist(), strict=True))

    def figures(self, i: int, j: int) -> Figures:
        """Ratios of the rejection of the network i to that of j, with intervals and p-values."""
        whole, *variables = self._common(i, j)
        at = zip(GRID.tolist(), self._ratios(i, j, whole), strict=True)
        against = {}
        for name in variables:
            ends = self.cuts[i].bins[name].ends.tolist()
            rows = zip(ends, self._ratios(i, j, name), strict=True)
            against[name] = [{"low": low, "high": high, "ratio": r} for (low, high), r in rows]
        return {"efficiencies": [{"target": t, "ratio": r} for t, r in at], "against": against}

    def _common(self, i: int, j: int) -> list[str]:
        """All events (an empty name), and the variables in whose bins both are cut."""
        ours, theirs = self.cuts[i].bins, self.cuts[j].bins
        both = (name for name in ours if name in theirs)
        return ["", *(n for n in both if np.array_equal(ours[n].ends, theirs[n].ends))]

    def _ratios(self, i: int, j: int, name: str) -> Iterator[dict[str, float]]:
        own, other, both = (self._counts[key] for key in ((i, i, name), (j, j, name), (i, j, name)))
        places = range(1, len(own.values)) if name else range(len(GRID), 0, -1)
        if not name:
            own, other, both = own.above(), other.above(), both.above()
        for k in places:
            yield asdict(ratio_of_counts(own[k], other[k], both[k]))


def _passed(cuts: Cuts, part: Background) -> dict[str, Array]:
    """How many cuts each passes; by variable the bin, from 1, whose cut it passes, 0 if none."""
    made = {"": cuts.passed(part.scores)}
    for name, bins in cuts.bins.items():
        unknown = np.full(len(part.scores), np.nan)
        place = bins.places(part.columns.get(name, unknown))
        passes = (place >= 0) & (part.scores > bins.thresholds[place])
        made[name] = np.where(passes, place + 1, 0)
    return made
