"""Ways in which what is known of an electron may be off."""

from __future__ import annotations

from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Variation
from rootml.variations import scaled


def _scale_presampler(events: ak.Array, value: float, seed: int) -> ak.Array:
    if "cells" in events.fields:
        cells = ak.to_numpy(events["cells"]).copy()
        cells[:, 0] *= np.float32(value)
        events = ak.with_field(events, cells, "cells")
    return scaled("f0")(events, value, seed)


VARIATIONS: Final = {
    "cell_scale": Variation(
        scaled("cells", "e_acc", "energy"),
        nominal=1,
        doc="factor of all cells and of the calibrated energy: the energy scale",
    ),
    "presampler_scale": Variation(
        _scale_presampler,
        nominal=1,
        doc="factor of the presampler's energy alone",
    ),
}
"""Of all views."""
