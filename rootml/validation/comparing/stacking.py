"""Data beside all simulation, bin by bin: the parts of the simulation and its errors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootml.spec import Array
from rootml.validation.comparing.series import Series
from rootml.validation.figures.histograms import by_class, class_title
from rootml.validation.report import Report
from rootml.validation.statistics.binning import common_edges, histogram, joined

_DIRECTION = re.compile(r"([\s_-]+(?i:1?up|1?down)|Up|Down|UP|DOWN)$")


@dataclass(frozen=True, eq=False)
class Part:
    """Sums of weights and of their squares per bin, with a title."""

    title: str
    values: Array
    squares: Array


@dataclass(frozen=True, eq=False)
class Stack:
    """Data and simulation in common bins.

    ``parts``: of the simulation, the smallest first. ``down``, ``up``: errors of their sum: the
    statistical one and, in quadrature, how far each source of :func:`sources` reaches in that
    direction; ``systematic``: whether there are variations.
    """

    edges: Array
    data: Part
    parts: tuple[Part, ...]
    down: Array
    up: Array
    systematic: bool

    @property
    def total(self) -> Array:
        """The whole simulation."""
        return sum((part.values for part in self.parts), np.zeros(len(self.edges) - 1))


def stack(series: Sequence[Series], quantity: str) -> Stack:
    """The histograms ``quantity`` of series of the roles data, simulation and variation.

    Each series counts with the scale of its sample. The parts are the samples or, of a single
    one, its classes. Variations change the samples they are of, as :func:`sources` tells.
    """
    score = is_score(series, quantity)
    found = [(one, _histograms(one.report, quantity, score)) for one in series]
    edges = common_edges([made[0] for _, classes in found for made in classes.values()])
    bins = len(edges) - 1
    parts = [_parts(one, classes, edges) for one, classes in found]
    whole = [_sum(one.title, of, bins) for one, of in zip(series, parts, strict=True)]
    nominal = {one.sample.name: i for i, one in enumerate(series) if one.role == "simulation"}
    classes = next((parts[i] for i in nominal.values() if len(nominal) == 1), [])
    shown = classes if len(classes) > 1 else [whole[i] for i in nominal.values()]
    changes: dict[str, Array] = {}
    for one, made in zip(series, whole, strict=True):
        if one.role == "variation" and one.sample.of in nominal:
            change = made.values - whole[nominal[one.sample.of]].values
            changes[one.sample.title] = changes.get(one.sample.title, 0) + change
    statistical = _sum("", shown, bins).squares
    down, up = (
        np.sqrt(sum((reach**2 for reach in _reaches(changes, sign)), statistical))
        for sign in (-1, 1)
    )
    data = [whole[i] for i, one in enumerate(series) if one.role == "data"]
    points = _sum(", ".join(part.title for part in data), data, bins)
    ordered = sorted((part for part in shown if part.values.any()), key=lambda p: p.values.sum())
    return Stack(edges, points, tuple(ordered), down, up, bool(changes))


def sources(variations: Iterable[str]) -> dict[str, list[str]]:
    """The titles of variations by what is varied: NAME_up and NAME_down are of one source.

    So are those that end as in NAMEUp or NAME__1up. Variations of one title change all their
    samples together, as one nuisance parameter does.
    """
    found: dict[str, list[str]] = {}
    for title in dict.fromkeys(variations):
        found.setdefault(_DIRECTION.sub("", title), []).append(title)
    return found


def _reaches(changes: Mapping[str, Array], sign: int) -> Iterator[Array]:
    """How far each source goes in a direction: the envelope of its variations and the nominal."""
    for titles in sources(changes).values():
        yield np.max([sign * changes[title] for title in titles], axis=0).clip(0)


def is_score(series: Sequence[Series], quantity: str) -> bool:
    """Whether a quantity is a probability, counted in log(p/(1-p))."""
    plots = (plot for one in series for plot in one.report.plots)
    return any(plot.family == "distribution" and plot.subject == quantity for plot in plots)


def _histograms(
    report: Report, quantity: str, score: bool
) -> dict[str, tuple[Array, Array, Array]]:
    """Edges, values and variances by class, or of all at once; none where nothing was counted."""
    whole = {"": report.hists[quantity]} if quantity in report.hists else {}
    hists = by_class(report, quantity) or whole
    return {name: histogram(hist, score) for name, hist in hists.items()}


def _parts(one: Series, classes: dict[str, tuple[Array, Array, Array]], into: Array) -> list[Part]:
    return [
        Part(
            class_title(one.report, name) if name else one.title,
            one.sample.scale * joined(values, edges, into),
            one.sample.scale**2 * joined(squares, edges, into),
        )
        for name, (edges, values, squares) in classes.items()
    ]


def _sum(title: str, parts: Sequence[Part], bins: int) -> Part:
    none = np.zeros(bins)
    return Part(title, sum((p.values for p in parts), none), sum((p.squares for p in parts), none))
