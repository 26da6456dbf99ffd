"""A toy model, with whatever is to be wrong about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rootml.registry import load
from rootml.runtime.model import Model


@pytest.fixture
def make(
    toylab: Path,
    own_places: Path,
    tmp_path: Path,
    write_network: Callable[..., Path],
    write_card: Callable[..., Path],
) -> Callable[..., Model]:
    """``make(card={...}, options={...}, **network)`` loads a toy model."""

    def load_toy(
        card: dict[str, Any] | None = None, options: dict[str, Any] | None = None, **network: Any
    ) -> Model:
        path = write_card(write_network(tmp_path / "toy.onnx", **network), **(card or {}))
        return load(path, **(options or {}))

    return load_toy


@pytest.fixture
def open_as(
    toylab: Path, own_places: Path, write_card: Callable[..., Path]
) -> Callable[..., Model]:
    """``open_as(format, file, outputs, **options)``: a network of the six cells, with a card."""

    def load_file(
        format: str, file: Path, outputs: Sequence[dict[str, Any]] = ({"name": "score"},), **given
    ) -> Model:
        network = {"format": format}
        if format in ("xgboost", "lightgbm"):
            network["inputs"] = {"cells": "features"}
        return load(write_card(file, network=network, outputs=list(outputs)), **given)

    return load_file


@pytest.fixture(scope="session")
def cells() -> np.ndarray:
    """Two thousand rows of six cells, none of which is empty."""
    return np.random.default_rng(1).exponential(1, (2000, 6)).astype("f4")
