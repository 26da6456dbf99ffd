"""Rule and network on the same events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np
from joined.methods import METHODS, Hits, choose

from ends import rule
from ends.rule import Event, Labels
from rootml.testing.samples import build, decode, decoder_of
from rootml.training.pointing import pointed
from rootml_supernemo import ADAPTER

if TYPE_CHECKING:
    from rootml.runtime.model import Model
    from rootml.validation import Estimate

COLUMNS = ("side", "layer", "row", "z", "calo_x", "calo_y", "calo_z", "truth_track", "truth_module")


@dataclass(frozen=True)
class Sample:
    """Events that the view judges: as a rule sees them, and as a network does."""

    events: Sequence[Event]
    raw: ak.Array

    @classmethod
    def of(cls, raw: ak.Array) -> Sample:
        """Of simulated events; those without hits are left out."""
        raw = raw[ak.num(raw["grid_layer"]) > 0]
        found = decode(decoder_of(ADAPTER, raw), raw, *COLUMNS)
        events = []
        for one, wires in zip(found, raw[["wirex", "wirey"]], strict=True):
            hits = [np.asarray(part, np.float64) for part in (wires.wirex, wires.wirey, one.z)]
            modules = [np.asarray(one[f"calo_{axis}"], np.float64) for axis in "xyz"]
            truth = np.asarray(one.truth_track), np.asarray(one.truth_module)
            events.append(Event(np.stack(hits, axis=1), np.stack(modules, axis=1), *truth))
        return cls(events, raw)

    @property
    def tracks(self) -> Labels:
        """How many true tracks events have, (n,)."""
        return np.asarray(self.raw["truth_ntracks"])


def by_network(sample: Sample, model: Model) -> list[Labels]:
    """Modules of all hits by a network, as it is deployed."""
    batch = build(ADAPTER, ADAPTER.views[model.card.view], sample.raw)
    if not batch.each.all():
        raise ValueError("events with more hits or modules than the view lists")
    places = model(batch.tensors)["module"]
    return [row[: len(event.hits)] for row, event in zip(places, sample.events, strict=True)]


def figures(
    sample: Sample, found: Sequence[Labels], kept: Labels | None = None
) -> Mapping[str, Estimate]:
    """How often they are right (:func:`rootml.training.pointing.pointed`), of some events."""
    which = np.arange(len(found)) if kept is None else np.flatnonzero(kept)
    longest = max(len(found[i]) for i in which)
    table, truth = np.full((len(which), longest), -1.0), np.full((len(which), longest), np.nan)
    for row, i in enumerate(which):
        table[row, : len(found[i])] = found[i]
        truth[row, : len(found[i])] = sample.events[i].module
    return pointed(table, truth)


def judged(tuning: Sample, test: Sample, model: Model) -> dict[str, list[Labels]]:
    """Modules of all hits of ``test``, in all ways; ``tuning`` settles those of the rule."""
    joining = choose(METHODS["single"], Hits.of(tuning.raw))
    ways = {
        "straight line": lambda event: rule.clusters(event, joining),
        "straight line, true tracks": lambda event: event.track,
    }
    found = {}
    for name, way in ways.items():
        reach = rule.best_reach(tuning.events, [way(event) for event in tuning.events])
        found[name] = rule.by_rule(test.events, [way(event) for event in test.events], reach)
    return found | {"network": by_network(test, model)}
