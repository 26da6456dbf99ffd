"""What probabilities of classes are worth: scores of which the truth makes the best, on average."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from rootml.spec import Array
from rootml.validation.statistics.binomial import Estimate, Floats

LEAST = 1e-38
"""A probability of 0 counts as this, about the smallest that float32 holds with all its digits."""


def negative_log(probabilities: Array, truth: Array) -> Floats:
    """-log p (n,) of the true class: ``probabilities`` (n, k), ``truth`` (n,) from 0 to k - 1.

    Its mean is the negative log likelihood, in nats (I. J. Good, J. R. Stat. Soc. B 14 (1952) 107).
    """
    own = probabilities[np.arange(len(truth)), truth].astype(np.float64)
    return np.asarray(-np.log(np.maximum(own, LEAST)))


def brier(probabilities: Array, truth: Array) -> Floats:
    """Sum (n,) over the classes of (p - 1)^2 for the true one and p^2 for the others, 0 to 2.

    Its mean is the Brier score (G. W. Brier, Mon. Weather Rev. 78 (1950) 1).
    """
    true = truth[:, None] == np.arange(probabilities.shape[1])
    return np.asarray(((probabilities.astype(np.float64) - true) ** 2).sum(axis=1))


@dataclass(frozen=True)
class Mean:
    """The mean of values and its standard error, from sums that add over parts of a sample.

    ``sums``: of w, w x, w^2, w^2 x, w^2 x^2, with weights w and values x.
    """

    sums: Floats

    @classmethod
    def of(cls, values: Array, weights: Array | None = None) -> Self:
        """Of values (n,), each with its weight or 1."""
        x = values.astype(np.float64)
        w = np.ones(len(x)) if weights is None else weights.astype(np.float64)
        return cls(np.array([part.sum() for part in (w, w * x, w**2, w**2 * x, (w * x) ** 2)]))

    def estimate(self) -> Estimate:
        """The mean and its 68.27 % interval, symmetric; NaN of weights that add up to nothing.

        The variance of a weighted mean m is the sum of w^2 (x - m)^2 over that of w, squared.
        """
        total, first, *squares = self.sums.tolist()
        if not total > 0:
            return Estimate(math.nan, -math.inf, math.inf)
        mean = first / total
        spread = squares[2] - 2 * mean * squares[1] + mean**2 * squares[0]
        error = math.sqrt(max(spread, 0.0)) / total
        return Estimate(mean, mean - error, mean + error)
