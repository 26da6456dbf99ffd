"""Simulated events, and how many tracks a network says they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np

import rootml
from rootml.runtime.model import Model
from rootml.spec import Array
from rootml_supernemo.simulation import simulate

CHUNK = 2000
"""Events that are judged at a time: their tensors take 70 MB."""
CLASSES = 4
"""0 to 3 tracks."""


@dataclass(frozen=True, eq=False)
class Counted:
    """What a network says of n events.

    ``truth``, ``count``: the true number of tracks and the network's (n,); ``probabilities``:
    (n, 4); ``sets``: the numbers that are possible, bools (n, 4), if the network says so.
    """

    truth: Array
    count: Array
    probabilities: Array
    sets: Array | None = None

    @property
    def right(self) -> Array:
        """Which events are counted right, (n,)."""
        return np.asarray(self.count == self.truth)


def test_sample(size: int, seed: int) -> ak.Array:
    """Clean events of 0 to 3 straight tracks, each from a vertex of its own, as in the talk."""
    return simulate(size, np.random.default_rng(seed), tracks="0:3")


def counted(events: ak.Array, model: Model) -> Counted:
    """Judge simulated events."""
    known = [output.name for output in model.card.outputs]
    names = [name for name in ("ntracks", "probabilities", "set") if name in known]
    parts: dict[str, list[Array]] = {name: [] for name in names}
    for start in range(0, len(events), CHUNK):
        judged = rootml.annotate(events[start : start + CHUNK], model)
        for name, values in parts.items():
            values.append(ak.to_numpy(judged[f"{model.card.name}_{name}"]))
    truth = ak.to_numpy(events["truth_ntracks"])
    return Counted(truth, *(np.concatenate(values) for values in parts.values()))


def opened(model: str) -> Model:
    """A network on one thread, by its name or its card."""
    return rootml.load(model, threads=1)


def facts(model: Model) -> dict[str, Any]:
    """What records tell of a network."""
    card = model.card
    told = ("epochs", "minutes", "events_per_second")
    settings = card.training.settings
    return {
        "name": card.name,
        "version": card.version,
        "sha256": card.network.sha256,
        "title": card.title,
        "parameters": card.parameters,
        "events": dict(card.training.events),
        "settings": {key: settings[key] for key in told if key in settings},
        "notes": card.training.notes,
        "command": card.training.command,
    }
