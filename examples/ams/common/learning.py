"""Rejection against the number of training events: points and the power law through them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from iminuit import Minuit

from common.judged import Judged
from common.talk import EFFICIENCY
from rootml.spec import Array
from rootml.validation import Estimate


@dataclass(frozen=True)
class Point:
    """A network trained on so many ``events``; ``passed`` of ``protons`` are not rejected."""

    events: int
    passed: float
    protons: float
    rejection: Estimate

    @classmethod
    def of(cls, judged: Judged, name: str, events: int) -> Point:
        """What one of the classifiers rejects."""
        cut = judged.separation(name).at_efficiency(EFFICIENCY)
        return cls(events, cut.background_passed, cut.background, cut.rejection)


@dataclass(frozen=True)
class PowerLaw:
    """``rejection = at_pivot * (events / pivot) ** exponent``.

    ``covariance`` of (ln at_pivot, exponent), scaled by ``chi2 / ndf`` where that is above 1
    (Review of Particle Physics, introduction, 5.2.2).
    """

    at_pivot: float
    exponent: float
    pivot: float
    covariance: Array
    chi2: float
    ndf: int

    def at(self, events: float) -> Estimate:
        """Rejection after training on so many events, with the 68.27 % interval of the fit."""
        step = math.log(events / self.pivot)
        middle = math.log(self.at_pivot) + self.exponent * step
        gradient = np.array([1.0, step])
        error = math.sqrt(gradient @ self.covariance @ gradient)
        return Estimate(*(math.exp(middle + sign * error) for sign in (0, -1, 1)))

    def needed(self, rejection: float) -> float:
        """Events after which the rejection is reached; infinite where it does not rise."""
        if self.exponent <= 0:
            return math.inf
        return self.pivot * math.exp(math.log(rejection / self.at_pivot) / self.exponent)


def fit_power_law(points: Sequence[Point]) -> PowerLaw:
    """Fit three points or more by the Poisson likelihood of the protons that pass.

    S. Baker, R. D. Cousins, Nucl. Instrum. Meth. 221 (1984) 437.
    """
    events = np.array([point.events for point in points], np.float64)
    passed = np.array([point.passed for point in points], np.float64)
    protons = np.array([point.protons for point in points], np.float64)
    pivot = float(np.exp(np.log(events).mean()))
    step = np.log(events / pivot)

    def chi2(log_at_pivot: float, exponent: float) -> float:
        expected = protons / np.exp(log_at_pivot + exponent * step)
        logs = passed * np.log(np.where(passed > 0, passed, 1.0) / expected)
        return float(2 * np.sum(expected - passed + logs))

    start = math.log(protons.sum() / max(passed.sum(), 1.0))
    fit = Minuit(chi2, log_at_pivot=start, exponent=0.5)
    fit.migrad()
    fit.hesse()
    ndf = len(points) - 2
    scale = max(fit.fval / ndf, 1.0)
    at_pivot, exponent = fit.values
    return PowerLaw(
        math.exp(at_pivot), exponent, pivot, np.array(fit.covariance) * scale, fit.fval, ndf
    )
