"""Outputs that are not scores: their distribution by class, component by component."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Self

import numpy as np
from hist import axis

from rootml.card import Output
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, class_axis, component_axis
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.figures.histograms import in_units
from rootml.validation.report import Plot
from rootml.validation.statistics.scales import ASINH
from rootml.validation.topics.base import Topic, check_valid, describe, is_score


class Values(Topic):
    """An output that is neither a score nor a set."""

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.components = math.prod(output.shape)

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each output that is neither a score nor a set."""
        return (cls(setting, output) for output in setting.outputs if _has_values(output))

    def fill(self, tally: Tally, units: Units) -> None:
        """Count an output by class and component; invalid values are counted apart."""
        output = self.output
        values = units.outputs[output.name]
        parts = values.reshape(len(values), self.components).astype(np.float64)
        finite = np.isfinite(parts) & ((parts > 0) | (output.role != "uncertainty"))
        tally.counts["invalid", output.name] += int(np.count_nonzero(~finite.all(axis=1)))
        classes = class_axis(len(self.setting.classes))
        axes = classes, component_axis(self.components), value_axis(output)
        for i in range(self.components):
            good = finite[:, i]
            filled = ASINH.forward(parts[good, i]) if on_asinh(output) else parts[good, i]
            label, weight = units.label[good], units.weights(good)
            tally.fill(output.name, axes, label, i, filled, weight=weight)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """How many values were invalid."""
        name = self.output.name
        wanted = "a positive number" if self.output.role == "uncertainty" else "finite"
        invalid = check_valid(draft, self.output, wanted)
        draft.draw(Plot(f"{name}_distribution", "values", name), partial(_shown, draft, name))
        return {"outputs": {name: describe(draft.setting, self.output, invalid)}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``<output>[_<component>]_<class>``, in the output's unit."""
        output = self.output
        for _, label, counted in self.by_class(tally, output.name):
            for part in range(self.components):
                values = counted[part, :]
                suffix = f"_{part}" if self.components > 1 else ""
                shown = in_units(values, values.axes[0].label) if on_asinh(output) else values
                yield f"{output.name}{suffix}_{label}", shown


def _has_values(output: Output) -> bool:
    return output.role != "set" and not is_score(output)


def value_axis(output: Output) -> Any:
    """A fine axis for an output that is not a score."""
    label = f"{output.doc or output.name}" + (f" [{output.unit}]" if output.unit else "")
    match output.role:
        case "probabilities":
            return axis.Regular(100, 0.0, 1.0, name="value", label=label)
        case "multiplicity" | "label" | "cluster":
            return axis.Regular(101, -0.5, 100.5, name="value", label=label)
        case "energy":
            return axis.Regular(
                600, 1e-6, 1e6, name="value", label=label, transform=axis.transform.log
            )
        case _:
            return ASINH.axis("value", label)


def on_asinh(output: Output) -> bool:
    """Whether an output's histogram is of the values' asinh coordinate."""
    return output.role in ("value", "score", "uncertainty")


def _shown(draft: Draft, name: str) -> None:
    draft.require_entries(name)
    hist = draft.tally.hists[name]
    if not hist.variances().any():
        raise Unavailable(f"no value of {name} is within the range of its histogram")
    if not (hist.values() > 0).any():
        raise Unavailable(f"the weights of {name} add up to nothing above 0 in any bin")
