"""A toy model, with whatever is to be wrong about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
