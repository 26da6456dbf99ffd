"""Bins joined: the fine ones of scores, and those of several histograms between common edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rootml.spec import Array

SCORE_BINS = 50
"""Bins of the histogram of a score in one bin of a plot: 0.5 in log(p/(1-p))."""


def joined_scores(counts: Array) -> Array:
    """Counts of a score in the bins of a plot; the under- and overflow in the first and last."""
    joined = counts[1:-1].reshape(-1, SCORE_BINS).sum(axis=1)
    joined[[0, -1]] += counts[[0, -1]]
    return np.asarray(joined)


def common_edges(edges: Sequence[Array]) -> Array:
    """The edges that all have; beyond the ends of one, those of the others stand."""
    if all(np.array_equal(edges[0], own) for own in edges):
        return edges[0]
    near = 1e-6 * min(float(np.diff(own).min()) for own in edges)
    common: Array = np.unique(np.concatenate(edges))
    common = common[np.append(True, np.diff(common) > near)]
    for own in edges:
        above = np.searchsorted(own, common).clip(1, len(own) - 1)
        distance = np.minimum(abs(own[above] - common), abs(own[above - 1] - common))
        beyond = (common < own[0]) | (common > own[-1])
        common = common[beyond | (distance <= near)]
    return common


def joined(counts: Array, edges: Array, into: Array) -> Array:
    """Counts between the edges ``into``; each bin goes whole to where its middle lies."""
    middles = (edges[1:] + edges[:-1]) / 2
    place = np.searchsorted(into, middles, side="right") - 1
    return np.asarray(np.bincount(place, weights=counts, minlength=len(into) - 1))


def are_equal(widths: Array) -> bool:
    """Whether bins are of one width, to a hundredth."""
    return bool(widths.max() < 1.01 * widths.min())


def are_logarithmic(edges: Array) -> bool:
    """Whether bins are of one width on a logarithmic axis, and of several on a linear one."""
    return bool(
        edges[0] > 0 and not are_equal(np.diff(edges)) and are_equal(np.diff(np.log(edges)))
    )


def histogram(hist: Any, score: bool) -> tuple[Array, Array, Array]:
    """Edges, values and variances of a histogram as a plot shows it."""
    if score:
        counts = hist.values(flow=True), hist.variances(flow=True)
        return hist.axes[0].edges[::SCORE_BINS], *map(joined_scores, counts)
    return hist.axes[0].edges, hist.values(), hist.variances()
