"""What is counted of a regression: residuals before and after, response, and pulls.

"Before" is what the file's own reconstruction makes of the same truth (``Reference.estimates``),
"after" the network, on the same events or objects.

    residual_<output>[_<column>]            in fine bins; and, coarsely, in bins of the truth
    residual_<output>/<variable>            by estimator, in bins of a variable
    joint_<output>_<column>                 before and after together
    response_<output>[_<column>]            estimate / truth - 1 of what is not relative anyway
    pull_<output>                           residual over uncertainty
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from hist import axis

from rootml.adapter import Adapter
from rootml.card import ModelCard, Output
from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, in_bins
from rootml.validation.counting.units import Units
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.regression import Residuals
from rootml.validation.statistics.scales import COARSE, JOINT, RESIDUAL, Scale, truth_keys


def estimators(output: Output, adapter: Adapter) -> dict[str, str]:
    """Who estimates the truth of an output: its residuals' name -> the column, the network last."""
    before = (
        r.column for r in adapter.references if r.estimates and r.estimates == output.estimates
    )
    return {f"{output.name}_{column}": column for column in before} | {output.name: ""}


def columns(output: Output, adapter: Adapter) -> Iterator[str]:
    """Logical columns that the residuals of an output need, where the file has them."""
    yield output.estimates
    yield from filter(None, estimators(output, adapter).values())


def is_relative(output: Output) -> bool:
    """Whether residuals are relative to the true value: those of energies are."""
    return output.role == "energy"


def uncertainty_of(output: Output, card: ModelCard) -> str | None:
    """The name of the output that is the standard deviation of this one, or None."""
    return next((other.name for other in card.outputs if other.error_of == output.name), None)


def fill(tally: Tally, output: Output, setting: Setting, units: Units) -> None:
    """Count the residuals of an output, of its references, and its pulls."""
    truth = units.column(output.estimates)
    if truth is None:
        return
    positive = np.where(truth > 0, truth, np.nan)
    said = {
        name: units.column(column) if column else units.outputs[output.name].astype(np.float64)
        for name, column in estimators(output, setting.adapter).items()
    }
    found: dict[str, Array] = {}
    for name, values in said.items():
        if values is None:
            continue
        found[name] = (values - truth) / (positive if is_relative(output) else 1.0)
        _fill(tally, f"residual_{name}", found[name], truth, units)
        if not is_relative(output):
            _fill(tally, f"response_{name}", values / positive - 1, truth, units)
    _fill_joint(tally, output, found, units)
    _fill_by_variable(tally, output, setting, found, units)
    uncertainty = uncertainty_of(output, setting.card)
    if uncertainty is not None and uncertainty in units.outputs:
        error = units.outputs[uncertainty].astype(np.float64)
        pulls = (units.outputs[output.name] - truth) / np.where(error > 0, error, np.nan)
        _fill_fine(tally, f"pull_{output.name}", pulls, units)


def residuals_of(tally: Tally, name: str) -> Residuals:
    """The residuals that were counted in fine bins under a name."""
    return from_counts(Counts.of(tally.hists[name], flow=True), RESIDUAL)


def from_counts(counts: Counts, scale: Scale) -> Residuals:
    """Residuals from counts in the bins of a scale, with both overflows."""
    return Residuals.from_bins(counts.values, scale, counts.squares if counts.weighted else None)


def total(tally: Tally, name: str) -> float:
    """Entries, or sum of weights, of a histogram; 0 where there is none."""
    return float(Counts.of(tally.hists[name], True).values.sum()) if name in tally.hists else 0.0


def _fill(tally: Tally, name: str, residuals: Array, truth: Array, units: Units) -> None:
    """Count residuals, alone and by true value."""
    good = _fill_fine(tally, name, residuals, units)
    axes = axis.IntCategory([], growth=True, name="truth"), _axis(COARSE)
    values = truth_keys(truth[good]), COARSE.forward(residuals[good])
    tally.fill(in_bins(name, "truth"), axes, *values, weight=units.weights(good))


def _fill_fine(tally: Tally, name: str, residuals: Array, units: Units) -> Array:
    """Count residuals; those that are not finite apart. Returns which ones are."""
    good: Array = np.isfinite(residuals)
    tally.counts["missing", name] += int(np.count_nonzero(~good))
    coordinates = RESIDUAL.forward(residuals[good])
    tally.fill(name, (_axis(RESIDUAL),), coordinates, weight=units.weights(good))
    return good


def _fill_joint(tally: Tally, output: Output, found: dict[str, Array], units: Units) -> None:
    after = found[output.name]
    for name, before in found.items():
        if name == output.name:
            continue
        good = np.isfinite(before) & np.isfinite(after)
        axes = _axis(JOINT, "before"), _axis(JOINT, "after")
        values = JOINT.forward(before[good]), JOINT.forward(after[good])
        tally.fill(f"joint_{name}", axes, *values, weight=units.weights(good))


def _fill_by_variable(
    tally: Tally, output: Output, setting: Setting, found: dict[str, Array], units: Units
) -> None:
    names = list(estimators(output, setting.adapter))
    estimator = axis.Integer(0, len(names), name="estimator", flow=False)
    for variable in setting.variables:
        column = units.column(variable.source)
        if column is None:
            continue
        axes = variable.axis(), estimator, _axis(COARSE)
        for name, residuals in found.items():
            good = np.isfinite(residuals)
            known, places = variable.places(column[good])
            good[good] = known
            values = names.index(name), COARSE.forward(residuals[good])
            by_variable = in_bins(f"residual_{output.name}", variable.name)
            tally.fill(by_variable, axes, places, *values, weight=units.weights(good))


def _axis(scale: Scale, name: str = "residual") -> Any:
    return scale.axis(name, "asinh(x/1e-6)")
