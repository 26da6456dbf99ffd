"""Double beta decays without neutrinos against those with two: a network, and their energy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np

import rootml
from rootml.runtime.model import Model
from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.statistics.classification import Separation
from rootml_supernemo.geometry import MAIN_WALL
from rootml_supernemo.simulation import simulate
from rootml_supernemo.simulation.decays import CLASSES

EFFICIENCIES = (0.5, 0.8, 0.9)
ENERGY, TRACKS, NETWORK = "energy of all modules", "energy where tracks end", "network"
CHUNK = 5000
RESAMPLED = 100


@dataclass(frozen=True, eq=False)
class Sample:
    """Events of both classes (n,).

    ``signal``: no neutrinos; ``said``: more is more like them, by what tells them; ``total``:
    energy in all modules, MeV; ``modules``: how many answered; ``main``: all of them are in the
    main walls.
    """

    signal: Array
    said: Mapping[str, Array]
    total: Array
    modules: Array
    main: Array

    @classmethod
    def of(cls, events: ak.Array, network: Model) -> Sample:
        """Judge simulated events; those that the network cannot judge are left out."""
        parts = [
            rootml.annotate(events[start : start + CHUNK], network)[f"{network.card.name}_score"]
            for start in range(0, len(events), CHUNK)
        ]
        score = np.concatenate([ak.to_numpy(part) for part in parts])
        judged = np.isfinite(score)
        kept = events[judged]
        total = ak.to_numpy(ak.sum(kept.calo_energy, axis=1))
        return cls(
            ak.to_numpy(kept.truth_class) == 1,
            {ENERGY: total, TRACKS: where_tracks_end(kept), NETWORK: score[judged]},
            total,
            ak.to_numpy(ak.num(kept.calo_energy)),
            ak.to_numpy(ak.all(kept.calo_type == MAIN_WALL, axis=1)),
        )

    def groups(self) -> Iterator[tuple[str, Array]]:
        """Kinds of events that differ in how well their energy is measured."""
        yield "all", np.ones(len(self.total), np.bool_)
        yield "two modules or fewer, all in main walls", (self.modules <= 2) & self.main
        yield "two modules or fewer, not all in main walls", (self.modules <= 2) & ~self.main
        yield "three modules or more", self.modules > 2

    def separation(self, way: str, rows: Array) -> Separation:
        """Of some events, by one way to tell."""
        said = self.said[way]
        return Separation.from_scores(said[rows & self.signal], said[rows & ~self.signal])

    def gain(self, way: str, efficiency: float, rng: np.random.Generator) -> Estimate:
        """Background that passes another way over that by the network; error by a bootstrap."""
        value = self._gain(way, np.arange(len(self.total)), efficiency)
        drawn = [
            self._gain(way, rng.integers(0, len(self.total), len(self.total)), efficiency)
            for _ in range(RESAMPLED)
        ]
        low, high = np.quantile(drawn, [0.1587, 0.8413])
        return Estimate(value, float(low), float(high))

    def _gain(self, other: str, rows: Array, efficiency: float) -> float:
        passed = []
        for way in (other, NETWORK):
            said, signal = self.said[way][rows], self.signal[rows]
            cut = np.quantile(said[signal], 1 - efficiency)
            passed.append(max(int((said[~signal] > cut).sum()), 1))
        return passed[0] / passed[1]


def where_tracks_end(events: ak.Array) -> Array:
    """Energy (n,) in MeV of the modules on which tracks end, by the truth of their hits."""
    before = np.cumsum(ak.to_numpy(ak.num(events.calo_energy)))
    before -= ak.to_numpy(ak.num(events.calo_energy))
    place = ak.flatten(events.truth_module + before)[ak.flatten(events.truth_module) >= 0]
    energy = ak.to_numpy(ak.flatten(events.calo_energy))
    mine = np.zeros(len(energy), np.bool_)
    mine[ak.to_numpy(place)] = True
    counts = ak.num(events.calo_energy)
    return np.asarray(ak.to_numpy(ak.sum(ak.unflatten(np.where(mine, energy, 0), counts), axis=1)))


def sample(size: int, least: float, network: Model, seed: int) -> Sample:
    """``size`` events of each class in a detector with losses and noise."""
    rng = np.random.default_rng(seed)
    parts = [
        simulate(
            size,
            rng,
            events=kind,
            conditions="detector",
            least_energy=least if kind == "2nubb" else 0.0,
        )
        for kind in CLASSES
    ]
    return Sample.of(ak.concatenate(parts), network)
