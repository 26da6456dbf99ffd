"""Probabilities of classes: likelihood and Brier score, from sums over the events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Self

import numpy as np

from rootml.card import Output
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.statistics.probabilities import Mean, brier, negative_log
from rootml.validation.topics.base import Topic
from rootml.validation.topics.classes import true_classes, untrue

SCORES = {"nll": negative_log, "brier": brier}
"""Figures, and what each is the mean of."""


class Probabilities(Topic):
    """An output that is a probability a class."""

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.columns = (output.estimates,) if output.estimates else ()

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each output of this role."""
        of_role = (output for output in setting.outputs if output.role == "probabilities")
        return (cls(setting, one) for one in of_role if len(one.shape) == 1 and one.shape[0] > 1)

    def fill(self, tally: Tally, units: Units) -> None:
        """Add the scores of events whose true class is one of the output's."""
        (k,) = self.output.shape
        truth = true_classes(self.setting, self.output, units, k)
        if truth is None:
            return
        values = units.outputs[self.output.name]
        known = np.isin(truth, np.arange(k)) & np.isfinite(values).all(axis=1)
        true = truth[known].astype(np.int64)
        for name, score in SCORES.items():
            made = Mean.of(score(values[known], true), units.weights(known))
            tally.add(f"{self.output.name}/{name}", made.sums)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """Negative log likelihood and Brier score."""
        name = self.output.name
        scores = {
            score: draft.attempt(f"{name}_{score}", partial(self._mean, draft, score))
            for score in SCORES
        }
        return {"outputs": {name: {key: value for key, value in scores.items() if value}}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """None of its own."""
        return iter(())

    def _mean(self, draft: Draft, score: str) -> dict[str, float]:
        draft.require_judged()
        name = f"{self.output.name}/{score}"
        if name not in draft.tally.sums:
            raise untrue(self.setting, self.output, *self.output.shape)
        sums = draft.tally.sums[name]
        if not sums[0] > 0:
            raise Unavailable(f"the weights of events of known classes add up to {sums[0]:g}")
        return asdict(Mean(sums).estimate())
