"""Comparison of a sample's inputs with those a network was trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.special import gammaincc

from rootml.card import DomainAxis
from rootml.errors import nearest
from rootml.spec import Array
from rootml.validation.classification import clopper_pearson
from rootml.validation.draft import Draft, Unavailable
from rootml.validation.report import Plot

MIN_EXPECTED = 5.0
"""Neighbouring bins are joined until each expects as many entries (W. G. Cochran, 1952)."""

PANELS = 9
"""A page of plots shows so many summaries at most."""

OUTSIDE_LIMIT = 0.05
"""Share of inputs outside the training domain above which the check fails."""


@dataclass(frozen=True)
class Agreement:
    """How well a sample's histogram agrees with the training's.

    ``ks``: largest distance of the cumulative distributions at the bins' edges. ``chi2`` and
    ``ndof`` are of shapes alone; ``p_value`` follows from them. Large samples make small and
    harmless differences significant: ``ks`` says how large they are.
    """

    ks: float
    chi2: float
    ndof: int
    p_value: float | None


def compare(counts: Array, axis: DomainAxis, trained: int | None) -> Agreement:
    """Compare ``counts`` per bin of ``axis``, with both overflows, with its fractions.

    The chi2 is that of two histograms of unlike normalisation (N. D. Gagunashvili,
    physics/0605123, eq. 2); ``trained`` is the size of the training sample. None: its fractions
    count as exact, which makes it Pearson's chi2. At least one count is needed.
    """
    n = counts.astype(np.float64)
    f = np.array([axis.beyond[0], *axis.fractions, axis.beyond[1]])
    total = n.sum()
    ks = float(np.abs(np.cumsum(n) / total - np.cumsum(f)).max())
    size = np.inf if trained is None else float(trained)
    joint = (n / size + f) / (total / size + 1)
    groups = _join(joint * min(total, size))
    n, f, joint = (np.add.reduceat(x, groups) for x in (n, f, joint))
    chi2 = float(((n - total * f) ** 2 / (total * joint * (1 + total / size))).sum())
    ndof = len(groups) - 1
    return Agreement(ks, chi2, ndof, float(gammaincc(ndof / 2, chi2 / 2)) if ndof else None)


def _join(expected: Array) -> Array:
    """First bins of groups of neighbours that expect MIN_EXPECTED each."""
    starts, held = [0], 0.0
    for i, value in enumerate(expected):
        if held >= MIN_EXPECTED and expected[i:].sum() >= MIN_EXPECTED:
            starts.append(i)
            held = 0.0
        held += value
    return np.array(starts)


def domain_section(draft: Draft) -> dict[str, Any]:
    """Figures of the training domain: share outside it, and agreement of each summary."""
    if not draft.card.domain:
        draft.not_drawn["domain"] = "the model card records no training domain"
        return {}
    judged, outside = draft.tally.counts["inputs",], draft.tally.counts["outside",]
    low, high = clopper_pearson(outside, judged)
    share = outside / judged if judged else None
    if share is not None:
        draft.check(
            "domain",
            share <= OUTSIDE_LIMIT,
            f"{outside} of {judged} judged are outside the training domain "
            f"(at most {OUTSIDE_LIMIT:.0%} should be)",
        )
    axes = {
        axis.name: draft.attempt(f"domain_{axis.name}", partial(_axis, draft, axis))
        for axis in draft.card.domain
    }
    return {
        "outside": outside,
        "judged": judged,
        "fraction": {"value": share, "low": float(low), "high": float(high)},
        "axes": axes,
        "pages": _pages(draft, [name for name, made in axes.items() if made is not None]),
    }


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
    counts = draft.tally.hists[f"domain_{axis.name}"].values(flow=True)
    if not counts.sum():
        raise Unavailable(f"no judged event has a finite {axis.name}")
    made = {
        "outside": draft.tally.counts["outside", axis.name],
        "low": axis.low,
        "high": axis.high,
        "log": axis.log,
        "edges": axis.edges,
        "training": axis.fractions,
    }
    return made | asdict(compare(counts, axis, draft.card.training.events.get("train")))
