"""Protons: how many interact and where, what the calorimeter sees of them, how many pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rootml.validation import Estimates, Ratio, efficiency_interval, rejection, rejection_ratio
from rootml_ams.geometry import LAYER_X0, LAYERS
from rootml_ams.simulation.deposit import MIP_MEV
from validity import literature
from validity.samples import Floats, Particles

EFFICIENCY = 0.9
"""Of electrons."""
RANGE_GEV = (50.0, 500.0)
MOMENTA_GEV = np.geomspace(*RANGE_GEV, 4)
MANY_MIPS = 4.0
"""Deposit of a layer in minimum ionising particles that says that a proton has interacted."""
SCORES = {"bdt": ("ecal3dbdt", 1), "likelihood": ("EcalEMlhd", -1)}
"""Columns of the reference scores, and the sign that makes electrons high."""


@dataclass(frozen=True)
class Interactions:
    """Where protons interact first."""

    protons: int
    depth: Floats
    """Of the first interaction that is seen, X0; NaN for protons without."""
    share: Estimates
    expected: float
    secant: float
    """Mean path per depth."""


def interactions(protons: Particles) -> Interactions:
    """Find the first layer from which on all of three have the deposit of many particles.

    A proton that interacts in the last three layers is not told from one that does not: the share
    is one of interactions before them.
    """
    many = MANY_MIPS * MIP_MEV * protons.secant[:, None]
    loud = protons.image.sum(axis=2) > many
    begun = loud[:, :-2] & loud[:, 1:-1] & loud[:, 2:]
    seen = begun.any(axis=1)
    depth = np.where(seen, begun.argmax(axis=1) * LAYER_X0, np.nan)
    secant = float(protons.secant.mean())
    inside = (LAYERS - 2) / LAYERS
    return Interactions(
        protons=len(protons),
        depth=depth,
        share=efficiency_interval(seen.sum(), len(seen)),
        expected=1 - (1 - literature.interacting(secant)) ** inside,
        secant=secant,
    )


@dataclass(frozen=True)
class Rejections:
    """Rejection of protons in bins of momentum, (bins,), at 90 % efficiency for electrons.

    ``alone``: by the score; ``matched``: with the energy over the momentum above 0.75 too, where
    the efficiency is that of the score for electrons that pass this.
    """

    low: Floats
    high: Floats
    protons: Floats
    alone: Estimates
    matched: Estimates
    all_matched: Estimates
    """The same of all bins together."""


def rejections(electrons: Particles, protons: Particles, score: str) -> Rejections:
    """Rejections by one of ``SCORES``; electrons and protons of the same range of momentum."""
    column, sign = SCORES[score]
    total, alone, matched = (np.zeros(len(MOMENTA_GEV) - 1) for _ in range(3))
    for i, (low, high) in enumerate(pairwise(MOMENTA_GEV)):
        signal, background = (
            particles.taken((particles.energy >= low) & (particles.energy < high))
            for particles in (electrons, protons)
        )
        total[i] = len(background)
        cut = np.quantile(sign * signal[column], 1 - EFFICIENCY)
        passed = sign * background[column] > cut
        alone[i] = passed.sum()
        matched[i] = (passed & _over_momentum(background)).sum()
    return Rejections(
        low=MOMENTA_GEV[:-1],
        high=MOMENTA_GEV[1:],
        protons=total,
        alone=rejection(alone, total),
        matched=rejection(matched, total),
        all_matched=rejection(matched.sum(), total.sum()),
    )


def _over_momentum(particles: Particles) -> npt.NDArray[np.bool_]:
    momentum = np.abs(particles["mom"])
    return np.asarray(particles["en3d"] > literature.ENERGY_OVER_MOMENTUM * momentum)


def matched_share(protons: Particles) -> Estimates:
    """Share of protons whose energy over momentum is that of an electron."""
    passed = _over_momentum(protons)
    return efficiency_interval(passed.sum(), len(passed))


def accuracy(events: Particles, score: str) -> Estimates:
    """Share of events that a score classifies rightly at its usual cut."""
    column, sign = SCORES[score]
    cut = {"bdt": 0.0, "likelihood": 4.0}[score]
    right = (sign * (events[column] - cut) > 0) == (events["truth_label"] == 1)
    return efficiency_interval(right.sum(), len(right))


def selected(columns: Mapping[str, Floats]) -> dict[str, Ratio]:
    """Rejection of the boosted trees over that of the likelihood, below and above 1 TeV."""
    scores = {name: sign * columns[column] for name, (column, sign) in SCORES.items()}
    below = columns["en3d"] < 1000
    electron = columns["truth_label"] == 1
    return {
        place: rejection_ratio(
            scores["bdt"][chosen], scores["likelihood"][chosen], electron[chosen], EFFICIENCY
        )
        for place, chosen in (("below", below), ("above", ~below))
    }
