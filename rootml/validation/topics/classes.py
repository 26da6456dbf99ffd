"""What outputs that speak of classes have in common: names of the classes, and the true one."""

from __future__ import annotations

import numpy as np

from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Unavailable


def names_of(setting: Setting, output: Output) -> tuple[str, ...]:
    """Names of an output's classes; empty where it counts numbers of which none is the last.

    What counts things knows as many numbers as the network has probabilities of the same truth.
    """
    if output.classes:
        return output.classes
    if output.role == "multiplicity":
        beside = (o for o in setting.card.outputs if o.role in ("probabilities", "set"))
        shapes = [o.shape for o in beside if o.estimates == output.estimates]
        return numbers(shapes[0][0]) if shapes and len(shapes[0]) == 1 else ()
    own = () if output.estimates else setting.classes
    if output.role == "label":
        return own
    (k,) = output.shape
    return own if len(own) == k else numbers(k)


def numbers(count: int) -> tuple[str, ...]:
    """Names of classes that are numbers from 0."""
    return tuple(map(str, range(count)))


def beyond(names: tuple[str, ...]) -> str:
    """How what is true and none of the classes is called: ``>3`` of numbers."""
    return f">{names[-1]}" if names == numbers(len(names)) else "other"


def true_classes(setting: Setting, output: Output, units: Units, classes: int) -> Array | None:
    """The true class of each unit; None where the file has none.

    NaN where it is not known; of no class are -1, or a number of ``classes`` or more.
    """
    if output.estimates:
        truth = units.column(output.estimates)
        if truth is not None and output.role == "multiplicity":
            return np.where(truth < 0, np.nan, truth)
        return truth
    if output.role == "multiplicity" or len(setting.classes) > classes:
        return None
    known = units.label < len(setting.classes)
    return np.where(known, units.label, -1).astype(np.float64) if known.any() else None


def untrue(setting: Setting, output: Output, classes: int) -> Unavailable:
    """Why there is no true class to compare with."""
    truth = setting.adapter.truth
    if output.estimates:
        return Unavailable(f"the file has no true value ({output.estimates})")
    if output.role == "multiplicity":
        return Unavailable("the card names no column that the output estimates")
    if truth.label is None:
        return Unavailable("the experiment's adapter names no truth to compare with")
    if len(truth.classes) > classes:
        return Unavailable(f"the truth has {len(truth.classes)} classes, the output {classes}")
    return Unavailable(f"the file has no truth label ({truth.label})")
