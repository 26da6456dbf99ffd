"""Scores: one probability of signal, counted by class in log(p/(1-p))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Self

import numpy as np

from rootml.card import Output
from rootml.validation import separation as sep
from rootml.validation.counts import Counts
from rootml.validation.cuts import Cut
from rootml.validation.draft import Draft, Unavailable
from rootml.validation.histograms import against_energy, class_names
from rootml.validation.report import Plot
from rootml.validation.scales import LOGIT, Scale
from rootml.validation.setting import Setting
from rootml.validation.tally import Tally, against, class_axis, score_axes
from rootml.validation.topics.base import Topic, check_valid, describe, is_score
from rootml.validation.units import Units, bins_of


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
        axes = score_axes(LOGIT, "log(p/(1-p))", classes)
        coordinates = LOGIT.forward(scores[valid])
        self.fill_by_variable(tally, units, name, axes, valid, units.label[valid], coordinates)
        for point in self.points:
            passed = scores > point.threshold
            labels, weight = units.label[passed], units.weights(passed)
            tally.fill(_passed(point.name, name), (class_axis(classes),), labels, weight=weight)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """AUC, curve, working points, and rejection against energy."""
        name = self.output.name
        made = describe(draft.setting, self.output, check_valid(draft, self.output, _VALID))
        draft.draw(
            Plot(f"{name}_distribution", "distribution", name),
            partial(draft.require_entries, name),
        )
        curve = partial(curves, draft, name, LOGIT)
        made |= draft.draw(Plot(f"{name}_roc", "roc", name), curve) or {}
        draft.draw(Plot(f"{name}_rejection", "rejection", name), partial(draft.require_both, name))
        energy = partial(rejection_vs_energy, draft, name, LOGIT)
        plot = Plot(f"{name}_rejection_vs_energy", "rejection_vs_energy", name)
        made["rejection_vs_energy"] = draft.draw(plot, energy) or []
        made["card_working_points"] = self._card_points(draft)
        return {"outputs": {name: made}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``<output>_<class>`` and ``<output>_vs_energy_<class>``."""
        name = self.output.name
        if name not in tally.hists:
            return
        for i, label in enumerate(class_names(self.setting)):
            scores = tally.hists[name][i, :]
            if not scores.sum(flow=True):
                continue
            yield f"{name}_{label}", scores
            by_energy = tally.hists.get(against(name, "energy"))
            if by_energy is not None and by_energy.axes[0].size:
                yield f"{name}_vs_energy_{label}", against_energy(by_energy[:, i, :])

    def _card_points(self, draft: Draft) -> list[dict[str, Any]]:
        """The card's working points on this sample; without truth, their thresholds alone."""
        name = self.output.name
        rows: list[dict[str, Any]] = [
            {"name": point.name, "threshold": point.threshold} for point in self.points
        ]
        try:
            draft.require_both(name)
        except Unavailable:
            return rows
        total = Counts.of(draft.tally.hists[name].project("label"))
        for row in rows:
            passed = Counts.of(draft.tally.hists[_passed(row["name"], name)])
            parts = [(passed[i], total[i]) for i in (sep.SIGNAL, sep.BACKGROUND)]
            row |= sep.describe(Cut.of(row["threshold"], *parts))
        return rows


def curves(draft: Draft, name: str, scale: Scale, sign: float = 1.0) -> dict[str, Any]:
    """The curve of a discriminant and what follows from it."""
    draft.require_both(name)
    return sep.figures(draft.tally.hists[name], scale, sign)


def rejection_vs_energy(
    draft: Draft, name: str, scale: Scale, sign: float = 1.0
) -> list[dict[str, Any]]:
    """The rejection at a fixed efficiency in bins of energy."""
    draft.require_both(name)
    hist = draft.tally.hists.get(against(name, "energy"))
    if hist is None or not hist.axes[0].size:
        raise Unavailable(f"the file has no energy ({draft.setting.energy})")
    energy = next(v for v in draft.setting.variables if v.name == "energy")
    rows = sep.against_energy(bins_of(hist, energy), scale, sign)
    if all(row["cut"] is None for row in rows):
        signal, background = draft.classes[sep.SIGNAL], draft.classes[sep.BACKGROUND]
        raise Unavailable(
            f"no energy bin has {sep.MIN_SIGNAL} events of the class {signal} "
            f"and one of the class {background}"
        )
    return rows


_VALID = "a probability in [0, 1]"


def _passed(point: str, output: str) -> str:
    """Name of the histogram of what passes a working point of the card."""
    return f"{output}/point/{point}"
