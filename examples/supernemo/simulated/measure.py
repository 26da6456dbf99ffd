"""Numbers of simulated samples, with their statistical errors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np

from rootml.rootio.source import open_source
from rootml_supernemo import ADAPTER
from rootml_supernemo.geometry import TICK_NS
from rootml_supernemo.simulation import simulate
from rootml_supernemo.simulation.drift import drift_time
from simulated.decays import Decays
from simulated.values import Floats, Row, Value, estimate, flat

MIDDLE_MM = 100.0
"""abs(z) up to which a hit is in the middle of its wire."""
BEST_MM = (11.5, 13.0)
"""Around the distance at which radii are measured best."""
KINDS = ("straight", "kinked", "curved")


@dataclass(frozen=True)
class Found:
    """What was measured.

    ``clean``: one track an event, of each kind; ``real``: with losses; ``unseen``: also tracks that
    no cell sees; ``one_mev``: electrons of 1 MeV/c; ``shown``: three tracks of one point;
    ``decays``: double beta decays; ``falaise``: radii of another simulation, mm; ``rate``: events a
    second of processor time.
    """

    clean: Mapping[str, ak.Array]
    real: ak.Array
    unseen: ak.Array
    one_mev: ak.Array
    shown: ak.Array
    decays: Decays
    falaise: Floats | None
    rate: float

    @classmethod
    def measure(cls, size: int, rng: np.random.Generator, falaise: Floats | None) -> Found:
        """Simulate ``size`` events of each kind."""
        simulate(100, rng)
        started = time.process_time()
        simulate(size, rng)
        rate = size / (time.process_time() - started)
        clean = {kind: simulate(size, rng, kind=kind, tracks=1) for kind in KINDS}
        real = simulate(size, rng, kind="mixed", conditions="detector")
        unseen = simulate(size, rng, tracks=1, least=0)
        one_mev = simulate(size // 10, rng, kind="curved", tracks=1, momentum=1.0)
        asked = {"tracks": 3, "vertex": "common", "conditions": "detector", "noise": 3.0}
        shown = simulate(500, rng, **asked)
        decays = Decays.measure(size, rng)
        return cls(clean, real, unseen, one_mev, shown, decays, falaise, rate)

    def rows(self) -> list[Row]:
        """The page's table."""
        straight = self.clean["straight"]
        delays = times(straight)
        kind = flat(straight, "calo_type")
        return [
            Row(
                "resolution of radii where it is best, mm",
                _spread(radius_residuals(straight)),
                "0.425",
                FALAISE,
            ),
            Row(
                "resolution of heights in the middle of a wire, mm",
                _spread(height_residuals(straight)),
                "10",
                FALAISE,
            ),
            Row(
                "drift time from 22 mm, us",
                Value(round(float(drift_time(np.array(22.0))), 2)),
                "3.72",
                "828 ns (r / cm)^1.907, B. Landells, in SuperNEMO-timestamps-analysis",
            ),
            Row(
                "plasma from end to end, us",
                estimate(np.median, delays[:, 5] + delays[:, 6]),
                "55.4",
                "5 cm/us (Falaise) and 2.77 m",
            ),
            Row(
                "radius of electrons of 1 MeV/c across 2.5 mT, mm",
                Value(round(float(np.median(curvature_radii(self.one_mev))), 1)),
                "1334.3",
                "1 MeV / (2.5 mT c)",
            ),
            Row("cells of a straight track", _cells(straight), "-", "no number"),
            Row("cells of a curved track", _cells(self.clean["curved"]), "-", "no number"),
            Row("tracks that end on the main wall, %", _percent(kind == 0), "-", "no number"),
            Row("tracks that end on the gamma veto, %", _percent(kind == 2), "-", "no number"),
            Row(
                "tracks that no cell sees (`least=0`), %",
                _percent(ak.to_numpy(ak.num(self.unseen.grid_id)) == 0),
                "0.02",
                "A. Mendl, Machine learning at SuperNEMO: single tracks counted as none",
            ),
            *self.decays.rows(),
        ]


FALAISE = "Falaise, `geiger_regime.cc`"


def times(events: ak.Array) -> Floats:
    """Times (h, 7) in us behind the avalanche, NaN where missing."""
    ticks = np.stack([flat(events, f"tsp{place}") for place in range(7)], axis=1)
    behind = (ticks - ticks[:, :1]) * TICK_NS / 1000
    return np.where(ticks < 0, np.nan, behind)


def distances(events: ak.Array) -> Floats:
    """True distances of straight tracks from the wires of their cells, mm."""
    n = ak.num(events.grid_id)
    way_x, way_y = (np.repeat(flat(events, f"dir{axis}"), n) for axis in "xy")
    away = flat(events, "wirey") - np.repeat(flat(events, "truth_vertexy"), n)
    return np.abs(way_x * away - way_y * flat(events, "wirex")) / np.hypot(way_x, way_y)


def radius_residuals(events: ak.Array) -> Floats:
    """Of straight tracks, where radii are measured best."""
    true = distances(events)
    near = (true > BEST_MM[0]) & (true < BEST_MM[1])
    return (flat(events, "radius") - true)[near]


def height_residuals(events: ak.Array) -> Floats:
    """Of hits in the middle of their wire."""
    true = flat(events, "truth_z")
    return (flat(events, "wirez") - true)[np.abs(true) < MIDDLE_MM]


def curvature_radii(events: ak.Array) -> Floats:
    """Radii in mm of curved tracks, as if all their momentum were across the wires.

    From both ends and the first direction.
    """
    direction = np.stack([flat(events, "dirx"), flat(events, "diry")])
    way = np.stack([flat(events, "pointx"), flat(events, "pointy") - flat(events, "truth_vertexy")])
    left = direction[0] * way[1] - direction[1] * way[0]
    return (way**2).sum(axis=0) / (2 * left) * np.hypot(1, flat(events, "dirz"))


def falaise_radii(path: Path) -> Floats:
    """Measured radii of a file of TKEvent, mm."""
    with open_source(path, [ADAPTER]) as source:
        radius = source.read(["radius"], 0, source.num_entries)["radius"]
    values = ak.to_numpy(ak.flatten(radius))
    return values[np.isfinite(values)]


def _cells(events: ak.Array) -> Value:
    return estimate(np.mean, ak.to_numpy(ak.num(events.grid_id)).astype(float))


def _percent(which: Floats) -> Value:
    share = float(np.mean(which))
    return Value(100 * share, 100 * float(np.sqrt(share * (1 - share) / len(which))))


def _spread(values: Floats) -> Value:
    return estimate(np.std, values)
