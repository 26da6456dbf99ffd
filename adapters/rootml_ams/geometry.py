"""The electromagnetic calorimeter (ECAL) of AMS-02: dimensions, material, where a cell is.

Sources: C. Adloff et al., Nucl. Instrum. Meth. A 714 (2013) 147 (the calorimeter); A. Kounine et
al., Nucl. Instrum. Meth. A 869 (2017) 110 (its energy measurement); the AMS software's
``EcalHitR`` (numbering). Depth runs from the front face downwards in X0, or cm where said.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

SUPERLAYERS: Final = 9
LAYERS: Final = 2 * SUPERLAYERS
"""Layers of cells, the "planes" 0-17 of the AMS software."""
CELLS: Final = 72
SIZE: Final = LAYERS * CELLS
PITCH_CM: Final = 0.9
HALF_WIDTH_CM: Final = CELLS * PITCH_CM / 2
FRONT_Z_CM: Final = -142.3
"""Height of the front face in the AMS frame."""

DEPTH_X0: Final = 17.0
DEPTH_CM: Final = 16.6
X0_CM: Final = DEPTH_CM / DEPTH_X0
LAYER_X0: Final = DEPTH_X0 / LAYERS
INTERACTION_LENGTH_X0: Final = DEPTH_X0 / 0.6
"""The calorimeter has about 0.6 nuclear interaction lengths."""

MEASURES_X: Final[npt.NDArray[np.bool_]] = (np.arange(LAYERS) // 2) % 2 == 1
"""Layers 2,3,6,7,10,11,14,15 measure X; the others, the first superlayer's among them, Y."""

EDGES_X0: Final[npt.NDArray[np.floating[Any]]] = np.linspace(0.0, DEPTH_X0, LAYERS + 1)
CELL_EDGES_CM: Final[npt.NDArray[np.floating[Any]]] = (np.arange(CELLS + 1) - CELLS / 2) * PITCH_CM
CELL_CENTRES_CM: Final[npt.NDArray[np.floating[Any]]] = (CELL_EDGES_CM[1:] + CELL_EDGES_CM[:-1]) / 2
