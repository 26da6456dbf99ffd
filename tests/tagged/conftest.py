"""Files that small networks have tagged: a declared one on an ntuple, those of Mu2e on tracks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

import rootml
from rootml.registry import get_adapter

EVENTS = 600
ADAPTER = {
    "title": "My analysis",
    "trees": ["events"],
    "branches": {"pt": {"names": ["pt"], "unit": "GeV"}},
    "tensors": {"t": ["x", "y"]},
    "select": "y > -3",
    "truth": {"label": "truth", "classes": ["background", "signal"]},
    "energy": "pt",
}


@dataclass(frozen=True)
class Ntuple:
    """A tagged file, what it was made of, and the card of its network."""

    path: Path
    source: Path
    card: Path
    branches: dict[str, np.ndarray]
    scores: np.ndarray


def events(seed: int, count: int = EVENTS) -> dict[str, np.ndarray]:
    """Signal has larger ``x``; ``w`` are weights, a few of them negative."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, count, dtype="i4")
    return {
        "x": rng.normal(6.0 * truth - 3.0, 4.0).astype("f4"),
        "y": rng.normal(0.0, 1.5, count).astype("f4"),
        "pt": rng.exponential(40.0, count).astype("f4"),
        "w": rng.normal(1.0, 0.4, count),
        "truth": truth,
    }


def write_events(path: Path, branches: dict[str, np.ndarray], tree: str = "events") -> Path:
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: v.dtype for name, v in branches.items()}).extend(branches)
    return path


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """``write(path, branches, tree="events")``: a file with one tree."""
    return write_events


@pytest.fixture(scope="session")
def make_card(tmp_path_factory: pytest.TempPathFactory, write_network, write_card) -> Callable:
    """``make_card(name, weight=0.5, **changes)``: sigmoid(weight * (x + y)), and its card."""

    def make(name: str, weight: float = 0.5, **changes: Any) -> Path:
        folder = tmp_path_factory.mktemp("cards")
        network = write_network(folder / f"{name}.onnx", cells="t", shape=("n", 2), weight=weight)
        points = [{"name": "tight", "output": "score", "threshold": 0.8}]
        changes = {"adapter": ADAPTER, "view": "declared", "working_points": points} | changes
        return write_card(network, **changes)

    return make


@pytest.fixture(scope="session")
def mine(tmp_path_factory: pytest.TempPathFactory, make_card: Callable) -> Ntuple:
    """``mine_tagged.root``: events of a declared adapter, tagged by ``mine``."""
    folder = tmp_path_factory.mktemp("mine")
    branches = events(1)
    source, card = write_events(folder / "mine.root", branches), make_card("mine")
    rootml.tag_file(source, folder / "mine_tagged.root", card, plots=False)
    with uproot.open(folder / "mine_tagged.root") as file:
        scores = file["events/mine_score"].array(library="np")
    return Ntuple(folder / "mine_tagged.root", source, card, branches, scores)


@pytest.fixture(scope="session")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated tracks of Mu2e, several an event, tagged by two networks, with their validation."""
    folder = tmp_path_factory.mktemp("mu2e")
    adapter = get_adapter("mu2e")
    adapter.write(folder / "in.root", 400, np.random.default_rng(2), layout="tracks")
    models = ["momentum_mu2e", "trkqual_mu2e"]
    rootml.tag_file(folder / "in.root", folder / "tracks.root", models, plots=False)
    return folder / "tracks.root"
