"""Regressions relative to an estimate that is there already, and that the network is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rootml.adapter import View
from rootml.errors import TrainingError, nearest
from rootml.spec import Array
from rootml.training.data import DataSet
from rootml.training.task import Regression
from rootml.training.truth import require_numbers

if TYPE_CHECKING:
    from torch import Tensor

APART = 30.0
"""A median of truth / reference beyond this factor is one of units, not of physics."""


def place(task: Regression, view: View) -> int:
    """Which tensor of the view is the reference.

    TrainingError where it is none, is no single number, or not in the unit of the estimate.
    """
    names = [spec.name for spec in view.tensors]
    if task.reference not in names:
        raise TrainingError(
            f"view {view.name!r} has no tensor {task.reference!r}, the reference of "
            f"{task.target!r}{nearest(task.reference, names)} (tensors: {', '.join(names)})"
        )
    number = names.index(task.reference)
    spec, output = view.tensors[number], task.estimates[0]
    if spec.shape not in ((), (1,)):
        raise TrainingError(
            f"view {view.name!r}: the reference {spec.name!r} has the shape {spec.shape}, "
            "expected one number a row"
        )
    if spec.unit != output.unit:
        raise TrainingError(
            f"view {view.name!r}: the reference {spec.name!r} is in {spec.unit or 'no unit'}, "
            f"the output {output.name!r} in {output.unit or 'none'}: they must be the same"
        )
    return number


def learned(task: Regression, data: DataSet) -> DataSet:
    """The data set with what a network learns in place of the truth: its ratio to the reference.

    Raises DataError where either is not above 0, TrainingError where one of the two seems to be in
    another unit.
    """
    if not task.reference:
        return data
    require_numbers(data.truth, task.target, "a ratio to a reference")
    reference = np.asarray(data.tensors[task.reference], np.float64).reshape(len(data))
    for name, values in ((task.reference, reference), (task.target, data.truth)):
        data.refuse(~(values > 0), f"{name} is not above 0: there is no ratio to learn")
    ratio: Array = data.truth / reference
    middle = float(np.median(ratio))
    if not 1 / APART < middle < APART:
        raise TrainingError(
            f"{', '.join(data.files)}: the truth {task.target!r} is {middle:.3g} times the "
            f"reference {task.reference!r} (median): one of the two is not in "
            f"{task.estimates[0].unit or 'the unit of the other'}{_likely(middle)}"
        )
    return replace(data, truth=np.log(ratio) if task.ratio == "log" else ratio)


def physical(
    task: Regression, estimates: Sequence[Tensor], reference: Tensor
) -> tuple[Tensor, ...]:
    """Estimate and uncertainty (n,), of those of the ratio, in the unit of the reference (n,).

    The uncertainty is that of a small relative error.
    """
    ratio, *errors = estimates
    if task.ratio == "linear":
        return tuple(reference * value for value in estimates)
    value = reference * ratio.exp()
    return value, *(value * error for error in errors)


def _likely(middle: float) -> str:
    """Which unit it is, of energies that are wrong by a thousand."""
    if 1 / APART < middle / 1000 < APART:
        return " (the truth in MeV, the reference in GeV?)"
    if 1 / APART < middle * 1000 < APART:
        return " (the truth in GeV, the reference in MeV?)"
    return ""
