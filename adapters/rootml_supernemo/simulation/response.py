"""Which cells answer: losses, noise, and one answer of each cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootml.spec import Array
from rootml_supernemo.geometry import CELLS, HALF_LENGTH_MM
from rootml_supernemo.simulation.arcs import Index
from rootml_supernemo.simulation.cells import REACH_MM, Hits
from rootml_supernemo.simulation.options import Settings

NOISE = -1


def dead_cells(share: float, run: int) -> Array:
    """Which of the 2034 cells never answer in a run, (2034,)."""
    return np.random.default_rng(run).random(CELLS) < share


@dataclass(frozen=True)
class Answers:
    """``hits`` that are seen and the ``event`` of each, in the order of events, tracks and paths.

    Noise comes last in its event. ``lost``, ``lost_event``: cells (0-2033) that tracks crossed but
    none of them made answer, and their events, in this order.
    """

    event: Index
    hits: Hits
    lost_event: Index
    lost: Index


def answer(
    hits: Hits, event_of: Index, events: int, asked: Settings, rng: np.random.Generator
) -> Answers:
    """What cells answer to ``hits`` of tracks, whose events are ``event_of``.

    Of several tracks in a cell the nearest is seen: its electrons arrive first.
    """
    crossed = event_of[hits.track] * CELLS + hits.cell
    noise = rng.poisson(asked.share("noise"), events)
    event = np.concatenate([event_of[hits.track], np.repeat(np.arange(events), noise)])
    hits = hits + _noise(int(noise.sum()), rng)
    kept = _nearest(event * CELLS + hits.cell, hits.distance)
    event, hits = event[kept], hits.take(kept)
    place, of_noise = event * CELLS + hits.cell, hits.track == NOISE
    fired = (rng.random(len(event)) < asked.share("efficiency")) | of_noise
    fired &= ~dead_cells(asked.share("dead"), asked.run)[hits.cell]
    covered = place[of_noise]
    covered = covered[np.isin(covered, crossed)]
    lost = np.sort(np.concatenate([place[~fired & ~of_noise], covered]))
    event, hits = event[fired], hits.take(fired)
    track = np.where(hits.track == NOISE, len(event_of), hits.track)
    order = np.lexsort((hits.path, track, event))
    return Answers(event[order], hits.take(order), *np.divmod(lost, CELLS))


def _noise(n: int, rng: np.random.Generator) -> Hits:
    """Answers anywhere in the tracker."""
    return Hits(
        np.full(n, NOISE),
        rng.integers(0, CELLS, n),
        rng.uniform(0, REACH_MM, n),
        np.zeros(n),
        rng.uniform(-HALF_LENGTH_MM, HALF_LENGTH_MM, n),
    )


def _nearest(place: Index, distance: Array) -> Index:
    """Of all hits of a place the one with the smallest distance."""
    order = np.lexsort((distance, place))
    first = np.ones(len(order), np.bool_)
    first[1:] = np.diff(place[order]) > 0
    kept: Index = order[first]
    return kept
