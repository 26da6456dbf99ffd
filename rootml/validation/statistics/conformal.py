"""Sets of classes that hold the true one as often as they say: thresholds, and whether they do.

Split conformal prediction: V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random
World (2005), sec. 4.1; A. N. Angelopoulos, S. Bates, arXiv:2107.07511. Classes are in a set by
their probability alone, which gives the smallest sets of a coverage (M. Sadinle, J. Lei,
L. Wasserman, J. Am. Stat. Assoc. 114 (2019) 223).
"""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import betabinom, binom

from rootml.errors import DataError
from rootml.spec import Array

LEAST_P = 0.001
"""A coverage that is as improbable as this, over the number of classes, is too low (a choice)."""
ROUNDING = 1e-9
"""A level such as 0.9 is no binary number: of (9 + 1) 0.9 events all 9 are kept, not 10."""


def kept(level: float, events: int) -> int:
    """Of so many events, those that a threshold has to keep so that others keep ``level``.

    More than there are where these are too few to leave one out. DataError for a level that is
    none.
    """
    if not 0 < level < 1:
        raise DataError(f"a level of {level:g}: expected one between 0 and 1")
    return math.ceil((events + 1) * level * (1 - ROUNDING))


def threshold(probabilities: Array, level: float) -> float:
    """The largest probability that keeps ``level`` of events like these; 0 where they are too few.

    ``probabilities`` (n,): those of the true class.
    """
    n = len(probabilities)
    least = kept(level, n)
    return 0.0 if least > n else float(np.sort(probabilities)[n - least])


def sets(probabilities: Array, thresholds: Array | float) -> Array:
    """Which classes are in each set, bools (n, k), of ``probabilities`` (n, k).

    ``thresholds``: one, or (k,). The most probable class always is, so that no set is empty.
    """
    best = probabilities.argmax(axis=1)[:, None] == np.arange(probabilities.shape[1])
    return np.asarray((probabilities >= thresholds) | best)


def p_value(level: float, events: int | None, covered: int, total: int) -> float:
    """How probable it is that of ``total`` events so few are ``covered``, or fewer.

    ``events`` others fixed the threshold. The number covered follows a beta-binomial law where no
    two probabilities are the same (Angelopoulos and Bates, sec. 3.2); else more are covered. None:
    the threshold covers exactly the ``level``.
    """
    if events is None:
        return float(binom.cdf(covered, total, level))
    least = kept(level, events)
    if least > events:  # all classes are in the set
        return 1.0
    return float(betabinom.cdf(covered, total, least, events - least + 1))
