"""Variables: the distribution, by class, of what figures are shown against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Self

import numpy as np
from hist import axis

from rootml.errors import DataError
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, class_axis
from rootml.validation.counting.units import Units, Variable
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.figures.histograms import in_units
from rootml.validation.report import Plot
from rootml.validation.statistics.peaks import fit_peak
from rootml.validation.statistics.scales import RESIDUAL
from rootml.validation.statistics.shapes import Peak
from rootml.validation.topics.base import Topic


class Distribution(Topic):
    """The distribution of one variable."""

    def __init__(self, setting: Setting, variable: Variable):
        self.setting = setting
        self.variable = variable
        self.name = f"variable_{variable.name}"
        self.columns = (variable.source,)

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each variable."""
        return (cls(setting, variable) for variable in setting.variables)

    def fill(self, tally: Tally, units: Units) -> None:
        """Count the variable by class; values that are not finite are counted apart."""
        found = units.column(self.variable.source)
        if found is None:
            return
        known = np.isfinite(found)
        tally.counts["missing", self.name] += int(np.count_nonzero(~known))
        places = found[known] if self.variable.edges else RESIDUAL.forward(found[known])
        axes = class_axis(len(self.setting.classes)), self._axis()
        tally.fill(self.name, axes, units.label[known], places, weight=units.weights(known))

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """What the variable is, and for how many it is missing."""
        made = {
            "title": self.variable.title or self.variable.name,
            "unit": self.variable.unit,
            "column": self.variable.source,
            "missing": draft.tally.counts["missing", self.name],
        }
        if self.variable in self.setting.asked:
            plot = Plot(self.name, "variable", self.variable.name)
            draft.draw(plot, partial(self._require, draft))
        if self.variable.peak is not None:
            plot = Plot(f"{self.name}_peak", "variable_peak", self.variable.name)
            made["peak"] = draft.draw(plot, partial(self._fit, draft, self.variable.peak))
        return {"variables": {self.variable.name: made}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``variable_<name>_<class>``."""
        for _, label, counted in self.by_class(tally, self.name):
            edges = self.variable.edges
            shown = counted if edges else in_units(counted, self.variable.label, scale=RESIDUAL)
            yield f"{self.name}_{label}", shown

    def _axis(self) -> Any:
        label = self.variable.label
        if self.variable.edges is None:
            return RESIDUAL.axis("value", label)
        return axis.Variable(self.variable.edges, name="value", label=label)

    def _fit(self, draft: Draft, peak: Peak) -> dict[str, Any]:
        """The peak in the distribution of all classes together."""
        self._require(draft)
        entries = draft.tally.hists[self.name].project("value")
        try:
            fit = fit_peak(entries, peak.model, background=peak.background, fixed=dict(peak.fixed))
        except DataError as error:
            raise Unavailable(str(error)) from error
        said = f"a fit to {self.variable.title or self.variable.name}"
        text = f"{said}: {fit.message}" if fit.message else f"{said} is good"
        draft.check(f"{self.name}_peak", fit.valid, text)
        above, below = fit.expected()
        return fit.figures() | {
            "expected": (above + below).tolist(),
            "expected_background": below.tolist(),
        }

    def _require(self, draft: Draft) -> None:
        draft.require_judged()
        if self.name not in draft.tally.hists:
            raise Unavailable(f"the file has no {self.variable.name} ({self.variable.source})")
        if not draft.tally.hists[self.name].values().any():
            raise Unavailable(f"no judged event has a {self.variable.name} within its bins")
