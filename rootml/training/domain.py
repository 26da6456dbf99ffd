"""What the training inputs look like: the domain on a card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rootml.adapter import Summary, View
from rootml.card import DomainAxis
from rootml.domain import QUANTILES
from rootml.errors import DataError, TrainingError
from rootml.spec import Array

BINS = 50
MARGIN = 0.2
"""How far the histogram reaches beyond the domain, in widths of it, if the inputs do."""
CHUNK = 4096


def describe(
    view: View, tensors: Mapping[str, Array], rows: npt.NDArray[np.int64]
) -> tuple[DomainAxis, ...]:
    """Histogram each summary of the view over the given rows of ``tensors``.

    Where tensors may hold NaN for what is missing, summaries may be NaN too; those are left out,
    and a summary that is nowhere known gets no axis.
    """
    missing = any(spec.allow_nan for spec in view.tensors)
    values: dict[str, list[Array]] = {summary.name: [] for summary in view.summaries}
    for start in range(0, len(rows), CHUNK):
        part = {name: tensor[rows[start : start + CHUNK]] for name, tensor in tensors.items()}
        for summary in view.summaries:
            values[summary.name].append(np.asarray(summary.compute(part), np.float64))
    axes = []
    for summary in view.summaries:
        known = np.concatenate(values[summary.name])
        if missing:
            known = known[~np.isnan(known)]
        if len(known) or not missing:
            axes.append(_axis(summary, known))
    return tuple(axes)


def common(view: View, domains: Sequence[Sequence[DomainAxis]]) -> tuple[DomainAxis, ...]:
    """Of each summary of ``view`` the first axis in ``domains``, bounded to what lies in all.

    TrainingError where nothing does.
    """
    axes = []
    known = {summary.name for summary in view.summaries}
    by_name: dict[str, list[DomainAxis]] = {}
    for axis in (axis for domain in domains for axis in domain):
        if axis.name in known:
            by_name.setdefault(axis.name, []).append(axis)
    for same in by_name.values():
        axis, low, high = same[0], max(a.low for a in same), min(a.high for a in same)
        if low > high:
            raise TrainingError(
                f"no {axis.name!r} lies in the domains of all members: the highest low bound is "
                f"{low:g} {axis.unit}, the lowest high one {high:g} {axis.unit}"
            )
        axes.append(axis.model_copy(update={"low": low, "high": high}))
    return tuple(axes)


def _axis(summary: Summary, values: npt.NDArray[np.float64]) -> DomainAxis:
    if summary.log:
        values = values[values > 0]
    if not len(values) or not np.isfinite(values).all():
        raise DataError(f"summary {summary.name!r} of the training inputs is not a finite number")
    low, high = np.quantile(values, QUANTILES)
    edges = np.array([_rounded(edge) for edge in _edges(values, low, high, log=summary.log)])
    counts, _ = np.histogram(values, edges)
    beyond = np.sum(values < edges[0]), np.sum(values > edges[-1])
    return DomainAxis(
        name=summary.name,
        unit=summary.unit,
        log=summary.log,
        low=_rounded(low),
        high=_rounded(high),
        edges=tuple(edges.tolist()),
        fractions=tuple(_rounded(count / len(values)) for count in counts),
        beyond=(_rounded(beyond[0] / len(values)), _rounded(beyond[1] / len(values))),
    )


def _edges(values: Array, low: float, high: float, *, log: bool) -> Array:
    """Edges a little wider than the domain, so that a few far values do not empty the bins."""
    if log:
        margin = (high / low) ** MARGIN
        first, last = low / margin, high * margin
    else:
        margin = (high - low) * MARGIN
        first, last = low - margin, high + margin
    first, last = max(first, values.min()), min(last, values.max())
    if first == last:
        first, last = (0.9 * first, 1.1 * last) if first > 0 else (first - 1.0, last + 1.0)
    return (np.geomspace if log else np.linspace)(first, last, BINS + 1)


def _rounded(value: Any) -> float:
    return float(f"{value:.6g}")
