"""Regressions: residuals and pulls of outputs that estimate a true value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

from rootml.card import Output
from rootml.validation.counting import residuals
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft
from rootml.validation.figures.residual_figures import residual_section
from rootml.validation.figures.residual_histograms import residual_histograms
from rootml.validation.topics.base import Topic
from rootml.validation.topics.labels import is_label


class Regression(Topic):
    """An output that estimates a true value, beside the file's own estimates of it."""

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.columns = tuple(residuals.columns(output, setting.adapter))

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each output that estimates a true number, and no class, set or cluster."""
        outputs = (
            one
            for one in setting.outputs
            if one.estimates and not one.shape and one.role not in ("cluster", "score", "set")
        )
        return (cls(setting, output) for output in outputs if not is_label(output))

    def fill(self, tally: Tally, units: Units) -> None:
        """Count residuals and pulls, alone and in bins of the true value and of variables."""
        residuals.fill(tally, self.output, self.setting, units)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """Bias, width and tails, before and after."""
        return {"outputs": {self.output.name: residual_section(draft, self.output)}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``residual_<output>[_<column>]``, ``pull_<output>``, ``truth_2d_``, ``peak_``."""
        return residual_histograms(tally, self.output, self.setting.adapter)
