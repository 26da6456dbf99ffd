"""Inputs: summaries of what the network saw, beside those of its training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
from hist import Hist, axis, storage

from rootml.card import DomainAxis
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally
from rootml.validation.counting.units import Units
from rootml.validation.figures.domain import OUTSIDE, domain_section
from rootml.validation.figures.draft import Draft
from rootml.validation.topics.base import Topic

SHORT = 45
"""Characters that the label of an axis of a small panel can have."""

_IN_OR_OUT = axis.Boolean(name="outside", label="outside the training domain")


class Inputs(Topic):
    """The training domain of a card."""

    def __init__(self, setting: Setting):
        self.setting = setting
        self.summaries = {summary.name: summary for summary in setting.view.summaries}
        self.axes = [one for one in setting.card.domain if one.name in self.summaries]

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """The one of the card."""
        yield cls(setting)

    def fill(self, tally: Tally, units: Units) -> None:
        """Count each summary, and the inputs that are beyond the training domain in any."""
        if not units.batch.tensors:
            return
        rows, weight = units.by_row()
        tensors = {name: tensor[rows] for name, tensor in units.batch.tensors.items()}
        outside = np.zeros(len(next(iter(tensors.values()))), np.bool_)
        missing = any(spec.allow_nan for spec in self.setting.view.tensors)
        for one in self.axes:
            summary = self.summaries[one.name]
            values = np.asarray(summary.compute(tensors), np.float64)
            beyond = ~((values >= one.low) & (values <= one.high))
            if missing:  # what is not known is not beyond
                beyond &= ~np.isnan(values)
            outside |= beyond
            tally.fill(f"{OUTSIDE}/{one.name}", (_IN_OR_OUT,), beyond, weight=weight)
            finite = np.isfinite(values)
            axes = (domain_axis(one, summary.doc),)
            kept = None if weight is None else weight[finite]
            tally.fill(f"domain_{one.name}", axes, values[finite], weight=kept)
        tally.counts["inputs",] += len(outside)
        tally.fill(OUTSIDE, (_IN_OR_OUT,), outside, weight=weight)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """Share outside the domain, and the agreement of each summary."""
        return {"domain": domain_section(draft)}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``domain_<summary>`` and ``domain_<summary>_training``."""
        for one in self.axes:
            name = f"domain_{one.name}"
            if name in tally.hists:
                yield name, tally.hists[name]
                yield f"{name}_training", _training(one, tally.hists[name])


def domain_axis(one: DomainAxis, doc: str = "") -> Any:
    """The axis of a training-domain histogram, with both overflows; a short ``doc`` labels it.

    As on the card, the last bin holds its upper edge: where all shares end at 1, many lie there.
    """
    label = doc if 0 < len(doc) <= SHORT else one.name
    unit = f" [{one.unit}]" if one.unit else ""
    *edges, last = one.edges
    return axis.Variable([*edges, np.nextafter(last, np.inf)], name="value", label=label + unit)


def _training(one: DomainAxis, like: Any) -> Any:
    made = Hist(like.axes[0], storage=storage.Double())
    made.view()[...] = one.fractions
    return made
