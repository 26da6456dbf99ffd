"""Falling energy spectra."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def power_law(
    n: int, low: float, high: float, index: float, rng: np.random.Generator
) -> npt.NDArray[np.floating[Any]]:
    """Draw ``n`` energies between ``low`` and ``high`` from dN/dE = E^-index."""
    share = rng.random(n)
    if abs(index - 1) < 1e-9:
        return low * (high / low) ** share
    power = 1 - index
    energy: npt.NDArray[np.floating[Any]] = (low**power + share * (high**power - low**power)) ** (
        1 / power
    )
    return energy
