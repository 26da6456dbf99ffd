"""Numbers with their statistical errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
RESAMPLED = 100


@dataclass(frozen=True)
class Value:
    """A number and its standard error, 0 where it has none."""

    value: float
    error: float = 0.0

    def __str__(self) -> str:
        if not self.error:
            return f"{self.value:g}"
        digits = max(0, 1 - int(np.floor(np.log10(self.error))))
        return f"{self.value:.{digits}f} ± {self.error:.{digits}f}"


@dataclass(frozen=True)
class Row:
    """A line of the page's table."""

    text: str
    value: Value
    other: str
    source: str


def flat(events: ak.Array, name: str) -> Floats:
    """A column of all hits, tracks or modules."""
    values: Floats = ak.to_numpy(ak.flatten(events[name]))
    return values


def estimate(statistic: Callable[[Floats], Any], values: Floats) -> Value:
    """A statistic and its bootstrap error."""
    rng = np.random.default_rng(1)
    drawn = [statistic(rng.choice(values, len(values))) for _ in range(RESAMPLED)]
    return Value(float(statistic(values)), float(np.std(drawn)))
