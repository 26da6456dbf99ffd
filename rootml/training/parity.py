"""Does the deployed file give the numbers of the library that trained it?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rootml.card import Output
from rootml.errors import TrainingError
from rootml.spec import Array

TOLERANCE = 1e-4
"""Largest difference that is accepted: of a probability, or of another value in standard
deviations of what is predicted."""
ROUNDING = 5e-6
"""Relative difference that float32 explains by itself in a network of many layers (chosen)."""


def check_parity(
    outputs: Sequence[Output], expected: Sequence[Array], found: Sequence[Array]
) -> float:
    """Largest difference between ``expected`` and ``found``, (n,) an output, in tolerances.

    Raises TrainingError where it is 1 or more.
    """
    worst = 0.0
    for output, first, second in zip(outputs, expected, found, strict=True):
        allowed = TOLERANCE * _scale(output, first) + ROUNDING * np.abs(first)
        difference = np.abs(np.asarray(first, np.float64) - second)
        with np.errstate(divide="ignore"):  # of what is the same for all rows nothing may differ
            excess = float(np.max(difference / np.where(difference == 0, 1, allowed)))
        if not excess < 1:
            raise TrainingError(
                f"the exported network differs in {output.name!r} by up to "
                f"{difference.max():.2g} from what was trained; less than "
                f"{allowed.max():.2g} is needed"
            )
        worst = max(worst, excess)
    return worst


def _scale(output: Output, values: Array) -> float:
    """1 of probabilities, as which floats from 0 to 1 without a unit count; else the spread."""
    shares = (
        values.dtype.kind == "f" and not output.unit and values.min() >= 0 and values.max() <= 1
    )
    if output.role in ("score", "probabilities") or shares:
        return 1.0
    return float(np.std(values))
