"""How much each row counts in a training: weights, flat distributions, shares of samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rootml.errors import TrainingError
from rootml.spec import Array
from rootml.training.data import DataSet, Rows
from rootml.training.job import Parts, Run
from rootml.training.labels import FLAT, WEIGHT
from rootml.training.task import Classification, Flat, Regression
from rootml.training.truth import balanced, require_numbers

Mask = npt.NDArray[np.bool_]


def with_weights(run: Run, data: DataSet, parts: Parts) -> DataSet:
    """The data set with weights as the task asks for, or as it is.

    Their mean over the training rows is 1. The mean of weighted losses is that of the samples'
    own means, by their shares: the sum of their losses, however many rows each has.

    Raises DataError where a weight is negative or no number, TrainingError where a sample has no
    training rows of weight.
    """
    task = run.recipe.task
    if not isinstance(task, Regression) or not task.weighted:
        return data
    wrong = ~(np.isfinite(data.columns[WEIGHT]) & (data.columns[WEIGHT] >= 0))
    data.refuse(wrong, "the weight in training is negative, or no number")
    learned = np.zeros(len(data), np.bool_)
    learned[parts["train"]] = True
    weights = np.zeros(len(data))
    shares = {name: task.sample(name).share for name, _ in samples(run, data)}
    for name, rows in samples(run, data):
        own = np.where(rows, data.columns[WEIGHT], 0.0)
        if task.flat is not None:
            if not task.flat.of:
                require_numbers(data.truth, task.target, "what is made flat")
            own *= _flat(task.flat, data.columns.get(FLAT, data.truth), own, learned)
        if not (total := own[learned].sum()) > 0:
            raise TrainingError(f"no training row of {_called(name)} has any weight")
        weights += own * shares[name] / sum(shares.values()) * len(parts["train"]) / total
    return replace(data, weights=weights.astype(np.float32))


def weights_of(run: Run, data: DataSet, rows: Rows) -> Array | None:
    """Weights of some rows, with which classes count the same; None: all are alike."""
    if isinstance(run.recipe.task, Classification):
        return balanced(data.truth[rows])
    return None if data.weights is None else data.weights[rows]


def samples(run: Run, data: DataSet) -> Iterator[tuple[str, Mask]]:
    """The samples that rows are of, "" first, and which rows (n,) these are."""
    of_file = np.array([run.sample(file) for file in data.files])
    for name in ("", *run.samples):
        yield name, np.asarray(of_file[data.file] == name)


def _flat(flat: Flat, values: Array, weights: Array, learned: Mask) -> Array:
    """Factors (n,) with which the weighted training rows lie flat in ``values`` (n,)."""
    known = learned & (weights > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = np.log(values) if flat.log else values
    if not np.isfinite(places[known]).all():
        raise TrainingError(
            f"{flat}: a value is {'no positive number' if flat.log else 'no number'}"
        )
    low, high = places[known].min(), places[known].max()
    edges = np.linspace(low, high, flat.bins + 1)[1:-1]
    bins = np.searchsorted(edges, places, side="right")
    filled = np.bincount(bins[known], weights[known], flat.bins)
    return np.asarray(1 / np.maximum(filled, filled.max() / flat.most))[bins]


def _called(sample: str) -> str:
    return f"the sample {sample!r}" if sample else "the files without a sample"
