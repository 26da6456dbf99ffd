"""A file of the toy experiment and its default network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

ENTRIES = 500
EMPTY = (3, 77, 499)
"""Entries without any deposit, which no network can judge."""

ROOT_READS = """
import sys, warnings
warnings.simplefilter("ignore")
import ROOT
path, tree, branch = sys.argv[1:]
file = ROOT.TFile.Open(path)
assert not file.TestBit(ROOT.TFile.kRecovered)
events = file.Get(tree)
total = sum(getattr(event, branch) == getattr(event, branch) for event in events)
print(file.Get("rootml_provenance"))
print("judged", total)
"""


@pytest.fixture
def toy(toylab: Path, own_places: Path, write_model: Callable[..., Path]) -> Path:
    """The toy experiment is installed, with its default network ``toy``; gives the card."""
    return write_model(own_places / "rootml" / "models")


@pytest.fixture
def deposits() -> np.ndarray:
    cells = np.random.default_rng(5).exponential(1.0, (ENTRIES, 6)).astype("f4")
    cells[list(EMPTY)] = 0
    return cells


@pytest.fixture
def scores(deposits: np.ndarray) -> np.ndarray:
    """What the toy network says: sigmoid(0.1 * sum), NaN where there is nothing to judge."""
    sums = deposits.sum(axis=1)
    return np.where(sums > 0, 1 / (1 + np.exp(-0.1 * sums)), np.nan).astype("f4")


@pytest.fixture
def hits(tmp_path: Path, deposits: np.ndarray) -> Path:
    """``hits.root``: tree ``hits`` in several baskets, beside a histogram and another tree."""
    path = tmp_path / "hits.root"
    rng = np.random.default_rng(6)
    with uproot.recreate(path, compression=uproot.ZSTD(3)) as file:
        tree = file.mktree("hits", {"cell_e": ("f4", (6,)), "truth_label": "i4", "run": "u8"})
        for start in range(0, ENTRIES, 120):
            part = deposits[start : start + 120]
            label = rng.integers(0, 2, len(part), dtype="i4")
            tree.extend({"cell_e": part, "truth_label": label, "run": np.arange(len(part))})
        file["spectrum"] = np.histogram(deposits[:, 0], 10)
        file.mktree("other", {"x": "f8"}).extend({"x": np.arange(7.0)})
    return path


@pytest.fixture
def root_reads() -> Callable[..., str]:
    """ROOT opens the file without a word on standard error; gives what it printed."""

    def read(path: Path, tree: str, branch: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", ROOT_READS, str(path), tree, branch],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert not done.stderr
        return done.stdout

    return read
