from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.adapter import Adapter
from rootml_htautau import ADAPTER


@pytest.fixture(scope="session")
def adapter() -> Adapter:
    return ADAPTER


@pytest.fixture(scope="session")
def events() -> ak.Array:
    """Simulated events of all processes; not to be changed."""
    return ADAPTER.simulate(8000, np.random.default_rng(1))


@pytest.fixture(scope="session")
def columns(events: ak.Array) -> dict[str, np.ndarray]:
    return {name: ak.to_numpy(events[name]) for name in events.fields}
