"""The detector in flight, which is deliberately another than the one that is simulated.

A network trained on the simulation meets differences of the kinds that set data apart from it.
Their sizes are choices where no source is cited; ``mismatch`` scales all of them.
"""

from __future__ import annotations

import numpy as np

from rootml_ams.geometry import CELLS, LAYERS
from rootml_ams.simulation.detector import SATURATION_MEV, Response

SEED = 20110519
"""Of the maps: there is one flight detector. The day AMS-02 began to take data."""
CELL_GAINS = 0.072
"""Spread of the cells' gains, constant in time: equalised with protons without a Kalman filter
(Radiat. Detect. Technol. Methods 5 (2021), On-orbit equalization of the AMS ECAL)."""
LAYER_GAINS = 0.01
LAYER_TILT = 0.03
"""Layers see from so much too little in front to so much too much at the end."""
DEAD_CELLS = 8
"""Of 1296."""
CROSSTALK = 0.02
"""Between neighbours in a photomultiplier."""
PER_KELVIN, SWING_K = -0.002, 10.0
"""Change of gains, and amplitude of the temperature of what is not corrected for it."""
UPSTREAM_X0 = 0.1
"""Material above the calorimeter that the simulation does not know of."""


def flight_response(mismatch: float) -> Response:
    """The flight detector; ``mismatch`` 1 is the usual one, 0 the simulated one."""
    rng = np.random.default_rng(SEED)
    cells = CELL_GAINS * rng.standard_normal((LAYERS, CELLS))
    layers = LAYER_GAINS * rng.standard_normal(LAYERS)
    layers += np.linspace(-LAYER_TILT, LAYER_TILT, LAYERS)
    gain = np.maximum(1 + mismatch * (cells + layers[:, None]), 0.1).astype(np.float32)
    dead = rng.permutation(gain.size)[: round(mismatch * DEAD_CELLS)]
    gain.ravel()[dead] = 0
    return Response(
        gain=gain,
        crosstalk=mismatch * CROSSTALK,
        saturation=SATURATION_MEV / (1 + mismatch),
        per_kelvin=mismatch * PER_KELVIN,
        swing=SWING_K,
        upstream=mismatch * UPSTREAM_X0,
    )
