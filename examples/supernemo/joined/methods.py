"""Hits of events, and ways to join them without a network."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import awkward as ak
import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import pdist

from rootml_supernemo import ADAPTER

Floats = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]
HEIGHTS = (0.1, 0.2, 0.3, 0.5, 1.0)
"""Scales of z against x and y that are tried: steep tracks leave wide steps in z."""
WIDTHS_MM = (30.0, 60.0, 100.0, 160.0, 260.0, 500.0)
"""Widths of the kernel that are tried."""
ENDS = 80
"""Distances at which joining ends that are tried: quantiles of those at which hits are joined."""


@dataclass(frozen=True)
class Hits:
    """Hits of events: ``points`` (h, 3) in mm and ``track`` (h,), -1 for noise, of each event.

    ``events``: the branches of a file that they are from.
    """

    points: Sequence[Floats]
    track: Sequence[Labels]
    events: ak.Array | None = None

    @classmethod
    def of(cls, events: ak.Array) -> Hits:
        """Of simulated events with two hits or more, of which a track has one.

        Left out are events with more hits than networks judge. Unknown heights are the mean of the
        others.
        """
        hits = ak.num(events.grid_id)
        tracks = ak.any(events.truth_track >= 0, axis=1)
        kept = events[(hits > 1) & (hits <= ADAPTER.views["hits"].members) & tracks]
        points, track = [], []
        for event in kept:
            place = np.stack([np.asarray(event[f"wire{axis}"]) for axis in "xyz"], axis=1)
            known = np.isfinite(place[:, 2])
            place[~known, 2] = place[known, 2].mean() if known.any() else 0.0
            points.append(place)
            track.append(np.asarray(event.truth_track))
        return cls(points, track, kept)

    @cached_property
    def counts(self) -> Labels:
        """Tracks that have hits, of each event."""
        return np.array([len(np.unique(one[one >= 0])) for one in self.track])


@dataclass(frozen=True)
class Method:
    """Hits are joined by ``linkage``; with ``widths``, in the space of a Gaussian kernel.

    There two hits are sqrt(2 - 2 k) apart, with k = exp(-d^2 / 2 width^2) of their distance d.
    """

    title: str
    linkage: Literal["single", "average"]
    widths: tuple[float, ...] = (np.inf,)


METHODS: Mapping[str, Method] = {
    "single": Method("nearest hits", "single"),
    "average": Method("mean distances", "average"),
    "kernel": Method("mean distances, with a kernel", "average", WIDTHS_MM),
}


@dataclass(frozen=True)
class Chosen:
    """A method with its settings; ``end``: distance at which joining ends."""

    method: Method
    height: float
    width: float
    end: float

    @property
    def title(self) -> str:
        """What is joined by, and with which settings."""
        kernel = f", {self.width:g} mm wide" if np.isfinite(self.width) else ""
        return f"{self.method.title}{kernel}; heights x {self.height:g}"

    def tree(self, points: Floats) -> Floats:
        """How hits (h, 3) are joined, as scipy writes it: (h - 1, 4)."""
        apart = pdist(points * [1.0, 1.0, self.height])
        if np.isfinite(self.width):
            apart = np.sqrt(-2 * np.expm1(-((apart / self.width) ** 2) / 2))
        joined: Floats = linkage(apart, self.method.linkage)
        return joined

    def clusters(self, hits: Hits) -> list[Labels]:
        """The cluster (h,) of each hit, of each event."""
        return [fcluster(self.tree(one), self.end, "distance") for one in hits.points]


def choose(method: Method, hits: Hits) -> Chosen:
    """The settings with which most events have the right number of clusters."""
    best, most = None, -1.0
    for height, width in itertools.product(HEIGHTS, method.widths):
        tried = Chosen(method, height, width, 0.0)
        joins = [tried.tree(one)[:, 2] for one in hits.points]
        ends = np.quantile(np.concatenate(joins), np.linspace(0.5, 1, ENDS))
        found = np.stack([(join > ends[:, None]).sum(axis=1) + 1 for join in joins])
        right = (found == hits.counts[:, None]).mean(axis=0)
        if right.max() > most:
            most = float(right.max())
            best = Chosen(method, height, width, float(ends[right.argmax()]))
    assert best is not None
    return best
