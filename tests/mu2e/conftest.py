from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.adapter import Adapter
from rootml.rootio.matching import BranchNames, Decoder, match
from rootml.rootio.source import open_source
from rootml_mu2e import ADAPTER


@pytest.fixture(scope="session")
def adapter() -> Adapter:
    return ADAPTER


@pytest.fixture(scope="session")
def tracks() -> ak.Array:
    """Simulated conversion electrons in the flat layout; not to be changed."""
    return ADAPTER.simulate(60_000, np.random.default_rng(3), momentum="conversion")


@pytest.fixture(scope="session")
def read():
    """``read(layout name, branches, *columns)``: branches (by name) to logical columns."""

    def read(name, branches, *columns):
        layout = next(layout for layout in ADAPTER.layouts if layout.name == name)
        found = match(ADAPTER, layout, layout.trees[0], BranchNames([*branches]), named=True)
        assert found.complete, found.missing
        options = {}
        if layout.configure is not None:
            raw = {key: branches[path] for key, path in found.found.items() if key in layout.probes}
            options = layout.configure(ak.zip(raw, depth_limit=1))
        return Decoder(found, options, "test").decode(branches, columns)

    return read


@pytest.fixture
def real(shared):
    """``real(tree)``: the source of a tree of the sample of TrkAna, version 3."""
    opened = []

    def open_(tree="TrkAnaNeg/trkana"):
        opened.append(open_source(shared("mu2e/uproot-issue-513.root"), [ADAPTER], tree=tree))
        return opened[-1]

    yield open_
    for source in opened:
        source.close()
