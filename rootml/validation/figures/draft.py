"""A report in the making: what can be drawn, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rootml.validation.figures.separation import BACKGROUND, SIGNAL
from rootml.validation.report import Check, Plot

if TYPE_CHECKING:
    from rootml.validation.counting.setting import Setting
    from rootml.validation.counting.tally import Tally

T = TypeVar("T")


class Unavailable(Exception):
    """A figure that this sample cannot give, and why."""


class Draft:
    """Checks and plots so far, and what the sample can be asked for."""

    def __init__(self, setting: Setting, tally: Tally):
        self.setting = setting
        self.card = setting.card
        self.tally = tally
        self.classes = setting.classes
        self.units, self.judged = (
            np.array([self.tally.counts[kind, str(i)] for i in range(len(self.classes) + 1)])
            for kind in ("units", "judged")
        )
        self.checks: list[Check] = []
        self.plots: list[Plot] = []
        self.not_drawn: dict[str, str] = {}

    def check(self, name: str, passed: bool, message: str) -> None:
        """Record a check."""
        self.checks.append(Check(name, passed, message))

    def draw(self, plot: Plot, make: Callable[[], T]) -> T | None:
        """What ``make`` returns, to be drawn as ``plot``; None, and the reason, if it cannot."""
        made = self.attempt(plot.name, make)
        if plot.name not in self.not_drawn:
            self.plots.append(plot)
        return made

    def attempt(self, name: str, make: Callable[[], T]) -> T | None:
        """What ``make`` returns; None, and the reason why ``name`` is not drawn, if it cannot."""
        try:
            return make()
        except Unavailable as reason:
            self.not_drawn[name] = str(reason)
            return None

    def require_judged(self) -> None:
        """Raise Unavailable where the network judged nothing."""
        if not self.units.sum():
            raise Unavailable("the sample has no events")
        if not self.judged.sum():
            raise Unavailable("the network could judge none of the events")
        weights = self.tally.hists.get("weight")
        if weights is not None and not weights.variances().any():
            raise Unavailable("the weights of all judged events are 0")

    def require_entries(self, name: str) -> None:
        """Raise Unavailable where the histogram of an output holds nothing."""
        self.require_judged()
        hist = self.tally.hists.get(name)
        if hist is None or not hist.variances(flow=True).any():
            raise Unavailable(f"no value of {name} is valid")

    def require_both(self, name: str) -> None:
        """Raise Unavailable where signal or background of a discriminant is missing."""
        truth = self.setting.adapter.truth
        self.require_judged()
        if truth.label is None or len(self.classes) < 2:
            raise Unavailable("the experiment's adapter names no truth to compare with")
        if not self.tally.counts["labelled",]:
            raise Unavailable(
                f"the file has no truth label ({truth.label}) of a class: {', '.join(self.classes)}"
            )
        self.require_entries(name)
        hist = self.tally.hists[name].project("label")
        for i in (SIGNAL, BACKGROUND):
            if not hist.variances()[i]:
                raise Unavailable(f"no judged event of the class {self.classes[i]}")
            if not (total := hist.values()[i]) > 0:
                raise Unavailable(f"the weights of the class {self.classes[i]} add up to {total:g}")
