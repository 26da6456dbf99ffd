"""Figures of merit of many electrons at once on the same bootstrap replicas of their events.

A bootstrap with weights that follow Poisson's law of mean 1, one for all electrons of an event (B.
Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993; Poisson's law for large samples: N.
Chamandy et al., Estimating Uncertainty for Massive Data Streams, 2012). As all figures are had of
the same replicas, those of differences and ratios know what their terms have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rootml.spec import Array
from rootml.validation import Estimate
from rootml.validation.statistics.regression import IQR75, IQR95

REPLICAS = 200
"""The error of an error is then 5 %."""
SEED = 68


def weights(pair: Array, replicas: int = REPLICAS) -> Array:
    """Weights (1 + replicas, n) of electrons whose events are ``pair`` (n,); the first are 1."""
    rng = np.random.default_rng(SEED)
    events = int(pair.max()) + 1 if len(pair) else 0
    drawn = np.ones((1 + replicas, events), np.uint8)
    drawn[1:] = rng.poisson(1.0, (replicas, events))
    return drawn[:, pair]


@dataclass(frozen=True, eq=False)
class Ranges:
    """Median, eIQR75 and eIQR95 of relative errors, of the sample and of each replica (1 + r,)."""

    median: Array
    eiqr75: Array
    eiqr95: Array

    @classmethod
    def of(cls, errors: Array, weights: Array) -> Ranges:
        """Of relative errors (n,), weighted as in each row of ``weights`` (1 + r, n)."""
        order = np.argsort(errors)
        values = errors[order]
        below = np.cumsum(weights[:, order], axis=1, dtype=np.int64)
        shares = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
        ranks = np.stack([np.searchsorted(one, shares * one[-1]) for one in below])
        p5, p25, p50, p75, p95 = values[ranks.clip(0, len(values) - 1)].T
        return cls(p50, (p75 - p25) / IQR75, (p95 - p5) / IQR95)


def estimate(values: Array) -> Estimate:
    """The first value, with the spread of the replicas that follow it."""
    value, error = float(values[0]), float(np.std(values[1:]))
    return Estimate(value, value - error, value + error)


def told(values: Array) -> dict[str, float]:
    """The first value and its error, for JSON."""
    return {"value": _short(values[0]), "error": _short(np.std(values[1:]))}


def _short(value: Any) -> float:
    return float(f"{float(value):.5g}")
