"""What electrons and photons cross, as a function of abs(eta): in X0 along their way, and metres.

Sources: ATLAS, "The ATLAS Experiment at the CERN Large Hadron Collider", JINST 3 (2008) S08003,
called JINST below; Particle Data Group, Atomic and Nuclear Properties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

BARREL_ETA: Final = 1.475
"""End of the barrel (JINST, chapter 1). The finer granularity of abs(eta) < 1.4 is kept to it."""
FIELD_T: Final = 2.0
SOLENOID_M: Final = 1.23
"""Field in which tracks bend, and its radius (JINST, chapter 2)."""
TRACKER_M: Final = (0.033, 1.08)
"""Radii of the first pixel layer (ATLAS, JINST 13 (2018) T05008) and of the last straws (JINST,
chapter 4)."""
RADIUS_M: Final = (1.43, 1.54, 1.68, 1.94)
"""Of presampler, strips, middle and back: where showers have their energy, for an accordion from
1.5 to 1.97 m (JINST, chapter 5)."""

_ETA = (0.0, 0.6, 0.8, 1.0, 1.2, 1.37, 1.425, BARREL_ETA)
_TRACKER_X0 = (0.5, 0.6, 0.8, 1.2, 1.6, 1.9, 2.0, 2.1)
_CRYOSTAT_X0 = (1.2, 1.4, 1.6, 1.8, 2.1, 2.5, 3.4, 4.2)
_BEHIND_PRESAMPLER_X0 = (0.4, 0.5, 0.7, 0.6, 0.7, 0.8, 1.0, 1.2)
"""Tracker; solenoid and cryostat; between presampler and strips. Round numbers after JINST: 0.5 X0
of tracker at eta = 0 and some 2 at 1.5, some 2 X0 before the accordion at eta = 0, 4 to 5 at 1.3,
and up to 7 in the transition to the end-caps (chapters 4 and 5)."""
_NORMAL_X0 = (22.3, 18.0)
"""Depth of the accordion over cosh(eta) below and above abs(eta) = 0.8, where its lead is 1.53 and
1.13 mm thick: 22 to 30 X0, then 24 to 33 (JINST, chapter 5)."""
STRIPS_X0: Final = 4.3
"""JINST, figure 5.4."""
_MIDDLE_SHARE, _MIDDLE_X0 = 16 / 18, 18.5
"""Middle layer: 16 of the 18 X0 behind the strips at eta = 0 (JINST, chapter 5), and as deep as
leaves the back layer 2 to 12 X0 (ATLAS, Liquid Argon TDR, CERN/LHCC 96-41)."""
_BACK_ETA = 1.35
"""End of the back layer (JINST, chapter 1)."""


@dataclass(frozen=True)
class Depths:
    """Depths from the beam line in X0, (n,) each."""

    tracker: Floats
    presampler: Floats
    front: Floats
    """Of the accordion."""
    strips: Floats
    middle: Floats
    back: Floats
    """Ends of the layers."""


def depths(eta: Floats, extra: Floats | float = 0.0) -> Depths:
    """Depths at ``eta``; ``extra``: more X0 in the tracker than these tables have."""
    size = np.abs(eta)
    tracker, cryostat, gap = (
        np.interp(size, _ETA, table) for table in (_TRACKER_X0, _CRYOSTAT_X0, _BEHIND_PRESAMPLER_X0)
    )
    tracker = tracker + extra
    presampler = tracker + cryostat
    front = presampler + gap
    total = np.where(size < 0.8, *_NORMAL_X0) * np.cosh(size)
    middle = np.minimum(_MIDDLE_SHARE * (total - STRIPS_X0), _MIDDLE_X0)
    strips = front + STRIPS_X0
    end = np.where(size < _BACK_ETA, front + total, strips + middle)
    return Depths(tracker, presampler, front, strips, strips + middle, end)


# The accordion: thicknesses in mm for abs(eta) < 0.8 (JINST, chapter 5), g/cm3, X0 in g/cm2,
# critical energy of electrons in MeV, Z; glue and electrodes as polystyrene and polyimide.
_LAYERS = {
    "lead": (1.53, 11.35, 6.37, 7.43, 82.0),
    "steel": (0.40, 7.87, 13.84, 21.68, 26.0),
    "argon": (4.20, 1.396, 19.55, 32.84, 18.0),
    "plastic": (0.50, 1.4, 41.0, 90.0, 5.7),
}
_mass = {name: row[0] * row[1] for name, row in _LAYERS.items()}
_lengths = {name: _mass[name] / _LAYERS[name][2] for name in _LAYERS}
_thickness = sum(row[0] for row in _LAYERS.values())
_absorber = ("lead", "steel")


def _charge(*names: str) -> float:
    """Mean Z by mass."""
    return sum(_mass[name] * _LAYERS[name][4] for name in names) / sum(_mass[n] for n in names)


X0_CM: Final = _thickness / sum(_lengths.values())
"""2.1 cm (thicknesses in mm, masses per area in 0.1 g/cm2)."""
CRITICAL_MEV: Final = sum(_lengths[name] * _LAYERS[name][3] for name in _LAYERS) / sum(
    _lengths.values()
)
MOLIERE_M: Final = 0.01 * 21.2 * X0_CM / CRITICAL_MEV
"""0.04 m."""
Z_EFFECTIVE: Final = _charge(*_LAYERS)
SAMPLING_FREQUENCY: Final = 10 * X0_CM / _thickness
E_OVER_MIP: Final = 1 / (1 + 0.007 * (_charge(*_absorber) - _LAYERS["argon"][4]))
"""Mixing rules: G. Grindhammer and S. Peters, hep-ex/0001020."""
