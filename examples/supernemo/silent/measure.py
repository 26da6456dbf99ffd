"""What is found of cells that tracks crossed in vain, and what it gives the counting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np

import rootml
from rootml.runtime.model import Model
from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate, clopper_pearson
from rootml.validation.statistics.sums import ratio_of_sums
from rootml_supernemo.simulation import simulate
from silent.cells import Cells, between, with_hits

THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
USUAL = 0.5
CHUNK = 1000


@dataclass(frozen=True)
class Share:
    """At a share of ``dead`` cells.

    ``curve``: efficiency and purity of the cells that the network adds, by threshold; ``rule``:
    those that lie between hits; ``counted``: share of events with the right number of tracks, by
    what was added; ``gain``: what the network's cells add to it, and its error; ``lost``: cells an
    event.
    """

    dead: float
    lost: float
    curve: Mapping[float, tuple[Estimate, Estimate]]
    rule: tuple[Estimate, Estimate]
    counted: Mapping[str, Estimate]
    gain: tuple[float, float]


def measure(
    dead: float, size: int, network: Model, counter: Model, rng: np.random.Generator
) -> Share:
    """Simulate ``size`` events and judge them, with and without cells that are added."""
    asked: dict[str, Any] = {"conditions": "detector", "kind": "mixed", "dead": dead, "run": 77}
    events = simulate(size, rng, **asked)
    cells, said = Cells.of(events), crossed(events, network)
    found = {threshold: ~cells.hit & (said > threshold) for threshold in THRESHOLDS}
    rule = between(cells.hit)
    ways = {
        "as they are": events,
        "with cells between hits": with_hits(events, rule),
        "with the network's cells": with_hits(events, found[USUAL]),
        "with all that were lost": with_hits(events, cells.lost),
    }
    right = {name: count(one, counter) for name, one in ways.items()}
    apart = right["with the network's cells"] - right["as they are"].astype(int)
    return Share(
        dead,
        cells.lost.sum() / size,
        {threshold: _worth(one, cells.lost) for threshold, one in found.items()},
        _worth(rule, cells.lost),
        {name: _share(one) for name, one in right.items()},
        (float(apart.mean()), float(apart.std() / np.sqrt(size))),
    )


def crossed(events: ak.Array, network: Model) -> Array:
    """What the network says of all cells, (n, 2, 9, 113)."""
    parts = [
        rootml.annotate(events[start : start + CHUNK], network)[f"{network.card.name}_crossed"]
        for start in range(0, len(events), CHUNK)
    ]
    return np.concatenate([ak.to_numpy(part) for part in parts])


def count(events: ak.Array, counter: Model) -> Array:
    """Which events are counted right."""
    name = f"{counter.card.name}_ntracks"
    parts = [
        ak.to_numpy(rootml.annotate(events[start : start + CHUNK], counter)[name])
        for start in range(0, len(events), CHUNK)
    ]
    return np.asarray(np.concatenate(parts) == ak.to_numpy(events["truth_ntracks"]))


def _worth(found: Array, lost: Array) -> tuple[Estimate, Estimate]:
    """Efficiency and purity of cells that are added."""
    both, added, all_lost = (
        part.reshape(len(lost), -1).sum(axis=1) for part in (found & lost, found, lost)
    )
    return ratio_of_sums(both, all_lost), ratio_of_sums(both, added)


def _share(right: Array) -> Estimate:
    good, total = int(right.sum()), len(right)
    low, high = clopper_pearson(good, total)
    return Estimate(good / total, float(low), float(high))
