"""Training of networks from any file an adapter reads; ``pip install "rootml[torch]"``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rootml.training.recipe import Recipe, Warmup

if TYPE_CHECKING:
    from rootml.training.run import train

__all__ = ["Recipe", "Warmup", "train"]


def __getattr__(name: str) -> Any:
    if name == "train":
        return importlib.import_module("rootml.training.run").train
    raise AttributeError(f"module 'rootml.training' has no attribute {name!r}")
