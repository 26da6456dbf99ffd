"""Fail where a result does not hold the network's scores.

    python flat_check.py IN.ROOT NETWORK.ONNX RESULT.ROOT COLUMN

The network judges the result's own columns if it has them, as a copy may have another order.
"""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime as ort
import uproot
from flat_inputs import NAMES

TOLERANCE = 1e-5
"""Single precision, summed in another order."""


def main() -> None:
    source, network, result, column = sys.argv[1:]
    (key,) = uproot.open(result).keys(filter_classname="TTree", cycle=False)
    tree = uproot.open(result)[key]
    inputs = tree if NAMES[0] in tree else uproot.open(source)["tree"]
    columns = inputs.arrays(NAMES, library="np")
    x = np.stack([columns[name] for name in NAMES], axis=1)
    (expected,) = ort.InferenceSession(network).run(None, {"x": x})
    found = tree[column].array(library="np")
    if found.shape != (len(expected),):
        sys.exit(f"{result}: {len(found):,} scores of {len(expected):,} events")
    difference = np.abs(found - expected.ravel()).max()
    if not difference < TOLERANCE:
        sys.exit(f"{result}: scores differ by up to {difference:.1e}")


if __name__ == "__main__":
    main()
