"""What groups that objects of events were put into are worth, beside the true ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate, efficiency_interval

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Clusters:
    """Figures of each event, (n,); NaN where an event has none of the objects they are of.

    Of objects with a true group: ``purity``, the share of those in a cluster that are of its main
    group; ``efficiency``, the share that is in the main cluster of its group; ``rand``, the
    adjusted Rand index (L. Hubert, P. Arabie, J. Classif. 2 (1985) 193), for which each object that
    was put into no cluster is one by itself. Of those without a group: ``rejection``, the share
    that was put into no cluster. ``groups`` and ``clusters``: how many there are, clusters of
    objects without a group alone included.
    """

    groups: Integers
    clusters: Integers
    purity: Floats
    efficiency: Floats
    rand: Floats
    rejection: Floats

    @classmethod
    def of(cls, truth: Array, found: Array, counts: Array) -> Clusters:
        """Of objects, event after event: their group and cluster (h,), below 0 for none.

        ``counts`` (n,): objects of each event.
        """
        n = len(counts)
        event = np.repeat(np.arange(n), counts)
        true, cluster = _numbered(event, truth), _numbered(event, found)
        mine, alone = truth >= 0, found < 0
        both = mine & ~alone
        of_groups = np.bincount(event[mine], minlength=n)
        pairs = event[both], true[both], cluster[both]
        with np.errstate(invalid="ignore", divide="ignore"):
            purity = _largest(pairs[0], pairs[2], pairs[1], n) / np.bincount(pairs[0], minlength=n)
            efficiency = _largest(*pairs, n) / of_groups
            rejection = np.bincount(event[~mine & alone], minlength=n) / np.bincount(
                event[~mine], minlength=n
            )
        single = np.where(alone, cluster.max(initial=0) + 1 + np.arange(len(event)), cluster)
        return cls(
            groups=_different(event[mine], true[mine], n),
            clusters=_different(event[~alone], cluster[~alone], n),
            purity=purity,
            efficiency=efficiency,
            rand=_adjusted_rand(event[mine], true[mine], single[mine], of_groups),
            rejection=rejection,
        )

    def right(self, groups: int | None = None) -> Estimate:
        """Share of the events with as many clusters as groups, of all or of so many groups."""
        rows = slice(None) if groups is None else self.groups == groups
        right = (self.clusters == self.groups)[rows]
        return efficiency_interval(int(right.sum()), len(right)).one()

    def figures(self) -> dict[str, Estimate]:
        """Right numbers, of all events and by groups, and means with their standard errors.

        Figures that no event has are left out.
        """
        found = {"right": self.right()}
        found |= {f"right_of_{n}": self.right(n) for n in np.unique(self.groups)}
        for name in ("purity", "efficiency", "rand", "rejection"):
            values = getattr(self, name)
            if len(values := values[~np.isnan(values)]):
                mean, error = float(values.mean()), float(values.std() / np.sqrt(len(values)))
                found[name] = Estimate(mean, mean - error, mean + error)
        return found


def _largest(event: Integers, first: Integers, second: Integers, n: int) -> Floats:
    """Sum, in each of ``n`` events, of the largest parts of each ``first`` in any ``second``."""
    _, place, count = np.unique(_joint(first, second), return_index=True, return_counts=True)
    best = np.zeros(first.max(initial=-1) + 1)
    np.maximum.at(best, first[place], count)
    of = np.zeros(len(best), np.int64)
    of[first] = event
    return _added(of, best, n)


def _adjusted_rand(event: Integers, first: Integers, second: Integers, total: Integers) -> Floats:
    """The index of each event; 1 where both put all into one, or each into one of its own."""

    def pairs(number: Integers) -> Floats:
        _, place, count = np.unique(number, return_index=True, return_counts=True)
        return _added(event[place], count * (count - 1) / 2, len(total))

    together, of_first, of_second = map(pairs, (_joint(first, second), first, second))
    every = total * (total - 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = of_first * of_second / every
        index = (together - expected) / ((of_first + of_second) / 2 - expected)
    trivial = (of_first == of_second) & ((of_first == every) | (of_first == 0))
    return np.where(total == 0, np.nan, np.where(trivial, 1.0, index))


def _numbered(event: Integers, label: Array) -> Integers:
    """A number for each label in each event, which no other event has."""
    return _joint(event, np.unique(label, return_inverse=True)[1].reshape(-1))


def _joint(first: Integers, second: Integers) -> Integers:
    """A number for each pair, from 0 without gaps."""
    keys = first * (second.max(initial=0) + 1) + second
    return np.asarray(np.unique(keys, return_inverse=True)[1], np.int64).reshape(-1)


def _different(event: Integers, number: Integers, n: int) -> Integers:
    """How many different numbers each of ``n`` events has."""
    _, place = np.unique(number, return_index=True)
    return np.bincount(event[place], minlength=n).astype(np.int64)


def _added(event: Integers, values: Floats, n: int) -> Floats:
    """Sums of values, in each of ``n`` events."""
    return np.bincount(event, values, minlength=n).astype(np.float64)
