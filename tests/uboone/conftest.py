from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from rootml.adapter import Adapter
from rootml_uboone import ADAPTER

HALF = (
    "shrmoliereavg",
    "shrclusdir",
    "shrMCSMom",
    "DeltaRMS2h",
    "shrPCA1CMed_5cm",
    "CylFrac2h_1cm",
)


@pytest.fixture(scope="session")
def adapter() -> Adapter:
    return ADAPTER


@pytest.fixture(scope="session")
def events() -> ak.Array:
    """Simulated events of all kinds; not to be changed."""
    return ADAPTER.simulate(3000, np.random.default_rng(1))


@pytest.fixture(scope="session")
def ntuple(events: ak.Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 500 events in a file as the experiment writes them, by ROOT."""
    if importlib.util.find_spec("ROOT") is None:
        pytest.skip("the root wheel is not installed")
    arrays = {}
    for name in events.fields:
        values = events[name][:500]
        if values.ndim == 2:
            arrays[f"{name}@counts"] = ak.to_numpy(ak.num(values))
            arrays[name] = ak.to_numpy(ak.flatten(values))
        else:
            arrays[name] = ak.to_numpy(values)
            if name.startswith(HALF):
                arrays[name] = arrays[name].astype(np.float64)
    arrays["shr_hits_max"] = np.arange(500, dtype=np.uint32)
    folder = tmp_path_factory.mktemp("uboone")
    np.savez(folder / "events.npz", **arrays)
    script = Path(__file__).with_name("write_ntuple.py")
    subprocess.run(
        [sys.executable, script, folder / "events.npz", folder / "ntuple.root"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "ntuple.root"
