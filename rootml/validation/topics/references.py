"""Reference discriminants: what the experiment's files already carry to compare a network with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Self

import numpy as np

from rootml.adapter import Reference
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, score_axes
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.figures.histograms import in_units
from rootml.validation.statistics.scales import ASINH
from rootml.validation.topics.base import Topic
from rootml.validation.topics.scores import about, curves, flat_efficiency


class Discriminant(Topic):
    """A reference that separates classes; counted so that more is more like signal."""

    def __init__(self, setting: Setting, reference: Reference):
        self.setting = setting
        self.reference = reference
        self.name = f"reference_{reference.column}"
        self.sign = 1.0 if reference.higher_is_signal else -1.0
        self.columns = (reference.column,)

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each reference that is no estimate."""
        label = setting.adapter.truth.label
        return (
            cls(setting, one)
            for one in setting.adapter.references
            if not one.estimates and one.separates in ("", label)
        )

    def fill(self, tally: Tally, units: Units) -> None:
        """Count a discriminant of any range; values that are not finite are counted apart."""
        found = units.column(self.reference.column)
        if found is None:
            return
        valid = np.isfinite(found)
        tally.counts["missing", self.name] += int(np.count_nonzero(~valid))
        axes = score_axes(ASINH, "asinh(x/0.01)", len(self.setting.classes))
        coordinates = ASINH.forward(self.sign * found[valid])
        self.fill_by_variable(tally, units, self.name, axes, valid, units.label[valid], coordinates)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """As of a score, as far as the file has the reference."""
        if self.name not in draft.tally.hists:
            return {}
        made: dict[str, Any] = {
            "title": self.reference.title,
            "higher_is_signal": self.reference.higher_is_signal,
            "missing": draft.tally.counts["missing", self.name],
        }
        try:
            made |= curves(draft, self.name, ASINH, self.sign)
        except Unavailable as reason:
            made["unavailable"] = str(reason)
        made["against"] = dict(self._against(draft))
        return {"references": {self.reference.column: made}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``reference_<column>_<class>``, as in the file."""
        for _, label, counted in self.by_class(tally, self.name):
            yield f"{self.name}_{label}", in_units(counted, self.reference.title, self.sign)

    def _against(self, draft: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
        """The rejection at flat efficiency in bins of those variables that allow it."""
        for variable in self.setting.variables:
            with suppress(Unavailable):
                made = flat_efficiency(draft, self.name, variable, ASINH, self.sign)
                yield variable.name, about(variable) | {"flat_efficiency": made}
