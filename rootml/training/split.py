"""Into which part an event goes: training, validation or test.

As text: ``60/20/20`` (train/validation/test in per cent), or
``energy:1000:50/0/50:0/50/50`` (below a column's value, and from it on).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt

from rootml.errors import TrainingError
from rootml.spec import Array

PARTS = ("train", "validation", "test")
"""Names of the parts a data set is split into."""
SYNTAX = "TRAIN/VALIDATION/TEST in per cent, or COLUMN:VALUE:BELOW:FROM_IT_ON with two of these"
_ROUNDING = 1e-4
"""By how much shares written as text may miss 1: thirds are written 33.33/33.33/33.34."""

PartIndex = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fractions:
    """Shares of the parts, which add up to 1."""

    train: float
    validation: float
    test: float

    def __post_init__(self) -> None:
        shares = astuple(self)
        if min(shares) < 0 or not math.isclose(sum(shares), 1, abs_tol=_ROUNDING):
            raise TrainingError(
                f"split {self}: the shares of {', '.join(PARTS)} are 0 or more and add up to 100 %"
            )

    def __str__(self) -> str:
        return "/".join(f"{100 * share:.10g}" for share in astuple(self))

    @property
    def columns(self) -> tuple[str, ...]:
        """Logical columns that it follows: none."""
        return ()

    @property
    def regions(self) -> tuple[Fractions, ...]:
        """All events are treated alike."""
        return (self,)

    def assign(self, uniform: Array, columns: Mapping[str, Array]) -> PartIndex:
        """Number of the part, (n,), of rows with random numbers ``uniform`` (n,) in [0, 1)."""
        edges = np.cumsum(astuple(self))
        return np.searchsorted(edges[:-1] / edges[-1], uniform, side="right")


@dataclass(frozen=True)
class SplitAt:
    """Other shares ``below`` a value of a logical column than ``above`` (from it on).

    So a network can be validated where it was not trained: below 1 TeV and above it, say.
    """

    column: str
    at: float
    below: Fractions
    above: Fractions

    def __post_init__(self) -> None:
        if not self.column or not math.isfinite(self.at):
            raise TrainingError(f"split {self}: expected a column and a finite value")

    def __str__(self) -> str:
        return f"{self.column}:{self.at:.10g}:{self.below}:{self.above}"

    @property
    def columns(self) -> tuple[str, ...]:
        """Logical columns that it follows."""
        return (self.column,)

    @property
    def regions(self) -> tuple[Fractions, ...]:
        """The shares in each region."""
        return (self.below, self.above)

    def assign(self, uniform: Array, columns: Mapping[str, Array]) -> PartIndex:
        """Number of the part, (n,); ``columns`` holds the values (n,) of the column."""
        low = columns[self.column] < self.at
        return np.where(
            low, self.below.assign(uniform, columns), self.above.assign(uniform, columns)
        )


Split = Fractions | SplitAt
USUAL = Fractions(0.6, 0.2, 0.2)


def as_split(value: Split | str | Sequence[float], needed: Sequence[str] = PARTS) -> Split:
    """A split from what may stand for one: itself, its text, or three shares that add up to 1.

    TrainingError where it is none, or leaves a part that is ``needed`` without any event.
    """
    if isinstance(value, str):
        split = _parse(value)
    elif isinstance(value, Split):
        split = value
    elif len(value) == len(PARTS):
        split = Fractions(*value)
    else:
        raise TrainingError(f"split {value!r}: expected the shares of {', '.join(PARTS)}")
    for part in needed:
        if not any(getattr(region, part) for region in split.regions):
            raise TrainingError(f"split {split}: no event would go to the part {part!r}")
    return split


def _parse(text: str) -> Split:
    words = text.split(":")
    try:
        if len(words) == 1:
            return _shares(text)
        column, at, below, above = words
        return SplitAt(column.strip(), float(at), _shares(below), _shares(above))
    except ValueError as error:
        raise TrainingError(f"split {text!r}: expected {SYNTAX}") from error


def _shares(text: str) -> Fractions:
    train, validation, test = (float(word) / 100 for word in text.split("/"))
    return Fractions(train, validation, test)
