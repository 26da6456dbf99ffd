"""Minimising the likelihood of a shape, and the errors and chi2 at its minimum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rootml.spec import Array
from rootml.validation.statistics.binomial import LEVEL
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.shapes import Sum

if TYPE_CHECKING:
    from iminuit import Minuit

MIN_EXPECTED = 5.0
"""For chi2, neighbouring bins are joined until each expects so many (effective) entries."""

_NOWHERE = 1e-10
"""Share of the entries that is expected anywhere: an entry where a shape is 0 costs, not all."""


def minimised(
    shape: Sum,
    edges: Array,
    entries: Counts,
    factor: float,
    start: Mapping[str, float],
    fixed: Sequence[str],
) -> Minuit:
    """The minimum that is reached from a peak ``factor`` times as wide as it first looks."""
    from iminuit import Minuit
    from iminuit.cost import ExtendedBinnedNLL

    per_weight = _per_weight(entries)
    floor = _NOWHERE * np.abs(entries.values).sum() / (shape.high - shape.low)

    def scaled(x: Array, *values: float) -> Array:
        peak, below = shape.parts(x, *values)
        return np.asarray(per_weight * (peak + below + floor * (x - shape.low)))

    seen = _first_look(edges, entries.values, shape.below is not None)
    width = seen["width"] * factor
    unit = {"": 1.0, "place": width, "width": width} | seen | {"width": width}
    names = [parameter.name for parameter in shape.parameters]
    starts = [
        seen["place"] if p.scale == "place" else p.start * unit[p.scale] for p in shape.parameters
    ]
    counts = per_weight * entries.values
    cost = ExtendedBinnedNLL(np.stack((counts, np.abs(counts)), axis=1), edges, scaled, name=names)
    minuit = Minuit(cost, *starts, name=names)
    for p, at in zip(shape.parameters, starts, strict=True):
        scale = seen["width"] if p.scale == "width" else 1.0
        ends = (shape.low, shape.high) if p.scale == "place" else (p.low * scale, p.high * scale)
        minuit.limits[p.name] = ends
        minuit.errors[p.name] = 0.1 * (width if p.scale == "place" else max(abs(at), 0.1))
    for name, value in start.items():
        minuit.limits[name] = (-math.inf, math.inf) if name in fixed else minuit.limits[name]
        minuit.values[name] = value
        minuit.fixed[name] = name in fixed
    minuit.migrad(ncall=5000)
    if minuit.valid:
        minuit.hesse()
    return minuit


def _per_weight(entries: Counts) -> float:
    """Effective entries per sum of weights."""
    return float(entries.values.sum() / entries.squares.sum()) if entries.weighted else 1.0


def _first_look(edges: Array, values: Array, background: bool) -> dict[str, float]:
    """Where the peak seems to be, how wide, and how many entries it and the background have."""
    density = values.clip(0) / np.diff(edges)
    total = float(values.sum())
    excess = density
    if background:
        ends = max(len(density) // 10, 1)
        left, right = density[:ends].mean(), density[-ends:].mean()
        excess = (density - np.linspace(left, right, len(density))).clip(0)
        excess = excess if excess.any() else density
    below = np.pad(np.cumsum(excess * np.diff(edges)), (1, 0))
    low, place, high = np.interp(
        np.array([(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2]) * below[-1], below, edges
    )
    signal = min(float(below[-1]), total) if background else total
    return {
        "place": float(place),
        "width": float(max((high - low) / 2, 0.3 * np.diff(edges).min())),
        "signal": signal,
        "background": max(total - signal, 0.01 * total),
    }


def weighted_covariance(
    covariance: Array, shape: Sum, edges: Array, entries: Counts, minuit: Minuit
) -> Array:
    """The covariance of the estimates of weighted entries: the spread of the score in between."""
    values, errors = np.array(minuit.values), np.sqrt(np.diag(covariance).clip(0))
    slopes = np.zeros((len(values), len(edges) - 1))
    here = np.diff(sum(shape.parts(edges, *values)))
    for i, step in enumerate(0.1 * errors * np.eye(len(values))):
        if errors[i] > 0:
            up, down = (np.diff(sum(shape.parts(edges, *(values + s)))) for s in (step, -step))
            slopes[i] = (up - down) / (2 * step[i] * np.maximum(here, 1e-300))
    spread = (slopes * entries.squares * _per_weight(entries) ** 2) @ slopes.T
    return np.asarray(covariance @ spread @ covariance)


def pearson_chi2(entries: Counts, expected: Array) -> tuple[float, int]:
    """Pearson's chi2 of bins joined until each expects enough, and their number."""
    per_weight = _per_weight(entries)
    counts, expected = per_weight * entries.values, per_weight * expected
    starts, held, left = [0], 0.0, float(expected.sum())
    for i, here in enumerate(expected.tolist()):
        if held >= MIN_EXPECTED and left >= MIN_EXPECTED:
            starts.append(i)
            held = 0.0
        held, left = held + here, left - here
    found, wanted = (np.add.reduceat(part, starts) for part in (counts, expected))
    wanted = np.maximum(wanted, _NOWHERE)
    return float(((found - wanted) ** 2 / wanted).sum()), len(starts)
