"""The columns that a training needs, truth that is more than a number, and weights of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rootml.errors import BranchError, DataError, TrainingError, nearest
from rootml.rootio.source import Source
from rootml.spec import Array, Batch

if TYPE_CHECKING:
    import awkward as ak


def require_column(source: Source, column: str, why: str) -> None:
    """Raise BranchError where the file does not have the logical ``column``."""
    if source.decoder.has(column):
        return
    layout = source.decoder.layout
    where = f"{source.path}: tree {source.name!r}"
    if column not in layout.columns:
        near = nearest(column, layout.columns)
        raise BranchError(f"{where}: layout {layout.name!r} has no column {column!r}: {why}{near}")
    wanted = dict.fromkeys(key for way in layout.ways(column) for key in way)
    keys = [key for key in wanted if key not in source.decoder.match.found]
    names = [name for key in keys for name in layout.branches[key].names] or [column]
    near = nearest(names[0], source.tree.keys())
    raise BranchError(f"{where}: no branch {' or '.join(map(repr, names))}: {why}{near}")


def packed(values: ak.Array, batch: Batch, length: int, column: str) -> Array:
    """Truth of events, each of which lists its objects or fills an array of a fixed shape.

    Of lists of objects (``batch.members``) float32 (n, length), NaN behind the last one, where none
    is known and in events of more than ``length``; of arrays (n, ...) in the column's own type.
    DataError where the column has another shape.
    """
    import awkward as ak

    if values.layout.purelist_isregular:
        made = ak.to_numpy(values)
        return np.ma.filled(made.astype(np.float32), np.nan) if np.ma.isMA(made) else made
    if batch.members is None or values.ndim != 2:
        each = "event" if batch.members is None else "object"
        raise DataError(
            f"column {column!r} has lists of {values.ndim - 1} axes, expected one value "
            f"an {each}, or an array of a fixed shape"
        )
    counts = ak.to_numpy(ak.num(values))
    wrong = np.flatnonzero(counts != batch.members)
    if len(wrong):
        event = int(wrong[0])
        raise DataError(
            f"column {column!r} has {counts[event]} values for {batch.members[event]} objects",
            event,
        )
    fits = counts <= length
    table = np.full((len(values), length), np.nan, np.float32)
    known = ak.fill_none(ak.flatten(values[fits]), np.nan)
    table[fits[:, None] & (np.arange(length) < counts[:, None])] = ak.to_numpy(known)
    return table


def require_numbers(truth: Array, target: str, who: str) -> None:
    """Raise TrainingError where the truth is more than the one number a row that ``who`` takes."""
    if truth.ndim > 1:
        raise TrainingError(
            f"{who} takes one true number a row; {target!r} has an array of the shape "
            f"{truth.shape[1:]}"
        )


def signal_weight(labels: Array) -> float:
    """Weight of a signal row with which both classes count the same; labels are 0 and 1, (n,)."""
    background, signal = np.bincount(labels, minlength=2)
    return float(background / signal)


def balanced(labels: Array) -> Array:
    """Weights (n,) with which both classes of labels (n,) count the same."""
    return np.where(labels == 1, signal_weight(labels), 1.0)
