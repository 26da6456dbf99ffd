"""What weights do to a sample: their sum, effective counts, and the share that is negative."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, class_axis
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft
from rootml.validation.figures.histograms import UNLABELLED
from rootml.validation.statistics.counts import Counts
from rootml.validation.topics.base import Topic

NAME = "weight"


class Weights(Topic):
    """The weights of all judged units, and of those of each class."""

    def __init__(self, setting: Setting):
        self.setting = setting

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One where units have weights."""
        if setting.weighted:
            yield cls(setting)

    def fill(self, tally: Tally, units: Units) -> None:
        """Add up the weights by class."""
        weight = units.weights()
        assert weight is not None
        tally.fill(NAME, (class_axis(len(self.setting.classes)),), units.label, weight=weight)
        tally.counts["negative",] += int(np.count_nonzero(weight < 0))

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """Sums of weights and effective counts, of all judged units and of each class.

        The effective count is (sum of w)^2 / (sum of w^2) (L. Kish, Survey Sampling, 1965): so
        many units of weight one have the same relative error.
        """
        names = (*draft.classes, UNLABELLED)
        hist = draft.tally.hists.get(NAME)
        judged, negative = int(draft.judged.sum()), draft.tally.counts["negative",]
        counts = Counts.of(np.zeros(len(names)) if hist is None else hist)
        whole = _weighed(counts)
        draft.check(
            "weights",
            judged == 0 or (whole["weight"] > 0 and whole["effective"] >= 1),
            f"the weights of {judged} judged add up to {whole['weight']:.6g}, as many as "
            f"{whole['effective']:.6g} of weight one; {negative} are negative"
            + (f" ({negative / judged:.2%})" if negative else ""),
        )
        share = negative / judged if judged else None
        made = {
            **whole,
            "negative": {"units": negative, "share": share},
            "classes": {name: _weighed(counts[i : i + 1]) for i, name in enumerate(names)},
        }
        return {"events": made}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """None: the sums are among the figures."""
        return iter(())


def _weighed(counts: Counts) -> dict[str, float]:
    some = counts.squares.any()
    return {"weight": float(counts.values.sum()), "effective": counts.entries if some else 0.0}
