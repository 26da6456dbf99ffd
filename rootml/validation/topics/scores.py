"""Scores: one probability of signal, counted by class in log(p/(1-p))."""

from __future__ import annotations

import math
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
from rootml.validation.statistics.dependence import MIN_SIGNAL, Slice
from rootml.validation.statistics.scales import LOGIT, Scale
from rootml.validation.topics.base import Topic, check_valid, describe, is_score
from rootml.working_point import WorkingPoint


class Score(Topic):
    """An output that is one probability of signal."""

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.points = [p for p in setting.card.working_points if p.output == output.name]
        self.columns = tuple({p.against: None for p in self.points if p.against})

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
        for point in self.points:
            values = units.column(point.against) if point.against else None
            if point.against and values is None:
                continue
            passed = point.passes(scores, None if values is None else values[valid])
            self.fill_by_variable(
                tally, units, self._counted(point), _passed_axes(classes), valid, labels, passed
            )

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

    def _counted(self, point: WorkingPoint) -> str:
        """Name of the histogram of what passes a working point."""
        return f"{self.output.name}/points/{point.name}"

    def _card_points(self, draft: Draft) -> list[dict[str, Any]]:
        """The card's working points on this sample; without truth, their thresholds alone."""
        rows: list[dict[str, Any]] = [
            {"name": point.name, "threshold": point.threshold}
            | ({"against": point.against} if point.against else {})
            for point in self.points
        ]
        try:
            draft.require_both(self.output.name)
        except Unavailable:
            return rows
        for row, point in zip(rows, self.points, strict=True):
            if self._counted(point) in draft.tally.hists:
                made = sep.describe(self._kept(draft, point))
                row |= made | {"threshold": point.threshold}
        return rows

    def _kept(self, draft: Draft, point: WorkingPoint) -> Cut:
        """What a working point of the card keeps of signal and background."""
        counts = Counts.of(draft.tally.hists[self._counted(point)])
        signal, background = ((counts[i, 1], counts[i].sum()) for i in (SIGNAL, BACKGROUND))
        threshold = math.nan if point.threshold is None else point.threshold
        return Cut.of(threshold, signal, background)

    @property
    def _default(self) -> WorkingPoint | None:
        """The card's first working point with one threshold for all."""
        return next((point for point in self.points if not point.against), None)

    def _cut(self, draft: Draft) -> tuple[str, Cut]:
        """The default cut and its name: that of the card, or one at a fixed efficiency."""
        if self._default is not None:
            return self._default.name, self._kept(draft, self._default)
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
        if "flat_cut" in made and (following := self._following(draft, variable)):
            made["following"] = following
        return made

    def _flat_cut(self, draft: Draft, variable: Variable) -> dict[str, Any]:
        draft.require_both(self.output.name)
        name, cut = self._cut(draft)
        if self._default is None:
            slices = sliced(draft, self.output.name, variable).flat_cut(
                cut.threshold, int(np.searchsorted(LOGIT.thresholds(), cut.threshold))
            )
        else:
            slices = self._slices(draft, self._default, variable)
        for i in (SIGNAL, BACKGROUND):
            if not any((one.background, one.signal)[i] > 0 for one in slices):
                raise Unavailable(f"no {variable.name} bin has events of class {draft.classes[i]}")
        return {"name": name, "threshold": cut.threshold, "rows": sep.rows(slices)}

    def _following(self, draft: Draft, variable: Variable) -> dict[str, Any] | None:
        """The first working point with thresholds that follow this variable, in its bins."""
        for point in self.points:
            if point.against == variable.source and self._counted(point) in draft.tally.hists:
                return {
                    "name": point.name,
                    "rows": sep.rows(self._slices(draft, point, variable)),
                }
        return None

    def _slices(self, draft: Draft, point: WorkingPoint, variable: Variable) -> list[Slice]:
        threshold = math.nan if point.threshold is None else point.threshold
        return sliced(draft, self._counted(point), variable).flat_cut(threshold, 1)


def _passed_axes(classes: int) -> tuple[Any, Any]:
    """Axes of what passes a working point: class, failed or passed."""
    return class_axis(classes), axis.Integer(0, 2, name="passed", flow=False)


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
