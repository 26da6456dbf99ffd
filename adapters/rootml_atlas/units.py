"""Whether energies are in the unit that a layout says, told by their scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array

GEV: Final[Mapping[str, float]] = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
LOWEST, HIGHEST = 1.0, 7000.0
"""GeV: of reconstructed electrons no file's median is lower, no energy above the beams'."""
ALIKE: Final = 10.0
"""Two measures of the same energies differ less; units differ by 1000."""


def check_scale(values: Array, unit: str, name: str) -> None:
    """Refuse energies whose median cannot be an electron's; DataError names the likely unit."""
    median = _median(values)
    if median is None or LOWEST < median * GEV[unit] < HIGHEST:
        return
    likely = [other for other, gev in GEV.items() if LOWEST < median * gev < HIGHEST]
    raise DataError(
        f"{name}: the median is {median:.4g}, expected {unit} of electrons"
        + (f"; this looks like {' or '.join(likely)}" if likely else "")
    )


def check_alike(
    values: Array, unit: str, name: str, other: Array, other_unit: str, other_name: str
) -> None:
    """Refuse ``values`` that should be about ``other``, of which the scale has been checked."""
    used = (values > 0) & (other > 0)
    if not used.any():
        return
    ratio = float(np.median(values[used] / other[used])) / GEV[other_unit]
    if 1 / ALIKE < ratio * GEV[unit] < ALIKE:
        return
    likely = [found for found, gev in GEV.items() if 1 / ALIKE < ratio * gev < ALIKE]
    raise DataError(
        f"{name}: {ratio:.3g} for each GeV of {other_name}, expected about {1 / GEV[unit]:.4g}"
        f" ({unit})" + (f"; this looks like {' or '.join(likely)}" if likely else "")
    )


def _median(values: Array) -> float | None:
    known = values[np.isfinite(values) & (values > 0)]
    return float(np.median(known)) if len(known) else None
