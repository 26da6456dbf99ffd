from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.adapter import Adapter
from rootml.rootio.matching import BranchNames, Decoder, match
from rootml_ams import ADAPTER


@pytest.fixture(scope="session")
def adapter() -> Adapter:
    return ADAPTER


@pytest.fixture(scope="session")
def events() -> ak.Array:
    """Simulated events of both kinds; not to be changed."""
    return ADAPTER.simulate(400, np.random.default_rng(1))


@pytest.fixture(scope="session")
def read():
    """``read(layout name, branches, *columns)``: branches (by name) to logical columns."""

    def read(name, branches, *columns):
        layout = next(layout for layout in ADAPTER.layouts if layout.name == name)
        found = match(ADAPTER, layout, layout.trees[0], BranchNames([*branches]), named=True)
        assert found.complete, found.missing
        raw = {key: branches[path] for key, path in found.found.items() if key in layout.probes}
        options = layout.configure(ak.zip(raw, depth_limit=1))
        return Decoder(found, options, "test").decode(branches, columns)

    return read
