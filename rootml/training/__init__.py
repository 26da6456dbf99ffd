"""Training from any file an adapter reads: ``pip install "rootml[torch,sklearn,xgboost]"``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rootml.training.learner import ScikitLearn, Torch, Warmup, XGBoost
from rootml.training.recipe import Recipe
from rootml.training.search import Choice, Range
from rootml.training.split import Fractions, SplitAt
from rootml.training.task import Classification, Regression

if TYPE_CHECKING:
    from rootml.training.run import train

__all__ = [
    "Choice",
    "Classification",
    "Fractions",
    "Range",
    "Recipe",
    "Regression",
    "ScikitLearn",
    "SplitAt",
    "Torch",
    "Warmup",
    "XGBoost",
    "train",
]


def __getattr__(name: str) -> Any:
    if name == "train":
        return importlib.import_module("rootml.training.run").train
    raise AttributeError(f"module 'rootml.training' has no attribute {name!r}")
