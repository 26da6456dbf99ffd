"""Working points: cuts on an output of a network, with one threshold or one that follows a column.

A cut whose threshold follows the energy can keep the same share of the signal at any energy.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from rootml.spec import Array
from rootml.yamltext import Part

Interval = tuple[float, float | None] | None
"""Lower and upper end of a 68 % interval; None: no upper end, or no interval at all."""


def in_words(value: float | None, interval: Interval, limit: float | None = None) -> list[str]:
    """A figure of a card and its interval, or that it is a lower limit; "" for what is not known.

    A limit is one at 95 % confidence.
    """
    if limit is not None:
        return [f"> {limit:.6g}", "95 % confidence"]
    said = "" if value is None else f"{value:.6g}"
    if interval is None:
        return [said, ""]
    low, high = interval
    return [said, f"above {low:.6g}" if high is None else f"{low:.6g} to {high:.6g}"]


class WorkingPoint(Part):
    """A cut ``output > threshold`` and what it does on the sample it was measured on.

    Either one ``threshold``, or ``thresholds`` where ``against``, a logical column of the adapter,
    has the values ``at``: linear in between, beyond the ends that of the nearest one. Without a
    value nothing passes. A published cut may come without the figures it had.
    """

    name: str
    output: str
    threshold: float | None = None
    against: str = ""
    unit: str = ""
    """That of ``against``."""
    at: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()
    efficiency: float | None = None
    efficiency_error: tuple[float, float] | None = None
    """Lower and upper end of the 68 % interval."""
    rejection: float | None = None
    rejection_error: Interval = None
    """Lower and upper end of the 68 % interval; None: no upper end (no background passed)."""
    rejection_limit: float | None = None
    """Lower limit at 95 % confidence, where no background passed."""
    sample: str = ""
    fixed_on: str = ""
    """The sample that set the thresholds, where it is another one."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.threshold is None) != bool(self.against):
            raise ValueError("a working point has one threshold, or thresholds against a column")
        if len(self.at) != len(self.thresholds) or bool(self.at) != bool(self.against):
            raise ValueError("'against' goes with as many thresholds as values they are 'at'")
        if any(high <= low for low, high in pairwise(self.at)):
            raise ValueError(f"the values {list(self.at)} do not increase")
        return self

    @property
    def cut(self) -> str:
        """The cut in words."""
        if self.threshold is not None:
            return f"{self.output} > {self.threshold:.6g}"
        low, high = min(self.thresholds), max(self.thresholds)
        return f"{self.output} > {low:.6g} to {high:.6g} by {self.against}"

    def passes(self, scores: Array, values: Array | None = None) -> npt.NDArray[np.bool_]:
        """Which scores (n,) pass; ``values`` (n,): those of the column ``against``, if any.

        A score or a value that is NaN does not. Scores are compared in their own precision, in
        which the thresholds were set.
        """
        if self.threshold is not None:
            return np.asarray(scores > self.threshold)
        if values is None:
            raise ValueError(f"working point {self.name!r} needs the column {self.against!r}")
        thresholds = np.interp(values, self.at, self.thresholds)
        if scores.dtype.kind == "f":
            thresholds = thresholds.astype(scores.dtype)
        return np.asarray(scores > thresholds)
