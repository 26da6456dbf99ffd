"""The columns that a training needs, and the weights of classes."""

from __future__ import annotations

import numpy as np

from rootml.errors import BranchError, nearest
from rootml.rootio.source import Source
from rootml.spec import Array


def require_column(source: Source, column: str, why: str) -> None:
    """Raise BranchError where the file does not have the logical ``column``."""
    if source.decoder.has(column):
        return
    layout = source.decoder.layout
    where = f"{source.path}: tree {source.name!r}"
    if column not in layout.columns:
        near = nearest(column, layout.columns)
        raise BranchError(f"{where}: layout {layout.name!r} has no column {column!r}: {why}{near}")
    keys = layout.columns[column]
    names = [name for key in keys for name in layout.branches[key].names] or [column]
    near = nearest(names[0], source.tree.keys())
    raise BranchError(f"{where}: no branch {' or '.join(map(repr, names))}: {why}{near}")


def signal_weight(labels: Array) -> float:
    """Weight of a signal row with which both classes count the same; labels are 0 and 1, (n,)."""
    background, signal = np.bincount(labels, minlength=2)
    return float(background / signal)


def balanced(labels: Array) -> Array:
    """Weights (n,) with which both classes of labels (n,) count the same."""
    return np.where(labels == 1, signal_weight(labels), 1.0)
