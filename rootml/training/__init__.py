"""Training from any file an adapter reads: ``pip install "rootml[torch,sklearn,xgboost]"``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rootml.training.learner import ScikitLearn, Torch, Warmup, XGBoost
from rootml.training.losses import (
    CrossEntropy,
    Cumulative,
    Gaussian,
    Huber,
    LogCosh,
    MeanSquare,
    Quantiles,
)
from rootml.training.partition import Partition
from rootml.training.pointing import Pointing
from rootml.training.presence import Presence
from rootml.training.recipe import Recipe
from rootml.training.search import Choice, Range
from rootml.training.split import Fractions, SplitAt
from rootml.training.task import Classification, Flat, Regression, Sample

if TYPE_CHECKING:
    from rootml.training.committee import combine
    from rootml.training.run import train
    from rootml.training.store import read_hdf5
    from rootml.training.tensors import write_tensors

_WHERE = {
    "combine": "committee",
    "read_hdf5": "store",
    "train": "run",
    "write_tensors": "tensors",
}

__all__ = [
    "Choice",
    "Classification",
    "CrossEntropy",
    "Cumulative",
    "Flat",
    "Fractions",
    "Gaussian",
    "Huber",
    "LogCosh",
    "MeanSquare",
    "Partition",
    "Pointing",
    "Presence",
    "Quantiles",
    "Range",
    "Recipe",
    "Regression",
    "Sample",
    "ScikitLearn",
    "SplitAt",
    "Torch",
    "Warmup",
    "XGBoost",
    "combine",
    "read_hdf5",
    "train",
    "write_tensors",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"rootml.training.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'rootml.training' has no attribute {name!r}")
