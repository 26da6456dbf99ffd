"""Comparison of a sample's inputs with those a network was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from rootml.card import DomainAxis
from rootml.errors import DataError, nearest
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.report import Plot
from rootml.validation.statistics.agreement import Agreement, Binned, compare
from rootml.validation.statistics.binomial import Estimate, efficiency_interval
from rootml.validation.statistics.counts import Counts

PANELS = 9
"""A page of plots shows so many summaries at most."""

OUTSIDE_LIMIT = 0.05
"""Share of inputs outside the training domain above which the check fails."""

OUTSIDE = "domain/outside"
"""Histogram of the units whose inputs are inside, and outside, the training domain."""


def compare_with_training(hist: Any, axis: DomainAxis, trained: int | None) -> Agreement:
    """Compare the histogram of an input with the training domain of a card.

    ``trained``: size of the training sample; None: the card's shares count as exact. Distances
    are in the unit of the axis, or in logarithms of it. Raises DataError where the weights of the
    histogram do not add up to something positive.
    """
    shares = np.array([axis.beyond[0], *axis.fractions, axis.beyond[1]])
    edges = np.array(axis.edges)
    logarithmic = axis.log and edges[0] > 0
    training = Binned.from_shares(shares, trained)
    return compare(Binned.from_hist(hist), training, np.log(edges) if logarithmic else edges)


def domain_section(draft: Draft) -> dict[str, Any]:
    """Figures of the training domain: share outside it, and agreement of each summary."""
    if not draft.card.domain:
        draft.not_drawn["domain"] = "the model card records no training domain"
        return {}
    hist = draft.tally.hists.get(OUTSIDE)
    share = _outside(hist) if hist is not None else Estimate(math.nan, 0.0, 1.0)
    if not math.isnan(share.value):
        draft.check(
            "domain",
            share.value <= OUTSIDE_LIMIT,
            f"{share.value:.2%} of the judged are outside the training domain "
            f"(at most {OUTSIDE_LIMIT:.0%} should be)",
        )
    axes = {
        axis.name: draft.attempt(f"domain_{axis.name}", partial(_axis, draft, axis))
        for axis in draft.card.domain
    }
    _check_drift(draft, axes)
    if unknown := _unknown_columns(draft):
        draft.not_drawn["domain_columns"] = (
            f"the model card records no training domain of {', '.join(unknown)}"
        )
    return {
        "judged": draft.tally.counts["inputs",],
        "fraction": asdict(share),
        "axes": axes,
        "pages": _pages(draft, [name for name, made in axes.items() if made is not None]),
    }


def _unknown_columns(draft: Draft) -> list[str]:
    """Columns of tables, one number per row each, that cannot be compared with the training."""
    known = {axis.name for axis in draft.card.domain}
    return [
        column
        for spec in draft.setting.view.tensors
        if len(spec.shape) == 1
        for column in spec.columns
        if not known & {column, f"{spec.name}_{column}"}
    ]


def _check_drift(draft: Draft, axes: Mapping[str, Mapping[str, Any] | None]) -> None:
    """A check of each input that drifted, or one that none did."""
    made = {name: axis for name, axis in axes.items() if axis is not None}
    drifted = {name: axis for name, axis in made.items() if axis["drifts"]}
    for name, axis in drifted.items():
        draft.check(
            f"drift_{name}",
            False,
            f"the input {name} drifts from the training: Kolmogorov distance {axis['ks']:.2f} "
            f"(p {_p_value(axis):.1g})",
        )
    if made and not drifted:
        limits = draft.setting.limits
        draft.check(
            "drift",
            True,
            f"none of {len(made)} inputs drifts from the training "
            f"(Kolmogorov distance above {limits.distance:g} and p below {limits.p_value:g})",
        )


def _p_value(axis: Mapping[str, Any]) -> float:
    return float(axis["ks_p_value"] if axis["p_value"] is None else axis["p_value"])


def _outside(hist: Any) -> Estimate:
    """The share of a histogram of two bins, inside and outside, that is outside."""
    counts = Counts.of(hist)
    return efficiency_interval(counts[1], counts.each(np.sum)).one()


def _pages(draft: Draft, names: Sequence[str]) -> list[list[str]]:
    """The summaries on each page that is to be drawn, evenly spread."""
    needed = math.ceil(len(names) / PANELS)
    pages = [list(map(str, part)) for part in np.array_split(names, needed)] if needed else []
    for number in range(1, len(pages) + 1):
        name = "domain" if number == 1 else f"domain_{number}"
        draft.plots.append(Plot(name, "domain", str(number)))
    return pages


def _axis(draft: Draft, axis: DomainAxis) -> dict[str, Any]:
    view = draft.setting.view
    names = [summary.name for summary in view.summaries]
    if axis.name not in names:
        raise Unavailable(
            f"the view {view.name} has no summary {axis.name!r}{nearest(axis.name, names)}"
        )
    draft.require_judged()
    if not draft.tally.counts["inputs",]:
        raise Unavailable("the network's inputs were not read")
    hist = draft.tally.hists[f"domain_{axis.name}"]
    if not hist.variances(flow=True).any():
        raise Unavailable(f"no judged event has a finite {axis.name}")
    try:
        size = axis.events or draft.card.training.events.get("train")
        found = compare_with_training(hist, axis, size)
    except DataError as error:
        raise Unavailable(str(error)) from None
    return {
        "outside": asdict(_outside(draft.tally.hists[f"{OUTSIDE}/{axis.name}"])),
        "low": axis.low,
        "high": axis.high,
        "log": axis.log,
        "edges": axis.edges,
        "training": axis.fractions,
        **asdict(found),
        "drifts": draft.setting.limits.drifted(found),
    }
