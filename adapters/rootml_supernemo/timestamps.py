"""Heights of hits from the timestamps of their cells, whichever of them are there.

An avalanche at time t0 starts a plasma that runs along the wire both ways. One front arrives first
and one second; each is seen by a cathode (t5 at the bottom, t6 at the top) and by the derivative of
the anode's signal: t1 and t3 follow the first front, t2 and t4 the second one. Hence nine pairs

    z = sign * L * (second - first) / (2 * (first + second)),    all times counted from t0,

with first among t1, t3, min(t5, t6) and second among t2, t4, max(t5, t6) (A. Mendl, Machine
learning at SuperNEMO, 2023). The speed of the plasma, which differs from hit to hit, drops out.
Times in us, lengths in mm.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rootml.spec import Array
from rootml_supernemo.calibration import Calibration
from rootml_supernemo.geometry import BOTTOM, CELL_LENGTH_MM, TICK_NS, TOP

FIRST: Final = ("t1", "t3", "min")
SECOND: Final = ("t2", "t4", "max")
WAYS: Final = (
    *(f"{first}-{second}" for first in FIRST for second in SECOND),
    *(f"{one}-total" for one in FIRST + SECOND),
    "t5-t6",
)
"""Ways to a height: the nine pairs; one front alone with the usual time of both together; without
t0 the difference of the cathodes, with the same."""

PLASMA_MM: Final = 10.0
"""What the fronts' own speeds add to the error of a height at the middle of a wire, however well
times are measured: the resolution of Falaise (``geiger_regime.cc``). It follows from the formula
above that it falls with the product of both ways, to 0 at the ends."""
ALIKE: Final = 3.0
"""Two times within so many standard deviations are of the same front (chosen)."""
LATEST_US: Final = 200.0
"""A time farther behind t0 is of another avalanche (chosen: three times what a plasma needs)."""
MOST_TICKS: Final = 2.0**53
"""Clocks beyond it are uninitialised memory: 3 years at 80 MHz."""


def clean(ticks: Array) -> Array:
    """Timestamps (h, 7) in us as float64, NaN where there is none.

    None are those not above 0 (TKEvent has -1, RED files 0), uninitialised ones, those before t0
    and those long after it.
    """
    there = (ticks > 0) & (ticks < MOST_TICKS)
    times = np.where(there, ticks, np.nan) * (TICK_NS / 1000)
    after = times[:, 1:] - times[:, :1]
    with np.errstate(invalid="ignore"):
        times[:, 1:][(after < 0) | (after > LATEST_US)] = np.nan
    return times


def heights(times: Array, known: Calibration) -> tuple[Array, Array, Array]:
    """Height, its error, and the way to it (place in ``WAYS``, -1: none), each (h,).

    ``times`` (h, 7) as of :func:`clean`. The way is the one with the least expected error among the
    pairs whose times are there; others are for hits without a pair. NaN and -1 where no time tells
    which end is nearer: t1 to t4 alone do not. Heights outside the cell are cut off at its ends.
    """
    delays = times - times[:, :1]
    fronts = {name: known.front(name, delays) for name in (*FIRST[:2], *SECOND[:2])}
    bottom, top = delays[:, BOTTOM], delays[:, TOP]
    bottom_is_first = _bottom_is_first(bottom, top, fronts, known)
    near = np.where(bottom_is_first, bottom, top)
    far = np.where(bottom_is_first, top, bottom)
    fronts |= {"min": near, "max": far}
    tried = [
        _of_pair(fronts[a], fronts[b], known.expected(a), known.expected(b))
        for a in FIRST
        for b in SECOND
    ]
    tried += [_of_front(fronts[name], name in FIRST, name, known) for name in FIRST + SECOND]
    sign = np.where(bottom_is_first, -1.0, 1.0)
    signed = [(sign * z, error) for z, error in tried]
    signed.append(_of_difference(times[:, BOTTOM] - times[:, TOP], known))
    z, error = (np.stack(part) for part in zip(*signed, strict=True))
    error[:-1, np.isnan(bottom) & np.isnan(top)] = np.nan
    error[-1, ~np.isnan(times[:, 0])] = np.nan
    pairs = len(FIRST) * len(SECOND)
    error[pairs:-1, np.isfinite(error[:pairs]).any(axis=0)] = np.nan
    return _best(z, error)


def _best(z: Array, error: Array) -> tuple[Array, Array, Array]:
    """Of ways (w, h) the one with the least error."""
    usable = np.where(np.isfinite(z) & np.isfinite(error), error, np.inf)
    way = usable.argmin(axis=0)
    found = np.isfinite(usable.min(axis=0))
    column = np.arange(z.shape[1])
    half = CELL_LENGTH_MM / 2
    height = np.where(found, np.clip(z[way, column], -half, half), np.nan)
    plasma = PLASMA_MM * (1 - (height / half) ** 2)
    spread = np.where(found, np.hypot(usable[way, column], plasma), np.nan)
    return height, spread, np.where(found, way, -1)


def _bottom_is_first(
    bottom: Array, top: Array, fronts: dict[str, Array], known: Calibration
) -> Array:
    """Whether the bottom is the nearer end.

    With one cathode alone: whether its time is that of the first front or of the second by the
    anode; where the anode says nothing, whether it is below half of the usual time of both.
    """
    one = np.where(np.isnan(bottom), top, bottom)
    first = _either(fronts["t1"], fronts["t3"])
    second = _either(fronts["t2"], fronts["t4"])
    alike = ALIKE * np.hypot(known.expected("t1"), known.expected("min"))
    limit = (first + second) / 2
    for other in (first + alike, second - alike, np.full(len(one), known.total / 2)):
        limit = _either(limit, other)
    both = ~np.isnan(bottom) & ~np.isnan(top)
    early = one < limit
    chosen: Array = np.where(both, bottom <= top, np.where(np.isnan(bottom), ~early, early))
    return chosen


def _either(one: Array, other: Array) -> Array:
    chosen: Array = np.where(np.isnan(one), other, one)
    return chosen


def _of_pair(
    first: Array, second: Array, first_error: float, second_error: float
) -> tuple[Array, Array]:
    """Distance from the middle towards the nearer end, and its error."""
    total = np.where(first + second > 0, first + second, np.nan)
    distance = CELL_LENGTH_MM * (second - first) / (2 * total)
    spread = np.hypot(second * first_error, first * second_error)
    return distance, CELL_LENGTH_MM * spread / total**2


def _of_front(time: Array, first: bool, name: str, known: Calibration) -> tuple[Array, Array]:
    """The same of one front alone, with the usual time of both together."""
    share = np.clip(time / known.total, 0, 1)
    distance = CELL_LENGTH_MM * (0.5 - share if first else share - 0.5)
    error = np.hypot(known.expected(name), share * known.total_spread)
    return distance, CELL_LENGTH_MM * error / known.total


def _of_difference(apart: Array, known: Calibration) -> tuple[Array, Array]:
    """Height by the difference of the cathodes' times, t5 - t6."""
    share = apart / known.total
    cathodes = np.hypot(known.expected("min"), known.expected("max"))
    error = np.hypot(cathodes, share * known.total_spread)
    return CELL_LENGTH_MM * share / 2, CELL_LENGTH_MM * error / (2 * known.total)
