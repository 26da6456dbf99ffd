"""Working points: cuts on an output of a network, the same for all or one for each bin of a column.

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


class WorkingPoint(Part):
    """A cut ``output > threshold`` and what it does on the sample it was measured on.

    Either one ``threshold``, or ``thresholds`` in the bins between ``edges`` of ``against``, a
    logical column of the adapter. Below the first edge and above the last one the nearest bin's
    holds; without a value nothing passes. A published cut may come without the figures it had.
    """

    name: str
    output: str
    threshold: float | None = None
    against: str = ""
    unit: str = ""
    """That of ``against``."""
    edges: tuple[float, ...] = ()
    thresholds: tuple[float, ...] = ()
    efficiency: float | None = None
    efficiency_error: tuple[float, float] | None = None
    """Lower and upper end of the 68 % interval."""
    rejection: float | None = None
    rejection_error: tuple[float, float | None] | None = None
    """Lower and upper end of the 68 % interval; None: no upper end (no background passed)."""
    rejection_limit: float | None = None
    """Lower limit at 95 % confidence, where no background passed."""
    sample: str = ""
    fixed_on: str = ""
    """The sample that set the thresholds, where it is another one."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.threshold is None) != bool(self.against):
            raise ValueError(
                "a working point has one threshold, or thresholds in bins against a column"
            )
        if bool(self.against) != bool(self.thresholds) or bool(self.against) != bool(self.edges):
            raise ValueError("against, edges and thresholds go together")
        if self.against and len(self.edges) != len(self.thresholds) + 1:
            raise ValueError("needs one more edge than thresholds")
        if any(high <= low for low, high in pairwise(self.edges)):
            raise ValueError(f"edges {list(self.edges)} do not increase")
        return self

    @property
    def cut(self) -> str:
        """The cut in words."""
        if self.threshold is not None:
            return f"{self.output} > {self.threshold:.6g}"
        low, high = min(self.thresholds), max(self.thresholds)
        return (
            f"{self.output} > {low:.6g} to {high:.6g} in {len(self.thresholds)} bins of "
            f"{self.against}"
        )

    def passes(self, scores: Array, values: Array | None = None) -> npt.NDArray[np.bool_]:
        """Which scores (n,) pass; ``values`` (n,): those of the column ``against``, if any.

        A score or a value that is NaN does not. Scores are compared in their own precision, in
        which the thresholds were set.
        """
        if self.threshold is not None:
            return np.asarray(scores > self.threshold)
        if values is None:
            raise ValueError(f"working point {self.name!r} needs the column {self.against!r}")
        place = np.searchsorted(self.edges[1:-1], values, side="right")
        thresholds = np.asarray(self.thresholds, scores.dtype)[place]
        return np.asarray((scores > thresholds) & ~np.isnan(values))
