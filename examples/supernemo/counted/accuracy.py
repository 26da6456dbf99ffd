"""Shares of events that are counted right, with their errors."""

from __future__ import annotations

import numpy as np

from counted.events import CLASSES, Counted
from rootml.spec import Array
from rootml.validation.statistics.binomial import clopper_pearson

GROUPS = {"all": (0, 1, 2, 3), "tracks": (1, 2, 3)}
"""True numbers of tracks that are put together: all, and those with a track."""


def share(passed: Array) -> dict[str, float]:
    """Of bools (n,) how many are true: value and 68.27 % interval, and n, for JSON."""
    good, total = int(np.sum(passed)), len(passed)
    low, high = clopper_pearson(good, total)
    value = good / total if total else float("nan")
    return {"value": value, "low": float(low), "high": float(high), "events": total}


def accuracies(found: Counted) -> dict[str, dict[str, float]]:
    """Shares that are counted right, of all, of those with tracks, and of each class."""
    groups = GROUPS | {str(number): (number,) for number in range(CLASSES)}
    return {
        name: share(found.right[np.isin(found.truth, numbers)]) for name, numbers in groups.items()
    }


def confusion(found: Counted) -> list[list[int]]:
    """Events by true number of tracks (rows), and by that of the network (columns)."""
    table = np.zeros((CLASSES, CLASSES), int)
    np.add.at(table, (found.truth, found.count), 1)
    made: list[list[int]] = table.tolist()
    return made


def difference(one: Counted, other: Counted) -> dict[str, float]:
    """By how much more events the first counts right than the other, of the same events.

    The error is that of the events in which they differ (Q. McNemar, Psychometrika 12 (1947) 153).
    """
    more, less = (int(np.sum(a.right & ~b.right)) for a, b in ((one, other), (other, one)))
    total = len(one.truth)
    error = np.sqrt(more + less - (more - less) ** 2 / total) / total
    return {"value": (more - less) / total, "error": float(error)}
