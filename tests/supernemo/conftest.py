from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest

from rootml.adapter import Adapter
from rootml.rootio.matching import BranchNames, Decoder, match
from rootml_supernemo import ADAPTER

TREES = Path(__file__).with_name("write_trees.py")


@pytest.fixture(scope="session")
def adapter() -> Adapter:
    return ADAPTER


@pytest.fixture(scope="session")
def events() -> ak.Array:
    """Simulated events, a fifth of whose timestamps are missing; not to be changed."""
    return ADAPTER.simulate(400, np.random.default_rng(9), missing=0.2, noise=2)


@pytest.fixture(scope="session")
def read() -> Callable[..., ak.Array]:
    """``read(layout name, branches, *columns)``: branches (by name) to logical columns."""

    def read(name: str, branches: Any, *columns: str) -> ak.Array:
        layout = next(layout for layout in ADAPTER.layouts if layout.name == name)
        branches = {field: branches[field] for field in getattr(branches, "fields", branches)}
        found = match(ADAPTER, layout, layout.trees[0], BranchNames(branches), named=True)
        assert found.complete, found.missing
        raw = {key: branches[path] for key, path in found.found.items() if key in layout.probes}
        options = layout.configure(ak.zip(raw, depth_limit=1))
        return Decoder(found, options, "test").decode(branches, columns)

    return read


@pytest.fixture(scope="session")
def trees(events: ak.Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that ROOT wrote, with classes and vectors as the collaboration's.

    ``tkevent.root``: objects of TKEvent; ``mievent.root``: of MiEvent; ``haystack.root``: a
    ``hit_tree`` of vectors whose ``grid_side`` is empty, ``own.root``: one without wires.
    """
    if find_spec("ROOT") is None:
        pytest.skip("the root wheel is not installed")
    folder = tmp_path_factory.mktemp("trees")
    few = events[:60]
    counts = ak.to_numpy(ak.num(few["grid_layer"]))
    names = [name for name in few.fields if few[name].ndim == 2]
    flat = {name: ak.to_numpy(ak.flatten(few[name])) for name in names if _per_hit(name)}
    splits = ak.to_list(few["track_split"])
    np.savez(folder / "hits.npz", counts=counts, splits=np.array(splits, object), **flat)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(TREES), str(folder)], capture_output=True, text=True
    )
    assert not done.returncode, done.stderr
    return folder


def _per_hit(name: str) -> bool:
    return name.startswith(("grid_", "wire", "tsp")) or name in ("radius", "truth_track")


@pytest.fixture
def root(tmp_path: Path) -> Callable[[str], str]:
    """``root(code)``: what Python with ROOT prints; fails where ROOT warns of anything."""
    if find_spec("ROOT") is None:
        pytest.skip("the root wheel is not installed")

    def run(code: str) -> str:
        script = f"import warnings\nwarnings.simplefilter('ignore')\nimport ROOT\n{code}"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert not done.returncode, done.stderr
        assert "Warning" not in done.stderr, done.stderr
        assert "Error" not in done.stderr, done.stderr
        return done.stdout

    return run
