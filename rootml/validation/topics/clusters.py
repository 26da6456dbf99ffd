"""Clusters: outputs that say which objects of an event belong together, beside the true groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final, Self

import numpy as np
from hist import axis

from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.report import Plot
from rootml.validation.statistics.clusters import Clusters
from rootml.validation.statistics.confusion import Confusion, known_or
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.probabilities import Mean
from rootml.validation.topics.base import Topic

MOST: Final = 12
"""Numbers of groups, from 0, that are told apart; more are one."""
FIGURES: Final = ("purity", "efficiency", "rand", "rejection")


class Cluster(Topic):
    """An output that numbers the clusters of an event, and a column with its true groups.

    Figures are of events, each with the mean weight of its objects; objects whose group is not
    known are left out.
    """

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.columns = (output.estimates,)

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each output of this role that estimates a column."""
        found = (one for one in setting.outputs if one.role == "cluster" and one.estimates)
        return (cls(setting, output) for output in found)

    def fill(self, tally: Tally, units: Units) -> None:
        """Add the figures of each event, and count how many clusters there are beside groups."""
        name, counts = self.output.name, units.batch.counts
        truth = units.column(self.output.estimates)
        if truth is None or counts is None:
            return
        known = np.isfinite(truth)
        event = np.repeat(np.arange(len(counts)), counts)[units.batch.each][known]
        _, which, objects = np.unique(event, return_inverse=True, return_counts=True)
        made = Clusters.of(truth[known], units.outputs[name][known], objects)
        weight = None
        if units.weight is not None:
            weight = np.bincount(which, units.weight[known], len(objects)) / objects
        for figure in FIGURES:
            values: Array = getattr(made, figure)
            there = ~np.isnan(values)
            own = None if weight is None else weight[there]
            tally.add(f"{name}/{figure}", Mean.of(values[there], own).sums)
        pairs = (known_or(part, MOST) for part in (made.groups, made.clusters))
        axes = (_numbers("groups"), _numbers("clusters"))
        tally.fill(f"{name}/numbers", axes, *pairs, weight=weight)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """Means over events, and how many clusters were made of how many groups."""
        name = self.output.name
        plot = Plot(f"{name}_confusion", "confusion", name)
        numbers = draft.draw(plot, partial(self._numbers, draft))
        if numbers is None:
            return {}
        for family in ("confusion_by_prediction", "classes"):
            draft.draw(Plot(f"{name}_{family}", family, name), dict)
        sums = ((figure, draft.tally.sums[f"{name}/{figure}"]) for figure in FIGURES)
        means = {figure: asdict(Mean(one).estimate()) for figure, one in sums if one[0] > 0}
        return {"outputs": {name: {"clusters": means, "confusion": numbers}}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``numbers_<output>``: true groups against clusters, the last of each: more."""
        if (hist := tally.hists.get(f"{self.output.name}/numbers")) is not None:
            yield f"numbers_{self.output.name}", hist

    def _numbers(self, draft: Draft) -> dict[str, Any]:
        draft.require_judged()
        hist = draft.tally.hists.get(f"{self.output.name}/numbers")
        if hist is None:
            raise Unavailable(f"the file has no true value ({self.output.estimates})")
        counts = Counts.of(hist)
        if not counts[:MOST].values.sum() > 0:
            raise Unavailable(f"no judged event has a known value of {self.output.estimates}")
        squares = counts.squares[:MOST]
        used = np.flatnonzero(squares[:, :MOST].any(axis=0) | squares.any(axis=1))
        k = max(int(used[-1]) + 1, 2)
        table = counts.each(lambda part: part[:, [*range(k), MOST]])
        names = tuple(f"{n} group{'s' if n != 1 else ''}" for n in range(k))
        return Confusion(names, table[:k], table[MOST], f"{MOST} or more").figures()


def _numbers(name: str) -> Any:
    return axis.Integer(0, MOST + 1, name=name, label=f"number of {name}", flow=False)
