"""What the probabilities and the sets of a network are worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from counted.accuracy import share
from counted.events import Counted
from rootml.validation import Estimate
from rootml.validation.statistics.calibration import Reliability
from rootml.validation.statistics.probabilities import Mean, brier, negative_log

EDGES = 10.0 ** np.arange(-4, 0.1, 0.5)
"""Of the probability to be wrong; smaller ones are in the first bin."""


@dataclass(frozen=True)
class Bin:
    """Events of about the same probability to be wrong: its mean, and the share that is."""

    expected: float
    observed: dict[str, float]


def cooled(found: Counted, temperature: float) -> Counted:
    """As if the logits had been divided by a further temperature."""
    logits = np.log(np.maximum(found.probabilities.astype(np.float64), 1e-38)) / temperature
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return replace(found, probabilities=raised / raised.sum(axis=1, keepdims=True))


def figures(found: Counted) -> dict[str, Any]:
    """Expected calibration error, log likelihood, Brier score and sets, for JSON."""
    sure = found.probabilities.max(axis=1).astype(np.float64)
    reliability = Reliability.from_scores(sure, found.right, equal="count")
    made = {
        "accuracy": share(found.right),
        "sure": float(sure.mean()),
        "ece": _told(reliability.error()),
        "by_chance": reliability.floor,
        "nll": _told(Mean.of(negative_log(found.probabilities, found.truth)).estimate()),
        "brier": _told(Mean.of(brier(found.probabilities, found.truth)).estimate()),
    }
    if found.sets is None:
        return made
    covered = found.sets[np.arange(len(found.truth)), found.truth]
    size = found.sets.sum(axis=1)
    return made | {
        "covered": share(covered),
        "covered_by_class": {
            str(number): share(covered[found.truth == number])
            for number in range(found.sets.shape[1])
        },
        "size": _told(Mean.of(size).estimate()),
        "alone": share(size == 1),
    }


def wrong_by_probability(found: Counted) -> list[Bin]:
    """Events in bins of the probability to be wrong, from the smallest."""
    expected = 1 - found.probabilities.max(axis=1).astype(np.float64)
    place = np.digitize(expected, EDGES)
    return [
        Bin(float(expected[place == number].mean()), share(~found.right[place == number]))
        for number in np.unique(place)
    ]


def _told(estimate: Estimate) -> dict[str, float]:
    return asdict(estimate)
