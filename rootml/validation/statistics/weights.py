"""What weights do to a sample: their sum, effective counts, and the share that is negative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.counting.tally import Tally, class_axis
from rootml.validation.counting.units import Labels
from rootml.validation.figures.draft import Draft
from rootml.validation.statistics.counts import Counts

NAME = "weight"


def checked_weights(weights: Any, units: int, judged: Array) -> Array:
    """Weights as float64, one a unit; DataError where one of a judged unit is not finite."""
    made = np.asarray(weights, np.float64)
    if made.shape != (units,):
        raise ValueError(f"weights of shape {made.shape} for {units} units")
    bad = np.flatnonzero(~np.isfinite(made) & judged)
    if len(bad):
        raise DataError(
            f"{len(bad)} of {units} weights are not finite, the first is that of unit {bad[0]}: "
            "select them away, or correct the expression of the weight"
        )
    return made


def fill_weights(tally: Tally, classes: int, label: Labels, weight: Array) -> None:
    """Count the weights of judged units by class."""
    tally.fill(NAME, (class_axis(classes),), label, weight=weight)
    tally.counts["negative",] += int(np.count_nonzero(weight < 0))


def weight_section(draft: Draft, names: Sequence[str]) -> dict[str, Any]:
    """Sums of weights and effective counts, of all judged units and of each class.

    The effective count is (sum of w)^2 / (sum of w^2) (L. Kish, Survey Sampling, 1965): so many
    units of weight one have the same relative error.
    """
    hist = draft.tally.hists.get(NAME)
    judged, negative = int(draft.judged.sum()), draft.tally.counts["negative",]
    counts = Counts.of(np.zeros(len(names)) if hist is None else hist)
    whole = _weighed(counts)
    draft.check(
        "weights",
        judged == 0 or whole["weight"] > 0,
        f"the weights of {judged} judged add up to {whole['weight']:.6g}, as many as "
        f"{whole['effective']:.6g} of weight one; {negative} are negative"
        + (f" ({negative / judged:.2%})" if negative else ""),
    )
    share = negative / judged if judged else None
    return {
        **whole,
        "negative": {"units": negative, "share": share},
        "classes": {name: _weighed(counts[i : i + 1]) for i, name in enumerate(names)},
    }


def _weighed(counts: Counts) -> dict[str, float]:
    some = counts.squares.any()
    return {"weight": float(counts.values.sum()), "effective": counts.entries if some else 0.0}
