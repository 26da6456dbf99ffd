"""Working points of a classifier: fixed on the validation events, measured on the test events."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rootml.errors import RootmlWarning
from rootml.spec import Array
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.cuts import Cut
from rootml.working_point import WorkingPoint

EFFICIENCIES = (0.90, 0.95)
"""Signal efficiencies of the working points."""
REJECTION = 100
"""Background rejection of another one."""
BINS = 8
"""Of a column, each with as much signal, whose thresholds hold at their medians."""
LEAST_BINS = 4
"""With fewer, efficiencies within a bin differ too much to call a cut flat."""
MIN_SIGNAL = 400
"""Signal in a bin: the error of its own efficiency of 0.9 is 1.5 %."""
SATURATED, SHARED = 1 - 1e-5, 0.01
"""A threshold above the one, that keeps more signal than asked for by the other, tells of scores
that float32 cannot tell apart next to 1."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What a classifier said of the events of a part.

    ``scores`` and ``labels`` (1 = signal) are (n,); ``values`` (n,) are those of the column that
    thresholds may follow, NaN where it is missing; None: there is none.
    """

    part: str
    scores: Array
    labels: Array
    values: Array | None = None

    @property
    def signal(self) -> Array:
        """Scores of the signal."""
        return np.asarray(self.scores[self.labels == 1])

    @property
    def background(self) -> Array:
        """Scores of the background."""
        return np.asarray(self.scores[self.labels == 0])

    def described(self, classes: tuple[str, ...]) -> str:
        """The sample in words; ``classes``: names of background and signal."""
        background, signal = classes
        return (
            f"{self.part} split, {len(self.signal)} {signal} and {len(self.background)} "
            f"{background} events"
        )


def working_points(
    fixed: Judged, measured: Judged, *, output: str, against: str, classes: tuple[str, ...]
) -> tuple[WorkingPoint, ...]:
    """Cuts that keep EFFICIENCIES of all signal, of the signal in each bin, and one at REJECTION.

    Thresholds are those that ``fixed`` needs, efficiencies and rejections those of ``measured``,
    which are other events. ``against``: the column of the values, in GeV; empty where there is
    none. Thresholds that follow it need LEAST_BINS bins of MIN_SIGNAL at least.
    """
    made = [*_constant(fixed, output), *_following(fixed, output, against)]
    return tuple(_measured(point, measured, fixed.described(classes), classes) for point in made)


def tightest(signal: Array, efficiency: float) -> float:
    """The tightest threshold with at least this share of the scores (n,) above it."""
    kept = math.ceil(efficiency * len(signal) * (1 - 1e-12))
    last = np.sort(signal)[len(signal) - kept]
    return float(np.nextafter(last, np.array(-np.inf, last.dtype)))


def _constant(fixed: Judged, output: str) -> Iterator[WorkingPoint]:
    for efficiency in EFFICIENCIES:
        threshold = tightest(fixed.signal, efficiency)
        _check_saturated(fixed.signal, threshold, efficiency)
        yield WorkingPoint(name=f"pass{_percent(efficiency)}", output=output, threshold=threshold)
    if len(fixed.background) >= REJECTION:
        cut = Separation.from_scores(fixed.signal, fixed.background).at_rejection(REJECTION)
        yield WorkingPoint(name=f"rej{REJECTION}", output=output, threshold=cut.threshold)


def _check_saturated(signal: Array, threshold: float, efficiency: float) -> None:
    """Warn where so many scores are alike next to 1 that no cut keeps the share asked for."""
    kept = float(np.mean(signal > threshold))
    if threshold > SATURATED and kept > efficiency + SHARED:
        warnings.warn(
            f"the scores are saturated: {kept:.1%} of the signal are above the tightest cut that "
            f"keeps {efficiency:.0%}, as float32 has no values between {threshold:.8f} and the "
            "next score; rejection is lost there",
            RootmlWarning,
            stacklevel=2,
        )


def _following(fixed: Judged, output: str, against: str) -> Iterator[WorkingPoint]:
    """Cuts with thresholds that follow a column."""
    if fixed.values is None:
        return
    values = fixed.values[fixed.labels == 1]
    known = np.isfinite(values)
    values, signal = values[known], fixed.signal[known]
    bins = min(BINS, len(values) // MIN_SIGNAL)
    if bins < LEAST_BINS:
        return
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
    place = np.searchsorted(edges[1:-1], values, side="right")
    if len(edges) <= bins or np.bincount(place).min() < MIN_SIGNAL / 2:
        return  # many values are the same
    at = [float(np.median(values[place == i])) for i in range(bins)]
    for efficiency in EFFICIENCIES:
        thresholds = [tightest(signal[place == i], efficiency) for i in range(bins)]
        yield WorkingPoint(
            name=f"flat{_percent(efficiency)}",
            output=output,
            against=against,
            unit="GeV",
            at=tuple(at),
            thresholds=tuple(thresholds),
        )


def _measured(
    point: WorkingPoint, test: Judged, fixed_on: str, classes: tuple[str, ...]
) -> WorkingPoint:
    passed = Counts.filled(test.labels[point.passes(test.scores, test.values)], 2)
    every = Counts.filled(test.labels, 2)
    cut = Cut.of(math.nan, (passed[1], every[1]), (passed[0], every[0]))
    return point.model_copy(
        update=cut.figures() | {"sample": test.described(classes), "fixed_on": fixed_on}
    )


def _percent(efficiency: float) -> str:
    return f"{100 * efficiency:.0f}"
