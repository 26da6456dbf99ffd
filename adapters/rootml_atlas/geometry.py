"""The cells of the electromagnetic barrel calorimeter, as windows of pixels.

Window and pixels as in the files of DeepCalo (F. Faye, pypi.org/project/deepcalo): 56 x 11 pixels
in eta and phi about the shower, a pixel being as fine as the strips are in eta and the middle layer
is in phi. Cells: ATLAS, JINST 3 (2008) S08003, table 1.2, abs(eta) < 1.35.
"""

from __future__ import annotations

from typing import Final

LAYERS: Final = ("presampler", "strips", "middle", "back")
"""``em_barrel_Lr0`` to ``Lr3``."""
ACCORDION: Final = slice(1, 4)
"""Those behind the presampler."""
WINDOW: Final = (56, 11)
"""Pixels in eta and phi."""
PIXEL: Final = (0.003125, 0.02454369)
"""Size of a pixel in eta and phi (2 pi / 256 rad)."""
CELLS: Final = ((8, 4), (1, 4), (8, 1), (16, 1))
"""Pixels of a cell of each layer, in eta and phi."""
MAX_TRACKS: Final = 10
