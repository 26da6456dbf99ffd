"""Calibration of timestamps by their correlations in the data themselves.

What the anode says of a front is compared with the cathode that sees the same one: a line whose
offset and slope are fitted, whose width says how precise and how many hits are on it how reliable
the anode's time is. Times in us, counted from t0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np

from rootml.spec import Array
from rootml_supernemo.geometry import BOTTOM, TICK_NS, TOP

LINES: Final = {"t1": (1, "min"), "t3": (3, "min"), "t2": (2, "max"), "t4": (4, "max")}
"""Times of the anode: their places, and the cathode that sees the same front."""
FEWEST: Final = 100
"""Hits with both cathodes that a line is fitted to (chosen: 10 % of its width)."""
ON_LINE: Final = 4.0
"""Hits within so many widths are on a line (chosen: 1 in 16,000 of a Gaussian is not)."""
ROUNDS: Final = 20
_UNITS: Final = dict.fromkeys(("lines", "spread", "total", "total_spread"), "_us")
TO_SIGMA: Final = 1.4826
"""Standard deviation over median absolute deviation, of a Gaussian."""
DEFAULT_US: Final = 0.4
"""Error of a cathode's time where there are too few hits to measure it: a height at the middle of
a wire then has about the error that TKEvent gives all heights, 17 mm."""
LEAST_US: Final = TICK_NS / 1000 / np.sqrt(12)
"""Error of a perfect clock's reading."""


@dataclass(frozen=True)
class Calibration:
    """What the correlations say of each time.

    ``lines``: (offset in us, slope) of a cathode's time against the anode's. ``spread``: standard
    deviation in us of a time on its line, by name; ``on_line``: share of the hits that are there.
    ``total``: usual sum of both fronts' times, ``total_spread`` its standard deviation. NaN where
    the data did not tell: such a time is not used.
    """

    lines: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)
    on_line: Mapping[str, float] = field(default_factory=dict)
    total: float = np.nan
    total_spread: float = np.nan
    hits: int = 0

    def front(self, name: str, delays: Array) -> Array:
        """Times (h,) of a front by the anode, as its cathode would say; NaN without a line."""
        offset, slope = self.lines.get(name, (np.nan, np.nan))
        seen: Array = offset + slope * delays[:, LINES[name][0]]
        return seen

    def expected(self, name: str) -> float:
        """What error a time is to be expected to have, us.

        The root mean square over hits on the line and off it; those may be anywhere.
        """
        share = self.on_line.get(name, 1.0)
        spread = self.spread.get(name, DEFAULT_US)
        anywhere = self.total / np.sqrt(12) if share < 1 else 0.0
        return float(np.sqrt(share * spread**2 + (1 - share) * anywhere**2))

    def to_text(self) -> str:
        """As JSON, with four digits; names end with the unit."""
        said = {f"{name}{_UNITS.get(name, '')}": value for name, value in asdict(self).items()}
        return json.dumps(_rounded(said))

    @classmethod
    def from_text(cls, text: str) -> Calibration:
        """What :meth:`to_text` gave."""
        said = {name.removesuffix("_us"): value for name, value in json.loads(text).items()}
        lines = {name: (line[0], line[1]) for name, line in said.pop("lines").items()}
        return cls(lines=lines, **said)


def calibrate(times: Array) -> Calibration:
    """Calibrate by hits (h, 7) in us, NaN for missing timestamps.

    Lines that have less than ``FEWEST`` hits are left out.
    """
    delays = times - times[:, :1]
    ends = np.sort(delays[:, [BOTTOM, TOP]], axis=1)  # NaN comes last
    both = ~np.isnan(ends[:, 1])
    if both.sum() < FEWEST:
        return Calibration(hits=int(both.sum()))
    cathodes = {"min": ends[both, 0], "max": ends[both, 1]}
    total = cathodes["min"] + cathodes["max"]
    middle, width = _core(total)
    anodes = {name: delays[both, place] for name, (place, _) in LINES.items()}
    fits = {name: fit_line(anodes[name], cathodes[seen]) for name, (_, seen) in LINES.items()}
    lines = {name: fit[:2] for name, fit in fits.items() if fit is not None}
    on_line = {name: fit[2] for name, fit in fits.items() if fit is not None}
    spread: dict[str, float] = {}
    for cathode, pair in (("min", ("t1", "t3")), ("max", ("t2", "t4"))):
        seen = [lines[n][0] + lines[n][1] * anodes[n] for n in pair if n in lines]
        widths = _separate([cathodes[cathode], *seen])
        spread |= dict(zip([cathode, *(n for n in pair if n in lines)], widths, strict=True))
    return Calibration(lines, spread, on_line, middle, width, int(both.sum()))


def fit_line(x: Array, y: Array) -> tuple[float, float, float] | None:
    """Offset and slope of the line on which most points are, and their share on it.

    Least squares of the points near the line of the round before; it begins with slope 1. None with
    less than ``FEWEST`` points.
    """
    there = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[there], y[there]
    if len(x) < FEWEST:
        return None
    offset, slope = float(np.median(y - x)), 1.0
    near = np.zeros(len(x), np.bool_)
    for _ in range(ROUNDS):
        residual = y - offset - slope * x
        width = max(_core(residual)[1], LEAST_US)
        before, near = near, np.abs(residual) < ON_LINE * width
        if np.array_equal(before, near) or near.sum() < FEWEST or np.ptp(x[near]) == 0:
            break
        slope, offset = (float(value) for value in np.polyfit(x[near], y[near], 1))
    return offset, slope, float(near.mean())


def _core(values: Array) -> tuple[float, float]:
    """Median, and the standard deviation of a Gaussian with the same median deviation."""
    middle = float(np.median(values))
    return middle, TO_SIGMA * float(np.median(np.abs(values - middle)))


def _separate(seen: list[Array]) -> list[float]:
    """Standard deviation of each of up to three measurements of the same, from their differences.

    Of three, ``s_a^2 = (s_ab^2 + s_ac^2 - s_bc^2) / 2`` (J. E. Gray and D. W. Allan, 28th Annual
    Symposium on Frequency Control (1974) 243); two share theirs; one alone has that of the clock.
    """
    apart = {
        (a, b): _difference(seen[a], seen[b]) ** 2
        for a in range(len(seen))
        for b in range(a + 1, len(seen))
    }
    if len(seen) == 1:
        squares = [0.0]
    elif len(seen) == 2:
        squares = [apart[0, 1] / 2] * 2
    else:
        whole = sum(apart.values())
        squares = [whole / 2 - apart[1, 2], whole / 2 - apart[0, 2], whole / 2 - apart[0, 1]]
    return [float(np.sqrt(max(square, LEAST_US**2))) for square in squares]


def _difference(one: Array, other: Array) -> float:
    apart = (one - other)[~np.isnan(one - other)]
    return _core(apart)[1] if len(apart) else np.nan


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value
