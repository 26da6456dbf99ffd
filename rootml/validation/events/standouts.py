"""Which events of a chunk stand out: typical ones of each class, mistakes, large residuals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.residuals import is_relative
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.units import Units
from rootml.validation.figures.separation import BACKGROUND, SIGNAL

SEVERAL = 4
"""With more classes than this, mistakes of all classes are of one kind."""

THRESHOLD = 0.5
"""Where a score calls an event signal, unless the card has a working point."""

_WITHOUT_CERTAINTY = ("label", "multiplicity", "cluster")


@dataclass(frozen=True, eq=False)
class Call:
    """What a network takes units for, (n,) each: classes, NaN where the truth is none.

    ``doubt``: how much it speaks for another class than the true one; -inf: for none. ``names``:
    those of the classes; empty where they are numbers alone.
    """

    truth: Array
    said: Array
    doubt: Array
    names: tuple[str, ...]


def call(setting: Setting, units: Units) -> Call | None:
    """The call of the first output that says a class, with its certainty if one does."""
    outputs = sorted(setting.outputs, key=lambda output: output.role in _WITHOUT_CERTAINTY)
    found = (_call(output, setting, units) for output in outputs)
    return next((made for made in found if made is not None), None)


def ranks(setting: Setting, units: Units) -> Iterator[tuple[str, Array]]:
    """``(kind, rank)``: events of each kind, the highest rank first, -inf where it is none."""
    made = call(setting, units)
    if made is not None:
        yield from _called(made)
    for output in setting.outputs:
        if output.role == "score" and not output.shape:
            unknown = units.label >= len(setting.classes)
            scores = units.outputs[output.name].astype(np.float64)
            for kind, rank in (
                (f"highest {output.name}", scores),
                (f"lowest {output.name}", -scores),
            ):
                yield kind, np.where(unknown, rank, -np.inf)
        residuals = _residuals(output, units)
        if residuals is not None:
            yield f"largest residual of {output.name}", np.abs(residuals)


def _called(made: Call) -> Iterator[tuple[str, Array]]:
    classes = made.names
    for i, name in enumerate(classes):
        right = (made.truth == i) & (made.said == i)
        yield f"typical {name}", np.where(right, 0.0, -np.inf)
    if len(classes) > SEVERAL or not classes:
        yield "worst mistakes", np.where(made.said != made.truth, made.doubt, -np.inf)
        return
    for i, name in enumerate(classes):
        yield f"{name} judged worst", np.where(made.truth == i, made.doubt, -np.inf)


def _call(output: Output, setting: Setting, units: Units) -> Call | None:
    values, classes = units.outputs[output.name], len(setting.classes)
    truth = np.where(units.label < classes, units.label.astype(np.float64), np.nan)
    if output.role == "score" and not output.shape and classes > max(SIGNAL, BACKGROUND):
        points = setting.card.working_points
        cuts = (p.threshold for p in points if p.output == output.name and p.threshold is not None)
        said = np.where(values > next(cuts, THRESHOLD), SIGNAL, BACKGROUND)
        doubt = np.where(truth == SIGNAL, -values, values)
        doubt = np.where(np.isin(truth, (SIGNAL, BACKGROUND)), doubt, -np.inf)
        return Call(truth, said, doubt, setting.classes)
    if output.role == "probabilities" and output.shape == (classes,):
        others = values.astype(np.float64)
        known = np.flatnonzero(np.isfinite(truth))
        others[known, units.label[known]] = -np.inf
        doubt = np.where(np.isfinite(truth), others.max(axis=1), -np.inf)
        return Call(truth, values.argmax(axis=1), doubt, setting.classes)
    if output.role in ("label", "multiplicity") and not output.shape:
        names = output.classes or (() if output.estimates else setting.classes)
        if output.estimates:
            column = units.column(output.estimates)
            truth = np.full(len(values), np.nan) if column is None else column
        wrong = np.isfinite(truth) & (values != truth)
        return Call(truth, values, np.where(wrong, 1.0, -np.inf), names)
    return None


def _residuals(output: Output, units: Units) -> Array | None:
    """Estimate minus truth, NaN where the truth is not known; None for other outputs."""
    if not output.estimates or output.shape or output.role in _WITHOUT_CERTAINTY:
        return None
    truth = units.column(output.estimates)
    if truth is None:
        return None
    scale = np.where(truth > 0, truth, np.nan) if is_relative(output) else 1.0
    residuals: Array = (units.outputs[output.name] - truth) / scale
    return residuals
