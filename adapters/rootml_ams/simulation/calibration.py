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
    leakage=np.array([-0.50589, 2.45174, 3.8271, 0.15153, -0.01125, -0.04877, 0.00523]),
    means=np.array(
        [
            [9.84353e00, 3.28790e00, -3.99223e00, 7.44618e-02, 9.28356e-01, 8.47247e-02],
            [7.83728e-01, -6.64083e-02, -7.51531e-01, 2.30995e-02, 3.01935e-03, -1.54917e-02],
            [-6.45255e-02, -1.81139e-03, 3.27338e-02, 1.59234e-03, -7.27954e-04, 4.69385e-03],
        ]
    ),
    spreads=np.array(
        [
            [-0.32065, -1.87299, -0.21234, -3.69579, -4.59603, -2.19711],
            [-0.08166, -0.10286, 0.14918, 0.15327, -0.14418, -0.20581],
            [-0.0116, 0.03772, -0.02876, -0.01904, 0.04272, 0.0333],
        ]
    ),
    discriminant=np.array(
        [
            0.74099,
            0.07853,
            0.13137,
            -0.13535,
            -0.4831,
            0.18257,
            0.01246,
            -0.00712,
            -0.01053,
            -0.00967,
            0.04487,
            0.00242,
            -0.0217,
        ]
    ),
)
