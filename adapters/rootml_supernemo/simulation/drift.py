"""From distances and heights to what a cell measures: times of the anode and of both cathodes.

Drift and resolutions are those of Falaise (``geiger_regime.cc``: fits to the prototype of 90 cells,
I. Nasteva). Times in us, lengths in mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootml.spec import Array
from rootml_supernemo.geometry import CELL_LENGTH_MM, HALF_LENGTH_MM, TICK_NS, TIMESTAMPS
from rootml_supernemo.simulation.arcs import Index

NEAR: Final = (0.570947153108633, 0.580148313540993, 1.6567483468611)
FAR: Final = (1.86938462695651, 0.949912427483918)
"""Of r(t): cm from 0.1 us; of two formulas the smaller radius counts (Falaise, TKEvent)."""
SIGMA_MM, SIGMA_RISE, SIGMA_LEAST_MM = 0.425, 0.0083, 12.25
"""Resolution of radii: its least, its relative rise per mm^2, and where it is least (Falaise)."""
PLASMA: Final = 50.0
"""Speed of the plasma along the wire, mm/us (Falaise: 5 cm/us)."""
PLASMA_SPREAD: Final = 0.1
"""Of the speed from hit to hit (Falaise: 0.5 of 5 cm/us) ..."""
FRONT_SPREAD: Final = 0.0096
"""... and of either front's from the mean of both: with it and ``CATHODE_US`` the height at the
middle of the wire is measured to 10 mm, as in Falaise."""
CATHODE_US: Final = 0.1
"""Resolution of the cathodes' times (Falaise)."""
DERIVATIVE: Final = ((0.15, 1.0), (0.15, 0.998), (0.6, 1.01), (0.6, 1.004))
"""Delay in us and slope of anode times 1 to 4 against the front that makes them: the earlier one
makes 1 and 3, the later one 2 and 4 (A. Mendl, Machine learning at SuperNEMO, which has no numbers:
these are a choice) ..."""
DERIVATIVE_US: Final = 0.15
"""... and their resolution (a choice)."""
MISSING: Final = -1
"""A timestamp that is not there (TKEvent)."""
_TIMES: Final = np.linspace(0, 40, 8001)


@dataclass(frozen=True)
class Measured:
    """What cells say, (h,): ``radius``; ``z``, NaN without both cathodes; ``ticks`` (h, 7)."""

    radius: Array
    z: Array
    ticks: Index


def radius(time: Array) -> Array:
    """Distance in mm from which electrons drift to the wire in ``time`` us."""
    tenths = 10 * np.maximum(time, 0)
    a, b, c = NEAR
    near = a * tenths / (tenths**b + c)
    far = FAR[0] * tenths ** (1 - FAR[1])
    found: Array = 10 * np.minimum(near, far)
    return found


def drift_time(distance: Array) -> Array:
    """The inverse of :func:`radius`, us."""
    found: Array = np.interp(distance, radius(_TIMES), _TIMES)
    return found


def resolution(distance: Array) -> Array:
    """Standard deviation of measured radii, mm."""
    found: Array = SIGMA_MM * (1 + SIGMA_RISE * (distance - SIGMA_LEAST_MM) ** 2)
    return found


def measure(
    distance: Array, z: Array, started: Array, missing: float, rng: np.random.Generator
) -> Measured:
    """Measure distances and heights (h,) of particles that pass at ``started`` ticks.

    Each timestamp is lost with the probability ``missing``, but for that of the avalanche, without
    which there is no hit.
    """
    n = len(distance)
    seen = np.abs(distance + resolution(distance) * rng.standard_normal(n))
    fronts = _fronts(z, rng)
    times = np.empty((n, TIMESTAMPS))
    times[:, 0] = 0
    ordered = np.sort(fronts, axis=1)
    for place, (delay, slope) in enumerate(DERIVATIVE):
        jitter = DERIVATIVE_US * rng.standard_normal(n)
        times[:, 1 + place] = delay + slope * ordered[:, place % 2] + jitter
    times[:, 5:] = np.maximum(fronts + CATHODE_US * rng.standard_normal((n, 2)), 0)
    anode = started + np.rint(drift_time(seen) * 1000 / TICK_NS).astype(np.int64)
    ticks = anode[:, None] + np.rint(np.maximum(times, 0) * 1000 / TICK_NS).astype(np.int64)
    ticks[:, 1:][rng.random((n, TIMESTAMPS - 1)) < missing] = MISSING
    return Measured(radius((anode - started) * TICK_NS / 1000), height(ticks), ticks)


def _fronts(z: Array, rng: np.random.Generator) -> Array:
    """Times (h, 2) that the plasma needs to the bottom and to the top; none from beyond."""
    n = len(z)
    common = 1 + PLASMA_SPREAD * np.clip(rng.standard_normal(n), -3, 3)
    own = 1 + FRONT_SPREAD * rng.standard_normal((n, 2))
    way = np.stack([HALF_LENGTH_MM + z, HALF_LENGTH_MM - z], axis=1)
    times: Array = np.clip(way, 0, CELL_LENGTH_MM) / (PLASMA * common[:, None] * own)
    return times


def height(ticks: Index) -> Array:
    """z in mm of timestamps (h, 7) by both cathodes, NaN where one is missing."""
    anode, bottom, top = ticks[:, 0], ticks[:, 5], ticks[:, 6]
    there = (bottom != MISSING) & (top != MISSING) & (bottom + top > 2 * anode)
    share = (bottom - anode) / np.where(there, bottom + top - 2 * anode, 1)
    return np.where(there, CELL_LENGTH_MM * (share - 0.5), np.nan)
