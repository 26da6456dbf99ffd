"""How often 68.27 % intervals hold the truth, in toys, with weights and without.

    python benchmarks/coverage.py

Efficiencies: 10,000 samples of 50 and of 500 events. AUC, and average precision at a signal
share of 1/4: 1,000 samples of two Gaussians one width apart, three times as much background as
signal; pulls are of the error. Five minutes of one core.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtr

from rootml.spec import Array
from rootml.validation.statistics.binomial import efficiency_interval
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.precision import precision_recall

Weights = Callable[[np.random.Generator, int], Array]

WEIGHTS: dict[str, Weights | None] = {
    "none": None,
    "uniform (0, 2)": lambda rng, n: rng.uniform(0, 2, n),
    "exponential": lambda rng, n: rng.exponential(1, n),
    "log-normal, sigma 1": lambda rng, n: rng.lognormal(0, 1, n),
    "+1, a tenth -1": lambda rng, n: np.where(rng.random(n) < 0.1, -1.0, 1.0),
    "+1, a quarter -1": lambda rng, n: np.where(rng.random(n) < 0.25, -1.0, 1.0),
}
EFFICIENCIES = (0.02, 0.1, 0.5, 0.9, 0.98)


def summed(weights: Array | None, which: Array) -> Counts:
    if weights is None:
        return Counts.of(which.sum(axis=1))
    kept = weights * which
    return Counts(kept.sum(axis=1), (kept**2).sum(axis=1))


def efficiency_coverage(draw: Weights | None, events: int, truth: float, samples: int) -> float:
    rng = np.random.default_rng(1)
    weights = None if draw is None else draw(rng, samples * events).reshape(samples, events)
    passes = rng.random((samples, events)) < truth
    _, low, high = efficiency_interval(
        summed(weights, passes), summed(weights, np.ones_like(passes))
    )
    return float(np.mean((low <= truth) & (truth <= high)))


def area_coverage(draw: Weights | None, events: int, samples: int) -> list[float]:
    rng = np.random.default_rng(2)

    def sample(n: int) -> Separation:
        weights = [None if draw is None else draw(rng, size) for size in (n, 3 * n)]
        return Separation.from_scores(rng.normal(1, 1, n), rng.normal(0, 1, 3 * n), *weights)

    big = Separation.from_scores(rng.normal(1, 1, 500_000), rng.normal(0, 1, 1_500_000))
    truths = float(ndtr(1 / math.sqrt(2))), precision_recall(big).average.value
    made = [sample(events) for _ in range(samples)]
    areas = [one.auc() for one in made]
    curves = [precision_recall(one, signal_share=0.25) for one in made]
    found = [
        [(a.value, a.error, a.low, a.high) for a in areas],
        [(c.average.value, c.error, c.average.low, c.average.high) for c in curves],
    ]
    row = []
    for truth, (value, error, low, high) in zip(
        truths, np.transpose(found, (0, 2, 1)), strict=True
    ):
        row += [np.mean((low <= truth) & (truth <= high)), np.std((value - truth) / error)]
    return [float(number) for number in row]


def main() -> None:
    print("efficiency: weights, events; coverage at", *EFFICIENCIES)
    for name, draw in WEIGHTS.items():
        for events in (50, 500):
            row = [efficiency_coverage(draw, events, truth, 10_000) for truth in EFFICIENCIES]
            print(f"{name:20} {events:4}", *(f"{number:.3f}" for number in row))
    print("weights, signal events; AUC: coverage, width of pulls; average precision: the same")
    for name, draw in WEIGHTS.items():
        for events in (100, 400):
            row = area_coverage(draw, events, 1000)
            print(f"{name:20} {events:4}", *(f"{number:.3f}" for number in row))


if __name__ == "__main__":
    main()
