"""Efficiency and rejection in bins of a variable, at one cut for all or one for each bin.

A flat cut is what an analysis applies; it keeps more here and less there. At flat efficiency
each bin has the cut that keeps the same share of its own signal, which compares how well the
bins separate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counted, Counts
from rootml.validation.statistics.cuts import Cut

MIN_SIGNAL = 20
"""A bin with less signal (in effective entries) gives no cut of its own."""


@dataclass(frozen=True)
class Slice:
    """One bin of a variable, ``low <= value < high``, and the cut there.

    ``cut``: None where the bin cannot set one of its own: too little signal, or no background.
    """

    low: float
    high: float
    signal: float
    background: float
    cut: Cut | None


def against(
    variable: Array,
    scores: Array,
    labels: Array,
    edges: Array,
    *,
    threshold: float | None = None,
    efficiency: float | None = None,
    weights: Array | None = None,
) -> list[Slice]:
    """What a flat cut keeps in each bin, or the cut that keeps this efficiency in each.

    ``variable``, ``scores``, ``labels`` (true: signal) and ``weights`` are (n,), one row an
    event; ``edges`` rise, one more than bins. Events beyond them, or without a value, are left
    out. Either a ``threshold`` or an ``efficiency``.
    """
    if (threshold is None) == (efficiency is None):
        raise ValueError("either a threshold or an efficiency is needed")
    edges = np.asarray(edges, np.float64)
    if len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise DataError("edges of bins rise, and there are two at least")
    bins = len(edges) - 1
    place = np.searchsorted(edges, variable, side="right") - 1  # NaN lies above all
    signal = np.asarray(labels, np.bool_)
    place = np.where(place < 0, bins, np.minimum(place, bins))

    def count(of: Array) -> Counts:
        return Counts.filled(place[of], bins + 1, None if weights is None else weights[of])[:bins]

    totals = count(signal), count(~signal)
    if threshold is not None:
        above = scores > threshold
        passed = count(signal & above), count(~signal & above)
        return at_flat_cut(edges, threshold, *zip(passed, totals, strict=True))
    cuts: list[Cut | None] = []
    for i in range(bins):
        parts = [(place == i) & of for of in (signal, ~signal)]
        weighed = [None if weights is None else weights[part] for part in parts]
        good = _enough(totals[0][i], totals[1][i])
        made = (
            Separation.from_scores(scores[parts[0]], scores[parts[1]], *weighed) if good else None
        )
        cuts.append(made.at_efficiency(efficiency) if made and efficiency else None)
    return _slices(edges, totals, cuts)


def at_flat_cut(
    edges: Array, threshold: float, signal: Sequence[Counted], background: Sequence[Counted]
) -> list[Slice]:
    """Slices from what passed one cut and all there was, each bin by bin.

    ``edges``: (bins + 1,), or (bins, 2) where bins do not touch. ``signal``, ``background``:
    passed and total, as counts, histograms or :class:`Counts`.
    """
    s, b = ([Counts.of(part) for part in pair] for pair in (signal, background))
    cuts = [
        Cut.of(threshold, (s[0][i], s[1][i]), (b[0][i], b[1][i])) for i in range(len(s[1].values))
    ]
    return _slices(edges, (s[1], b[1]), cuts)


def at_flat_efficiency(
    edges: Array, thresholds: Array, signal: Counted, background: Counted, efficiency: float
) -> list[Slice]:
    """Slices from counts (bins, scores), each cut at the efficiency of its own bin.

    ``edges``: as of :func:`at_flat_cut`. ``thresholds``: below each bin of the score, as in
    :class:`Separation`. The rejection's interval takes the cut as given, although a finite
    number of signal events set it.
    """
    s, b = Counts.of(signal), Counts.of(background)
    totals = s.sum(axis=1), b.sum(axis=1)
    cuts = [
        Separation(thresholds, s[i], b[i]).at_efficiency(efficiency)
        if _enough(totals[0][i], totals[1][i])
        else None
        for i in range(len(s.values))
    ]
    return _slices(edges, totals, cuts)


def together(slices: Sequence[Slice]) -> Cut | None:
    """What the cuts of all bins keep together, of the bins that have one; no single threshold."""
    cuts = [one.cut for one in slices if one.cut is not None]
    if not cuts:
        return None
    four = Counts.stack([Counts.stack([*cut.counts[0], *cut.counts[1]]) for cut in cuts]).sum(
        axis=0
    )
    return Cut.of(math.nan, (four[0], four[1]), (four[2], four[3]))


def _enough(signal: Counts, background: Counts) -> bool:
    positive = signal.values > 0 and background.values > 0
    return bool(positive and signal.entries >= MIN_SIGNAL)


def _slices(edges: Array, totals: tuple[Counts, Counts], cuts: Sequence[Cut | None]) -> list[Slice]:
    ends = np.asarray(edges, np.float64)
    if ends.ndim == 1:
        ends = np.stack((ends[:-1], ends[1:]), axis=1)
    signal, background = (part.values.tolist() for part in totals)
    rows = zip(ends.tolist(), signal, background, cuts, strict=True)
    return [Slice(low, high, s, b, cut) for (low, high), s, b, cut in rows]
