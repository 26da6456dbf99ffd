"""Heights of simulated hits by their timestamps, as docs/reference/supernemo.md shows them.

``python examples/supernemo/heights.py`` prints the rows of the table.
"""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml_supernemo import ADAPTER
from rootml_supernemo.calibration import calibrate
from rootml_supernemo.geometry import BOTTOM, HALF_LENGTH_MM, TOP
from rootml_supernemo.timestamps import FIRST, SECOND, clean, heights

EVENTS, SEED = 1000, 1
MISSING = (0.0, 0.05, 0.2, 0.5)
RESAMPLES = 100
FEWEST = 20
PAIRS = len(FIRST) * len(SECOND)


def half_width(values: np.ndarray) -> float:
    return float(np.ptp(np.percentile(values, [16, 84])) / 2)


def said(values: np.ndarray, digits: int = 2) -> str:
    """Half of the central 68 % with its error by resampling; nothing for a few."""
    if len(values) < FEWEST:
        return ""
    rng = np.random.default_rng(SEED)
    again = [half_width(rng.choice(values, len(values))) for _ in range(RESAMPLES)]
    return f"{half_width(values):.{digits}f} ± {np.std(again):.{digits}f}"


def row(missing: float) -> str:
    events = ADAPTER.simulate(
        EVENTS, np.random.default_rng(SEED), missing=missing, reach=HALF_LENGTH_MM
    )
    ticks = [ak.to_numpy(ak.flatten(events[f"tsp{place}"])) for place in range(7)]
    truth = ak.to_numpy(ak.flatten(events["truth_z"]))
    times = clean(np.stack(ticks, axis=1))
    z, error, way = heights(times, calibrate(times))
    both = ~np.isnan(times[:, [BOTTOM, TOP]]).any(axis=1)
    known, paired, off = way >= 0, (way >= 0) & (way < PAIRS), z - truth
    shares = (f"{100 * part.mean():.1f}" for part in (both, paired, known))
    widths = (said(off[both]), said(off[paired]), said(off[known & ~paired], 0))
    return " | ".join([f"| {missing:g}", *shares, *widths, said((off / error)[known], 3)]) + " |"


if __name__ == "__main__":
    for missing in MISSING:
        print(row(missing))
