"""Scores: one probability of signal, counted by class in log(p/(1-p))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Self

import numpy as np
from hist import axis

from rootml.card import Output
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, class_axis, in_bins, score_axes
from rootml.validation.counting.units import Units, Variable, bins_of
from rootml.validation.figures import separation as sep
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.figures.histograms import against_variable
from rootml.validation.figures.separation import BACKGROUND, FIXED_EFFICIENCY, SIGNAL, Sliced
from rootml.validation.report import Plot
from rootml.validation.statistics.calibration import Reliability
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.confusion import Confusion
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.cuts import Cut
from rootml.validation.statistics.dependence import MIN_SIGNAL
from rootml.validation.statistics.scales import LOGIT, Scale
from rootml.validation.topics.base import Topic, check_valid, describe, is_score


class Score(Topic):
    """An output that is one probability of signal."""

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.points = [p for p in setting.card.working_points if p.output == output.name]

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each score."""
        return (cls(setting, output) for output in setting.outputs if is_score(output))

    def fill(self, tally: Tally, units: Units) -> None:
        """Count probabilities by label and variable; those beyond [0, 1] are counted apart."""
        name, classes = self.output.name, len(self.setting.classes)
        scores = units.outputs[name]
        valid = (scores >= 0) & (scores <= 1)
        tally.counts["invalid", name] += int(np.count_nonzero(~valid))
        scores, labels = scores[valid], units.label[valid]
        axes = score_axes(LOGIT, "log(p/(1-p))", classes)
        self.fill_by_variable(tally, units, name, axes, valid, labels, LOGIT.forward(scores))
        if self.points:
            cuts = axis.Integer(0, len(self.points) + 1, name="passed", flow=False)
            thresholds = np.array(sorted(point.threshold for point in self.points), scores.dtype)
            passed = np.searchsorted(thresholds, scores)
            axes = class_axis(classes), cuts
            self.fill_by_variable(tally, units, f"{name}/points", axes, valid, labels, passed)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """How well signal and background separate, at cuts, and in bins of each variable."""
        name = self.output.name
        made = describe(draft.setting, self.output, check_valid(draft, self.output, _VALID))
        draft.draw(
            Plot(f"{name}_distribution", "distribution", name),
            partial(draft.require_entries, name),
        )
        curve = partial(curves, draft, name, LOGIT)
        made |= draft.draw(Plot(f"{name}_roc", "roc", name), curve) or {}
        draft.draw(Plot(f"{name}_rejection", "rejection", name), partial(draft.require_both, name))
        made["card_working_points"] = self._card_points(draft)
        for family, make in (
            ("precision_recall", self._precision),
            ("reliability", self._reliability),
            ("confusion", self._confusion),
        ):
            part = draft.draw(Plot(f"{name}_{family}", family, name), partial(make, draft))
            made |= {family: part} if part else {}
        made["against"] = {
            variable.name: self._against(draft, variable) for variable in self.setting.variables
        }
        return {"outputs": {name: made}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``<output>_<class>`` and ``<output>_vs_energy_<class>``."""
        name = self.output.name
        energy = next((v for v in self.setting.variables if v.name == "energy"), None)
        by_energy = tally.hists.get(in_bins(name, "energy"))
        for i, label, scores in self.by_class(tally, name):
            yield f"{name}_{label}", scores
            if energy is not None and by_energy is not None and by_energy.axes[0].size:
                yield f"{name}_vs_energy_{label}", against_variable(by_energy[:, i, :], energy)

    def _card_points(self, draft: Draft) -> list[dict[str, Any]]:
        """The card's working points on this sample; without truth, their thresholds alone."""
        rows: list[dict[str, Any]] = [
            {"name": point.name, "threshold": point.threshold} for point in self.points
        ]
        try:
            draft.require_both(self.output.name)
        except Unavailable:
            return rows
        for row in rows:
            row |= sep.describe(Cut.of(row["threshold"], *self._passed(draft, row["threshold"])))
        return rows

    def _passed(self, draft: Draft, threshold: float) -> list[tuple[Counts, Counts]]:
        """Passed and all, of signal and background, at a working point of the card."""
        counts = Counts.of(draft.tally.hists[f"{self.output.name}/points"])
        first = self._first(threshold)
        return [(counts[i, first:].sum(), counts[i].sum()) for i in (SIGNAL, BACKGROUND)]

    def _first(self, threshold: float) -> int:
        """How many of the card's working points are passed with this one, and looser ones."""
        return sum(point.threshold <= threshold for point in self.points)

    def _cut(self, draft: Draft) -> tuple[str, Cut]:
        """The default cut and its name: the card's first working point, or a fixed efficiency."""
        if self.points:
            point = self.points[0]
            return point.name, Cut.of(point.threshold, *self._passed(draft, point.threshold))
        return "", self._separation(draft).at_efficiency(FIXED_EFFICIENCY)

    def _separation(self, draft: Draft) -> Separation:
        draft.require_both(self.output.name)
        return sep.separation(draft.tally.hists[self.output.name], LOGIT)

    def _precision(self, draft: Draft) -> dict[str, Any]:
        return sep.precision_figures(self._separation(draft))

    def _reliability(self, draft: Draft) -> dict[str, Any]:
        whole = self._separation(draft)
        made = Reliability.from_bins(LOGIT.middles(), whole.signal, whole.background)
        titles = {"title": self.setting.branches[self.output.name], "of": draft.classes[SIGNAL]}
        return titles | made.figures()

    def _confusion(self, draft: Draft) -> dict[str, Any]:
        """What the default cut takes for signal and background, by true class."""
        draft.require_both(self.output.name)
        name, cut = self._cut(draft)
        (s_passed, s), (b_passed, b) = cut.counts
        table = Counts.stack([b_passed, b, s_passed, s]).each(
            lambda p: np.array([[p[1] - p[0], p[0], 0], [p[3] - p[2], p[2], 0]])
        )
        made = Confusion((draft.classes[BACKGROUND], draft.classes[SIGNAL]), table)
        return made.figures() | {"cut": {"name": name, "threshold": cut.threshold}}

    def _against(self, draft: Draft, variable: Variable) -> dict[str, Any]:
        """Rejection at flat efficiency, and what the default cut keeps, in bins of a variable."""
        name = self.output.name
        subject = f"{name}:{variable.name}"
        made: dict[str, Any] = about(variable)
        for key, plot, make in (
            (
                "flat_efficiency",
                Plot(f"{name}_rejection_vs_{variable.name}", "rejection_against", subject),
                partial(flat_efficiency, draft, name, variable, LOGIT),
            ),
            (
                "flat_cut",
                Plot(f"{name}_cut_vs_{variable.name}", "cut_against", subject),
                partial(self._flat_cut, draft, variable),
            ),
        ):
            figures = draft.draw(plot, make)
            made |= {key: figures} if figures else {}
        return made

    def _flat_cut(self, draft: Draft, variable: Variable) -> dict[str, Any]:
        draft.require_both(self.output.name)
        name, cut = self._cut(draft)
        source, first = f"{self.output.name}/points", self._first(cut.threshold)
        if not self.points:
            source = self.output.name
            first = int(np.searchsorted(LOGIT.thresholds(), cut.threshold))
        slices = sliced(draft, source, variable).flat_cut(cut.threshold, first)
        for i in (SIGNAL, BACKGROUND):
            if not any((one.background, one.signal)[i] > 0 for one in slices):
                raise Unavailable(f"no {variable.name} bin has events of class {draft.classes[i]}")
        return {"name": name, "threshold": cut.threshold, "rows": sep.rows(slices)}


def curves(draft: Draft, name: str, scale: Scale, sign: float = 1.0) -> dict[str, Any]:
    """The curve of a discriminant and what follows from it."""
    draft.require_both(name)
    return sep.figures(sep.separation(draft.tally.hists[name], scale), sign)


def flat_efficiency(
    draft: Draft, name: str, variable: Variable, scale: Scale, sign: float = 1.0
) -> dict[str, Any]:
    """A discriminant at the same signal efficiency in each bin of a variable."""
    draft.require_both(name)
    made = sliced(draft, name, variable)
    slices = made.flat_efficiency(scale, FIXED_EFFICIENCY)
    if all(one.cut is None for one in slices):
        raise Unavailable(
            f"no {variable.name} bin has {MIN_SIGNAL} events of the class {draft.classes[SIGNAL]} "
            f"and one of the class {draft.classes[BACKGROUND]}"
        )
    return {
        "target": FIXED_EFFICIENCY,
        "rows": sep.rows(slices, sign),
        "working_points": made.working_points(scale),
    }


def about(variable: Variable) -> dict[str, Any]:
    """What a variable is, for the axis of a plot."""
    title = variable.title or variable.name
    return {"title": title, "unit": variable.unit, "log": variable.log}


def sliced(draft: Draft, name: str, variable: Variable) -> Sliced:
    """A histogram of the tally in those bins of a variable that have signal or background."""
    hist = draft.tally.hists.get(in_bins(name, variable.name))
    if hist is None:
        raise Unavailable(f"the file has no {variable.name} ({variable.source})")
    bins = bins_of(hist, variable) if hist.axes[0].size else []
    bins = [one for one in bins if one.counts.squares[[SIGNAL, BACKGROUND]].any()]
    if not bins:
        raise Unavailable(f"no event of either class has a valid {variable.name} within its bins")
    return Sliced.of(bins)


_VALID = "a probability in [0, 1]"
