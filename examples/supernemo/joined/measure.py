"""What clusters are worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import adjusted_rand_score
from sklearn.metrics.cluster import contingency_matrix

from joined.methods import Hits, Labels
from rootml.validation import Estimate
from rootml.validation.statistics.binomial import clopper_pearson


@dataclass(frozen=True)
class Mean:
    """A mean over events, and its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ± {self.error:.4f}"


@dataclass(frozen=True)
class Figures:
    """Of the hits of tracks; noise is left out once it has been joined.

    ``right``: events with as many clusters as tracks, by the number of tracks, 0 for all;
    ``purity``: share of a cluster's hits that are of its main track; ``efficiency``: share of a
    track's hits that are in its main cluster, both weighted by hits; ``rand``: adjusted Rand index
    (L. Hubert, P. Arabie, J. Classif. 2 (1985) 193).
    """

    right: dict[int, Estimate]
    purity: Mean
    efficiency: Mean
    rand: Mean


def measure(hits: Hits, clusters: Sequence[Labels]) -> Figures:
    """Compare clusters with true tracks, event by event; noise alone makes a cluster, too."""
    purity, efficiency, rand, right = [], [], [], []
    for track, found, count in zip(hits.track, clusters, hits.counts, strict=True):
        right.append(len(np.unique(found)) == count)
        mine = track >= 0
        table = contingency_matrix(track[mine], found[mine])
        purity.append(table.max(axis=0).sum() / mine.sum())
        efficiency.append(table.max(axis=1).sum() / mine.sum())
        rand.append(adjusted_rand_score(track[mine], found[mine]))
    correct = np.array(right)
    shares = {n: _share(correct[hits.counts == n]) for n in np.unique(hits.counts)}
    return Figures({0: _share(correct)} | shares, *map(_mean, (purity, efficiency, rand)))


def _share(right: Labels) -> Estimate:
    good, total = int(right.sum()), len(right)
    low, high = clopper_pearson(good, total)
    return Estimate(good / total, float(low), float(high))


def _mean(values: Sequence[float]) -> Mean:
    return Mean(float(np.mean(values)), float(np.std(values) / np.sqrt(len(values))))
