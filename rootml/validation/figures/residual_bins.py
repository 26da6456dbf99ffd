"""Residuals in bins of the true value, and of any variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.residuals import estimators, from_counts, total
from rootml.validation.counting.tally import Tally, in_bins
from rootml.validation.counting.units import Variable, bins_of
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.statistics.binomial import LEVEL, Estimate
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.paired import Paired, improvement
from rootml.validation.statistics.scales import COARSE, truth_edge

MAX_BINS, MIN_ENTRIES = 12, 100
"""At most so many bins of the true value, with at least so many entries each."""

FEWEST = 20
"""A bin of a variable with fewer (effective) entries gives no figure."""


def estimator_titles(draft: Draft, output: Output) -> dict[str, str]:
    """Titles of the estimators that have residuals, by the name of their histogram."""
    titles = {r.column: r.title for r in draft.setting.adapter.references}
    return {
        f"residual_{name}": titles.get(column, draft.card.name)
        for name, column in estimators(output, draft.setting.adapter).items()
        if total(draft.tally, f"residual_{name}") > 0
    }


def against_truth(draft: Draft, output: Output, kind: str) -> list[dict[str, Any]]:
    """Bias and width in bins of the true value, as evenly filled as its 1 % bins allow."""
    tables = {
        name: _by_key(draft.tally.hists[in_bins(name.replace("residual", kind, 1), "truth")])
        for name in estimator_titles(draft, output)
    }
    keys, counts = tables[f"residual_{output.name}"]
    edges = _edges(keys, counts)
    if len(edges) < 3:
        raise Unavailable(
            f"the true values ({output.estimates}) fill no two bins of 1 % with {MIN_ENTRIES} each"
        )
    rows = []
    for low, high in pairwise(edges):
        within = {name: (k >= low) & (k < high) for name, (k, _) in tables.items()}
        figures = {
            name: _in_bin(part[within[name]].each(lambda p: p.sum(axis=0)))
            for name, (_, part) in tables.items()
        }
        inside = within[f"residual_{output.name}"]
        row = {"low": truth_edge(low), "high": truth_edge(high), "estimators": figures}
        rows.append(row | {"truth": _mean_truth(keys[inside], counts[inside])})
    return _with_improvement(draft, output, rows)


def against_variable(draft: Draft, output: Output, variable: Variable) -> list[dict[str, Any]]:
    """Bias and width in bins of a variable."""
    hist = draft.tally.hists.get(in_bins(f"residual_{output.name}", variable.name))
    if hist is None or not hist.variances(flow=True).any():
        raise Unavailable(f"the file has no {variable.title or variable.name} ({variable.source})")
    places = {
        f"residual_{name}": i for i, name in enumerate(estimators(output, draft.setting.adapter))
    }
    rows: list[dict[str, Any]] = [
        {
            "low": one.low,
            "high": one.high,
            "estimators": {
                name: _in_bin(one.counts[places[name]]) for name in estimator_titles(draft, output)
            },
        }
        for one in bins_of(hist, variable)
    ]
    if not any(row["estimators"][f"residual_{output.name}"] for row in rows):
        raise Unavailable(f"no bin of {variable.title or variable.name} has {FEWEST} residuals")
    return _with_improvement(draft, output, rows)


def correlation(tally: Tally, name: str) -> float:
    """Correlation of the interquartile ranges of an estimate and the network, of all entries."""
    joint = Counts.of(tally.hists[name.replace("residual_", "joint_", 1)], flow=True)
    return Paired(joint.values).correlation() if joint.values.sum() > 0 else 0.0


def _with_improvement(
    draft: Draft, output: Output, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The rows with ``reiqr75``, by how much the network's eIQR75 is smaller, by estimate.

    The correlation of the two, which makes the errors, is that of all entries.
    """
    own = f"residual_{output.name}"
    known = {
        name: correlation(draft.tally, name)
        for name in estimator_titles(draft, output)
        if name != own
    }
    return [
        row
        | {
            "reiqr75": {
                name: _improvement(row["estimators"][name], row["estimators"][own], correlated)
                for name, correlated in known.items()
            }
        }
        for row in rows
    ]


def _improvement(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, correlated: float
) -> dict[str, float] | None:
    """What :func:`improvement` says; None where one of the two has no figures, or no width."""
    if before is None or after is None or not before["eiqr75"]["value"] > 0:
        return None
    old, new = (Estimate(**one["eiqr75"]) for one in (before, after))
    return asdict(improvement(old, new, correlated))


def _mean_truth(keys: Array, counts: Counts) -> float:
    """Mean of the true values with some keys, each in the middle of its bin."""
    middles = [(truth_edge(key) + truth_edge(key + 1)) / 2 for key in keys.tolist()]
    return float(np.average(middles, weights=counts.squares.sum(axis=1)))


def _by_key(hist: Any) -> tuple[Array, Counts]:
    """Keys of the first axis, in order, and the counts in each."""
    keys = np.array(list(hist.axes[0]), np.int64)
    order = np.argsort(keys)
    return keys[order], Counts.of(hist, flow=True)[order]


def _edges(keys: Array, counts: Counts) -> list[int]:
    """Keys at which the bins of the true value begin, and at which the last one ends."""
    squares = counts.squares.sum(axis=1)
    effective = counts.each(np.sum).entries
    wanted = max(effective / MAX_BINS, MIN_ENTRIES)
    edges, held, left = [int(keys[0])], 0.0, effective
    for key, entries in zip(keys.tolist(), effective * squares / squares.sum(), strict=True):
        if held >= wanted and left >= MIN_ENTRIES:
            edges.append(key)
            held = 0.0
        held += entries
        left -= entries
    return [*edges, int(keys[-1]) + 1]


def _in_bin(counts: Counts) -> dict[str, Any] | None:
    """Figures of the residuals in a bin; None where there are few."""
    if not counts.values.sum() > 0 or counts.each(np.sum).entries < FEWEST:
        return None
    residuals = from_counts(counts, COARSE)
    median, width = residuals.quantiles()
    p16, p84 = residuals.at(np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])).tolist()
    made = {"median": median, "width": width, "eiqr75": residuals.eiqr()[0]}
    estimates = {name: asdict(one) for name, one in made.items()}
    return {"entries": residuals.entries, **estimates, "p16": p16, "p84": p84}
