"""What the training inputs look like: the domain on a card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rootml.adapter import Adapter, Summary, View
from rootml.card import DomainAxis
from rootml.domain import QUANTILES
from rootml.errors import DataError, TrainingError, located
from rootml.rootio.source import open_source
from rootml.spec import Array

BINS = 50
MARGIN = 0.2
"""How far the histogram reaches beyond the domain, in widths of it, if the inputs do."""
CHUNK = 4096


def describe(
    view: View, tensors: Mapping[str, Array], rows: npt.NDArray[np.int64]
) -> tuple[DomainAxis, ...]:
    """Histogram each summary of the view over the given rows of ``tensors``."""
    chunks = (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
    return describe_parts(
        view, ({name: tensor[chunk] for name, tensor in tensors.items()} for chunk in chunks)
    )


def describe_files(
    view: View, adapter: Adapter, files: Sequence[str | Path], tree: str | None = None
) -> tuple[DomainAxis, ...]:
    """Histogram each summary of the view over all that it judges in ``files``."""

    def parts() -> Iterator[Mapping[str, Array]]:
        for path in files:
            with open_source(path, [adapter], tree=tree) as source:
                for first, events in source.chunks(view.columns):
                    with located(source.events.where, first):
                        yield view.build(events).tensors

    return describe_parts(view, parts())


def describe_parts(view: View, parts: Iterable[Mapping[str, Array]]) -> tuple[DomainAxis, ...]:
    """Histogram each summary of the view over tensors that come part by part.

    Where tensors may hold NaN for what is missing, summaries may be NaN too; those are left out,
    and a summary that is nowhere known gets no axis. DataError where there are no rows at all.
    """
    missing = any(spec.allow_nan for spec in view.tensors)
    values: dict[str, list[Array]] = {summary.name: [] for summary in view.summaries}
    for part in parts:
        for summary in view.summaries:
            values[summary.name].append(np.asarray(summary.compute(part), np.float64))
    axes = []
    for summary in view.summaries:
        known = np.concatenate([np.zeros(0), *values[summary.name]])
        if not len(known):
            raise DataError("nothing to describe: no event or object is judged")
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
        events=len(values),
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
