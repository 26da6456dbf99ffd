"""What clusters are worth, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from joined.methods import Hits, Labels
from rootml.validation import Estimate
from rootml.validation.statistics.clusters import Clusters


class Way(Protocol):
    """A way to join hits, with all its settings."""

    @property
    def title(self) -> str:
        """Its name."""

    def clusters(self, hits: Hits) -> list[Labels]:
        """The cluster (h,) of each hit, of each event; below 0: none."""


@dataclass(frozen=True)
class Joined:
    """What a way to join hits is worth on some events.

    ``figures``: of :class:`rootml.validation.statistics.clusters.Clusters`; ``rate``: events a
    second of processor time.
    """

    title: str
    figures: Mapping[str, Estimate]
    rate: float


def measure(way: Way, hits: Hits) -> Joined:
    """Join the hits, and compare with the true tracks."""
    begin = time.process_time()
    found = way.clusters(hits)
    seconds = time.process_time() - begin
    counts = np.array([len(one) for one in hits.track])
    clusters = Clusters.of(np.concatenate(hits.track), np.concatenate(found), counts)
    return Joined(way.title, clusters.figures(), len(counts) / seconds)
