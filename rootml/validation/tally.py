"""What a collector counts: histograms, which add exactly, and sums, which do to rounding."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from hist import Hist, axis, storage

from rootml.card import DomainAxis, Output
from rootml.spec import Array
from rootml.validation.scales import ASINH, COARSE, LOGIT, RESIDUAL, Scale, truth_keys

Labels = npt.NDArray[np.int64]

SHORT = 45
"""Characters that the label of an axis of a small panel can have."""


@dataclass
class Tally:
    """Counts, histograms and sums of one sample, by name."""

    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    hists: dict[str, Any] = field(default_factory=dict)
    sums: dict[str, Array] = field(default_factory=dict)

    def __add__(self, other: Tally) -> Tally:
        """The tally of both samples together."""
        return Tally(
            self.counts + other.counts,
            _added(self.hists, other.hists),
            _added(self.sums, other.sums),
        )

    def hist(self, name: str, *axes: Any) -> Any:
        """The histogram of integer counts called ``name``, made with ``axes`` at first use."""
        if name not in self.hists:
            self.hists[name] = Hist(*axes, storage=storage.Int64())
        return self.hists[name]

    def add(self, name: str, values: Array) -> None:
        """Add to the sum called ``name``, in float64."""
        self.sums[name] = self.sums.get(name, 0) + values.astype(np.float64)

    def entries(self, name: str) -> Array:
        """Entries of a discriminant or output in each class, over all else."""
        if name not in self.hists:
            return np.zeros(1)
        counts = self.hists[name].project("label").values()
        return np.asarray(counts)


def _added(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    common = {name: a[name] + b[name] for name in a.keys() & b.keys()}
    return {**a, **b, **common}


def class_axis(classes: int) -> Any:
    """One bin a class, and a last one for events without a label."""
    return axis.Integer(0, classes + 1, name="label", label="class", flow=False)


def component_axis(components: int) -> Any:
    """One bin for each number of an output."""
    return axis.Integer(0, components, name="component", label="component", flow=False)


def discriminant_axes(scale: Scale, name: str, label: str, classes: int) -> tuple[Any, ...]:
    """Axes of a score counted by energy bin and class; energy bins appear as they are met."""
    energy = axis.IntCategory([], growth=True, name="energy", label="energy bin")
    return energy, class_axis(classes), scale.axis(name, label)


def value_axis(output: Output) -> Any:
    """A fine axis for an output that is not a score."""
    label = f"{output.doc or output.name}" + (f" [{output.unit}]" if output.unit else "")
    match output.role:
        case "probabilities":
            return axis.Regular(100, 0.0, 1.0, name="value", label=label)
        case "multiplicity":
            return axis.Regular(101, -0.5, 100.5, name="value", label=label)
        case "energy":
            return axis.Regular(
                600, 1e-6, 1e6, name="value", label=label, transform=axis.transform.log
            )
        case _:
            return ASINH.axis("value", label)


def domain_axis(card_axis: DomainAxis, doc: str = "") -> Any:
    """The axis of a training-domain histogram, with both overflows; a short ``doc`` labels it.

    As on the card, the last bin holds its upper edge: where all shares end at 1, many lie there.
    """
    label = doc if 0 < len(doc) <= SHORT else card_axis.name
    unit = f" [{card_axis.unit}]" if card_axis.unit else ""
    *edges, last = card_axis.edges
    return axis.Variable([*edges, np.nextafter(last, np.inf)], name="value", label=label + unit)


def fill_score(
    tally: Tally, name: str, classes: int, values: Array, at: tuple[Array, Labels]
) -> None:
    """Count probabilities by the energy keys and labels ``at``; invalid ones are counted apart."""
    valid = (values >= 0) & (values <= 1)
    tally.counts["invalid", name] += int(np.count_nonzero(~valid))
    energy, label = at
    axes = discriminant_axes(LOGIT, "score", "log(p/(1-p))", classes)
    tally.hist(name, *axes).fill(energy[valid], label[valid], LOGIT.forward(values[valid]))


def fill_reference(
    tally: Tally, name: str, classes: int, values: Array, at: tuple[Array, Labels]
) -> None:
    """Count a discriminant of any range; values that are not finite are counted apart."""
    valid = np.isfinite(values)
    tally.counts["missing", name] += int(np.count_nonzero(~valid))
    energy, label = at
    axes = discriminant_axes(ASINH, "score", "asinh(x/0.01)", classes)
    tally.hist(name, *axes).fill(energy[valid], label[valid], ASINH.forward(values[valid]))


def fill_values(tally: Tally, output: Output, classes: int, values: Array, label: Labels) -> None:
    """Count an output that is not a score; invalid values (not finite) are counted apart."""
    components = math.prod(output.shape)
    parts = values.reshape(len(values), components).astype(np.float64)
    finite = np.isfinite(parts) & ((parts > 0) | (output.role != "uncertainty"))
    tally.counts["invalid", output.name] += int(np.count_nonzero(~finite.all(axis=1)))
    axes = class_axis(classes), component_axis(components), value_axis(output)
    for i in range(components):
        good = finite[:, i]
        filled = parts[good, i]
        filled = ASINH.forward(filled) if on_asinh(output) else filled
        tally.hist(output.name, *axes).fill(label[good], i, filled)


def fill_residuals(tally: Tally, name: str, residuals: Array, truth: Array) -> None:
    """Count residuals, alone and by true value; those that are not finite are counted apart."""
    good = np.isfinite(residuals)
    tally.counts["missing", name] += int(np.count_nonzero(~good))
    residuals, keys = residuals[good], truth_keys(truth[good])
    tally.hist(name, RESIDUAL.axis("residual", "asinh(x/1e-6)")).fill(RESIDUAL.forward(residuals))
    axes = axis.IntCategory([], growth=True, name="truth"), COARSE.axis("residual", "asinh(x/1e-6)")
    tally.hist(in_truth(name), *axes).fill(keys, COARSE.forward(residuals))


def in_truth(name: str) -> str:
    """Name of the histogram of the residuals ``name`` in bins of the true value."""
    return f"{name}/truth"


def is_score(output: Output) -> bool:
    """Whether an output is one probability of signal."""
    return output.role == "score" and not output.shape


def on_asinh(output: Output) -> bool:
    """Whether an output's histogram is of the values' asinh coordinate."""
    return output.role in ("value", "score", "uncertainty") and not is_score(output)
