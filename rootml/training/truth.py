"""The truth of each unit of a batch, and what the file's own reconstruction says of it."""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.errors import BranchError, DataError, nearest
from rootml.rootio.source import Source
from rootml.spec import Array, Batch


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


def per_unit(values: ak.Array, batch: Batch, missing: float, column: str) -> Array:
    """One value of ``column`` a unit of ``batch``: event or, where it has ``counts``, object.

    A value of the event holds for all of its objects. What is None becomes ``missing``.
    DataError where the values have another shape.
    """
    values = ak.fill_none(values, missing, axis=None)
    if values.ndim == 1:
        flat = ak.to_numpy(values)
        return flat if batch.counts is None else np.repeat(flat, batch.counts)
    if batch.counts is None or values.ndim > 2:
        raise DataError(f"column {column!r} has {values.ndim} axes, expected one value an event")
    wrong = np.flatnonzero(ak.to_numpy(ak.num(values)) != batch.counts)
    if len(wrong):
        event = int(wrong[0])
        raise DataError(
            f"column {column!r} has {len(values[event])} values for {batch.counts[event]} objects",
            event,
        )
    return np.asarray(ak.flatten(values))


def signal_weight(labels: Array) -> float:
    """Weight of a signal row with which both classes count the same; labels are 0 and 1, (n,)."""
    background, signal = np.bincount(labels, minlength=2)
    return float(background / signal)


def balanced(labels: Array) -> Array:
    """Weights (n,) with which both classes of labels (n,) count the same."""
    return np.where(labels == 1, signal_weight(labels), 1.0)
