"""Histograms of a regression for the report: residuals, pulls, truth against estimate, fits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from hist import Hist, axis, storage

from rootml.adapter import Adapter
from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.residuals import estimators, is_relative, residuals_of, total
from rootml.validation.counting.tally import Tally, in_bins
from rootml.validation.figures.residual_bins import MIN_ENTRIES
from rootml.validation.figures.residual_figures import peak_bins
from rootml.validation.statistics.binomial import LEVEL
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.regression import Residuals
from rootml.validation.statistics.scales import COARSE, truth_edge

REACH = (6.0, 20.0)
"""A histogram of residuals reaches the last thousandth, between so many of their widths, and always
beyond the medians."""

_DISPLAY_BINS, _TRUTH_BINS = 400, 60


def residual_histograms(
    tally: Tally, output: Output, adapter: Adapter
) -> Iterator[tuple[str, Any]]:
    """Residuals in their unit, of all estimators in the same bins, pulls, and what is drawn."""
    names = [f"residual_{name}" for name in estimators(output, adapter)]
    for group in (names, [f"pull_{output.name}"]):
        series = {name: residuals_of(tally, name) for name in group if total(tally, name) > 0}
        half = _reach(series.values(), output.tails if group is names else ()) if series else 0.0
        for name, residuals in series.items():
            shown = axis.Regular(_DISPLAY_BINS, -half, half, name="residual", flow=False)
            yield name, _hist(residuals.rebinned(shown.edges), shown)
    own = f"residual_{output.name}"
    if not total(tally, own) > 0:
        return
    yield f"truth_2d_{output.name}", _truth_2d(tally, output)
    residuals = residuals_of(tally, own)
    if residuals.effective >= MIN_ENTRIES:
        edges, counts = peak_bins(residuals)
        yield (
            f"peak_{output.name}",
            _hist(counts, axis.Variable(edges, name="residual", flow=False)),
        )


def _hist(counts: Counts, *axes: Any) -> Any:
    """A histogram of counts, or of sums of weights with those of their squares."""
    made: Any = Hist(*axes, storage=storage.Weight() if counts.weighted else storage.Double())
    view = made.view()
    if counts.weighted:
        view["value"], view["variance"] = counts.values, counts.squares
    else:
        view[...] = counts.values
    return made


def _reach(series: Iterable[Residuals], bounds: Sequence[float]) -> float:
    """Where the axis of some distributions ends, on either side of zero."""
    low = (1 - LEVEL) / 2
    ends = np.array([one.at(np.array([0.001, low, 0.5, 1 - low, 0.999])) for one in series])
    width, bias = (ends[:, 3] - ends[:, 1]).min() / 2, np.abs(ends[:, 2]).max()
    least, most = REACH[0] * width, max(REACH[1] * width, bias + REACH[0] * width)
    far = np.clip(np.abs(ends).max(), least, most)
    return float(max((far, *(1.2 * bound for bound in bounds))))


def _truth_2d(tally: Tally, output: Output) -> Any:
    """Entries by true value and estimate, in bins joined from those of 1 % of the true value.

    Within a bin of the true value, true values count as evenly spread.
    """
    hist = tally.hists[in_bins(f"residual_{output.name}", "truth")]
    keys, counts = np.array(list(hist.axes[0]), np.int64), Counts.of(hist, flow=True)
    edges = _truth_edges(keys, counts.squares.sum(axis=1))
    centres = COARSE.inverse(np.pad((COARSE.edges()[1:] + COARSE.edges()[:-1]) / 2, 1, mode="edge"))
    made: Any = Hist(
        axis.Variable(edges, name="truth", label=_label("true value", output)),
        axis.Variable(edges, name="estimate", label=_label("estimate", output)),
        storage=storage.Weight(),
    )
    for key, values, squares in zip(keys, counts.values, counts.squares, strict=True):
        low, high = truth_edge(key), truth_edge(key + 1)
        if not edges[0] <= (low + high) / 2 < edges[-1]:
            continue
        filled = np.flatnonzero(squares)
        scale = (low + high) / 2 if is_relative(output) else 1.0
        start = low + scale * centres[filled]
        passed = ((edges[:, None] - start) / (high - low)).clip(0, 1)
        share = np.diff(np.pad(passed, ((1, 1), (0, 0)), constant_values=((0, 1), (0, 0))), axis=0)
        place = np.searchsorted(edges, (low + high) / 2, side="right")
        view = made.view(flow=True)
        view["value"][place] += share @ values[filled]
        view["variance"][place] += share @ squares[filled]
    return made


def _truth_edges(keys: Array, entries: Array) -> Array:
    """Edges at keys, evenly spread over all but the outermost thousandths of the entries."""
    order = np.argsort(keys)
    keys, below = keys[order], np.cumsum(entries[order]) / entries.sum()
    first, last = keys[np.searchsorted(below, 0.001)], keys[np.searchsorted(below, 0.999)]
    low, high = truth_edge(first), truth_edge(last + 1)
    spread = np.geomspace if low > 0 and high > 10 * low else np.linspace
    wanted = spread(low, high, _TRUTH_BINS + 1)
    fine = np.array([truth_edge(key) for key in range(first, last + 2)])
    return np.unique(fine[np.abs(fine[:, None] - wanted).argmin(axis=0)])


def _label(what: str, output: Output) -> str:
    return what + (f" [{output.unit}]" if output.unit else "")
