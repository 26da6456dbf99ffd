"""Constants of the reconstruction, as ``python -m rootml_ams.simulation.calibrate`` fits them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Calibration:
    """Constants fitted to simulated events; :mod:`.reconstruction` says of which terms."""

    leakage: Floats
    """(7,)"""
    means: Floats
    """(3, 6)"""
    spreads: Floats
    """(3, 6)"""
    discriminant: Floats
    """(13,)"""


CALIBRATION = Calibration(
    leakage=np.array([-0.4959, 2.26769, 3.82146, 0.15564, -0.01154, -0.06999, 0.00718]),
    means=np.array(
        [
            [9.87068e00, 3.27767e00, -4.02603e00, 7.47124e-02, 9.28518e-01, 8.58944e-02],
            [6.80794e-01, -3.54529e-02, -6.23983e-01, 2.21095e-02, 1.83775e-03, -6.48435e-03],
            [-2.78084e-02, -1.25559e-02, -1.44959e-02, 2.03794e-03, -2.76940e-04, 9.96921e-04],
        ]
    ),
    spreads=np.array(
        [
            [-3.05355e-01, -1.89477e00, -1.95951e-01, -3.67456e00, -4.59645e00, -2.22340e00],
            [-9.55914e-02, -8.41565e-02, 8.04406e-02, 1.35774e-01, -1.22174e-01, -1.96043e-01],
            [-5.22572e-03, 3.70780e-02, -1.78663e-03, -1.51480e-02, 3.38629e-02, 3.50532e-02],
        ]
    ),
    discriminant=np.array(
        [
            0.75262,
            -0.00738,
            0.14231,
            -0.24301,
            -0.45225,
            0.17663,
            0.01835,
            0.00155,
            -0.00956,
            -0.03114,
            0.04434,
            0.00183,
            -0.0195,
        ]
    ),
)
