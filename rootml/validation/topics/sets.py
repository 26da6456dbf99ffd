"""Sets of classes: how often the true one is among them, and how large they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Self

import numpy as np
from hist import axis

from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, in_bins
from rootml.validation.counting.units import Units, Variable, bins_of
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.report import Plot
from rootml.validation.statistics.binomial import effective_counts, efficiency_interval
from rootml.validation.statistics.conformal import LEAST_P, p_value
from rootml.validation.statistics.confusion import known_or
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.probabilities import Mean
from rootml.validation.topics.base import Topic, check_valid, describe
from rootml.validation.topics.classes import beyond, names_of, true_classes, untrue
from rootml.validation.topics.scores import about


class Sets(Topic):
    """An output that is a set of classes, with a coverage on the card."""

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.columns = (output.estimates,) if output.estimates else ()
        self.names = names_of(setting, output)
        assert output.coverage is not None
        self.promised = output.coverage

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each output of this role."""
        return (cls(setting, output) for output in setting.outputs if output.role == "set")

    def fill(self, tally: Tally, units: Units) -> None:
        """Count sets by true class, size, and whether the true class is in them."""
        name, k = self.output.name, len(self.names)
        members = units.outputs[name].astype(np.bool_)
        sizes = members.sum(axis=1)
        tally.counts["invalid", name] += int(np.count_nonzero(sizes == 0))
        truth = true_classes(self.setting, self.output, units, k)
        if truth is None:
            return
        told = ~np.isnan(truth)
        true, members, sizes = known_or(truth[told], k), members[told], sizes[told]
        covered = np.append(members, np.zeros((len(members), 1), np.bool_), axis=1)
        inside = covered[np.arange(len(true)), true].astype(np.int64)
        axes = _bins("truth", k + 1), _bins("size", k + 1), _bins("inside", 2)
        tally.fill(f"{name}/sets", axes, true, sizes, inside, weight=units.weights(told))
        known = told.copy()
        known[told] = true < k
        self.fill_by_variable(
            tally, units, f"{name}/inside", (_bins("inside", 2),), known, inside[true < k]
        )

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """Coverage and mean size, of all and of each class; sizes one by one."""
        name = self.output.name
        invalid = check_valid(draft, self.output, "sets of one class or more")
        made = describe(self.setting, self.output, invalid)
        sets = draft.draw(Plot(f"{name}_coverage", "coverage", name), partial(self._sets, draft))
        if sets is None:
            return {"outputs": {name: made}}
        self._check(draft, sets)
        return {"outputs": {name: made | {"sets": sets, "against": self._against(draft)}}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``sets_<output>``: true class, the last of none of them, against size."""
        if (hist := tally.hists.get(f"{self.output.name}/sets")) is not None:
            yield f"sets_{self.output.name}", hist[:, :, sum]

    def _sets(self, draft: Draft) -> dict[str, Any]:
        draft.require_judged()
        hist = draft.tally.hists.get(f"{self.output.name}/sets")
        k = len(self.names)
        if hist is None:
            raise untrue(self.setting, self.output, k)
        counts = Counts.of(hist)  # true class, size, inside
        if not counts.values[:k].sum() > 0:
            raise Unavailable("no judged event has a true class that the sets know")
        known = counts[:k].sum(axis=0)
        by_size = known.sum(axis=1)
        share = efficiency_interval(by_size, by_size.each(np.sum))
        sizes = [
            {"size": size, "entries": float(by_size.values[size])}
            | {"share": _one(share, size), "coverage": _covered(known[size])}
            for size in range(1, k + 1)
        ]
        rows = [self._row(name, counts[i]) for i, name in enumerate(self.names)]
        if counts.squares[k].any():
            rows.append(self._row(beyond(self.names), counts[k]) | {"coverage": None})
        return {
            "level": self.promised.level,
            "by_class": self.promised.by_class,
            "coverage": _covered(known.sum(axis=0)),
            "size": _size(known),
            "classes": rows,
            "sizes": sizes,
        }

    def _row(self, name: str, counts: Counts) -> dict[str, Any]:
        """One true class: entries, coverage, mean size; null where there is nothing."""
        there = counts.values.sum() > 0
        return {
            "class": name,
            "entries": float(counts.values.sum()),
            "coverage": _covered(counts.sum(axis=0)) if there else None,
            "size": _size(counts) if there else None,
        }

    def _check(self, draft: Draft, sets: Mapping[str, Any]) -> None:
        """Whether the sample is covered as the card says, class by class or as a whole."""
        counts = Counts.of(draft.tally.hists[f"{self.output.name}/sets"])[: len(self.names)]
        inside = counts.sum(axis=1)  # true class, inside
        groups = [inside[i] for i in range(len(self.names))]
        titles = [f"class {name}: " for name in self.names]
        if not self.promised.by_class:
            groups, titles = [inside.sum(axis=0)], [""]
        events = self.promised.events or (None,) * len(groups)
        for i, (title, group, fixed) in enumerate(zip(titles, groups, events, strict=True)):
            if not group.values.sum() > 0:
                continue
            covered, total = map(float, effective_counts(group[1], group.each(np.sum)))
            probability = p_value(self.promised.level, fixed, round(covered), round(total))
            suffix = f"_of_{i}" if self.promised.by_class else ""
            share = group.values[1] / group.values.sum()
            text = (
                f"{title}{100 * share:.5g} % of {self.setting.branches[self.output.name]} hold "
                f"the true class, at least {100 * self.promised.level:g} % should "
                f"(p = {probability:.2g})"
            )
            passed = probability > LEAST_P / len(groups)
            draft.check(f"{self.output.name}_covers{suffix}", passed, text)

    def _against(self, draft: Draft) -> dict[str, Any]:
        """Coverage in bins of each variable that the file has."""
        name, made = self.output.name, {}
        for variable in self.setting.variables:
            plot = Plot(
                f"{name}_coverage_vs_{variable.name}",
                "coverage_against",
                f"{name}:{variable.name}",
            )
            rows = draft.draw(plot, partial(self._in_bins, draft, variable))
            if rows:
                made[variable.name] = about(variable) | {"coverage": rows}
        return made

    def _in_bins(self, draft: Draft, variable: Variable) -> list[dict[str, Any]]:
        hist = draft.tally.hists.get(in_bins(f"{self.output.name}/inside", variable.name))
        if hist is None:
            raise Unavailable(f"the file has no {variable.name} ({variable.source})")
        rows = [
            {"low": one.low, "high": one.high, "entries": float(one.counts.values.sum())}
            | {"coverage": _covered(one.counts)}
            for one in (bins_of(hist, variable) if hist.variances(flow=True).any() else ())
            if one.counts.values.sum() > 0
        ]
        if not rows:
            raise Unavailable(f"no judged event has a valid {variable.name}")
        return rows


def _bins(name: str, count: int) -> Any:
    return axis.Integer(0, count, name=name, label=name, flow=False)


def _covered(counts: Counts) -> dict[str, float] | None:
    """Share of what is inside, of counts (2,) outside and inside."""
    if not counts.values.sum() > 0:
        return None
    return asdict(efficiency_interval(counts[1], counts.each(np.sum)).one())


def _size(counts: Counts) -> dict[str, float]:
    """Mean size of counts (size, inside)."""
    by_size = counts.sum(axis=1)
    sizes = np.arange(len(by_size.values), dtype=np.float64)
    moments = [by_size.squares @ sizes**power for power in range(3)]
    sums: Array = np.array([by_size.values.sum(), by_size.values @ sizes, *moments], np.float64)
    return asdict(Mean(sums).estimate())


def _one(estimates: Any, place: int) -> dict[str, float]:
    return {
        name: float(part[place])
        for name, part in zip(("value", "low", "high"), estimates, strict=True)
    }
