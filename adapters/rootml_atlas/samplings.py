"""The layers that a cluster's list of energies, ``e_sampl``, is of.

The list has only the layers that the cluster has energy in, by their place in
``CaloSampling::CaloSample``: presampler, strips, middle and back of the barrel, the same of the
end-cap, ..., scintillators of the crack. Which these are is a pattern of bits that many files lack.
Number and abs(eta) tell, but for clusters between barrel and end-cap: those that hit both, and
those of four layers, of which the last may be the scintillators.
"""

from __future__ import annotations

from typing import Final

import awkward as ak
import numpy as np

from rootml.spec import Array

BETWEEN: Final = (1.37, 1.75)
"""abs(eta) at which four layers may be others than presampler, strips, middle and back."""
PRESAMPLER_ENDS: Final = 1.8
"""abs(eta) up to which there is a presampler (JINST 3 (2008) S08003, table 1.3)."""


def layer_energies(energies: ak.Array, eta: Array) -> Array:
    """Presampler, strips, middle, back and scintillators of the crack (n, 5), as in ``energies``.

    ``energies``: (n, layers). 0 where a layer was not hit, NaN where it is not known which were.
    """
    counts, eta = ak.to_numpy(ak.num(energies, axis=1)), np.abs(eta)
    padded = ak.to_numpy(ak.fill_none(ak.pad_none(energies, 5, axis=1, clip=True), 0.0))
    layers = np.full((len(counts), 5), np.nan)
    apart = (eta < BETWEEN[0]) | (eta > BETWEEN[1])
    with_presampler = (counts == 5) | ((counts == 4) & apart)
    layers[with_presampler] = padded[with_presampler]
    beyond = (counts == 3) & (eta > PRESAMPLER_ENDS)
    layers[beyond] = 0
    layers[beyond, 1:4] = padded[beyond, :3]
    return layers
