"""The baseline energy ``p_e``: boosted trees on the scalars, in the place of ATLAS's calibration.

The trees predict E_true / E_acc and are fitted to single particles, as the experiment's are (ATLAS,
EPJC 74 (2014) 3071), by :mod:`.calibrate`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rootml.errors import IntegrityError
from rootml_atlas.ntuple import SCALARS
from rootml_atlas.simulation.material import Floats

VERSION: Final = 1
FILE: Final = Path(__file__).with_name(f"baseline_{VERSION}.onnx")
SHA256: Final = "2161296421aa782a23de59dbb6b49b150de88d3a1b2dd740bda08274650a6d13"
INPUTS: Final = tuple(branch.names[0] for branch in SCALARS.values())
"""Branches, in the order of the trees' features."""


def features(branches: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
    """What the trees look at, (n, 16)."""
    return np.column_stack([branches[name] for name in INPUTS]).astype(np.float32)


def energy(branches: Mapping[str, npt.NDArray[Any]]) -> Floats:
    """Calibrated energies in MeV, (n,)."""
    ratio = _session().run(None, {"scalars": features(branches)})[0][:, 0]
    found: Floats = branches["p_eAccCluster"] * ratio
    return found


@cache
def _session() -> Any:
    import onnxruntime

    content = FILE.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise IntegrityError(f"{FILE}: not the trees of version {VERSION}: its SHA-256 differs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
