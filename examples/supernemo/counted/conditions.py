"""What (c) varies: options of the simulation, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scan:
    """An option of the simulation and its values, from the least to the most.

    ``label``: of the axis; ``scale``: of the values there; ``common``: options of all points.
    """

    option: str
    label: str
    values: tuple[float, ...]
    common: Mapping[str, Any]
    scale: float = 1.0

    def options(self, value: float) -> dict[str, Any]:
        """Of the simulation, for one of the values."""
        return {**self.common, self.option: value}


SCANS: Mapping[str, Scan] = {
    "noise": Scan("noise", "Noise hits of an event", (0, 1, 2, 5, 10, 20), {}),
    "dead": Scan("dead", "Dead cells [%]", (0, 0.01, 0.02, 0.05, 0.1, 0.2), {}, 100),
    "efficiency": Scan("efficiency", "Efficiency of cells [%]", (0.7, 0.8, 0.9, 0.95, 1), {}, 100),
    "missing": Scan("missing", "Missing timestamps [%]", (0, 0.02, 0.05, 0.1, 0.2, 0.4), {}, 100),
    "kink": Scan("kink", "Kinks of all tracks [°]", (0, 3, 6, 10, 15, 20), {"kind": "kinked"}),
    "momentum": Scan(
        "momentum", "Curved tracks [MeV/c]", (0.6, 0.8, 1, 1.5, 3), {"kind": "curved"}
    ),
}
"""From a clean detector and straight tracks; kinks are the standard deviation of their angles."""
PLACES: Mapping[str, Mapping[str, Any]] = {
    "straight tracks, a vertex each": {},
    "straight tracks, a common vertex": {"vertex": "common"},
    "straight, kinked and curved tracks, a vertex each": {"kind": "mixed"},
    "straight, kinked and curved tracks, a common vertex": {"kind": "mixed", "vertex": "common"},
}
"""Each in a clean and in a real detector."""
