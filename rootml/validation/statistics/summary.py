"""The figures of a distribution of residuals."""

from __future__ import annotations

from dataclasses import dataclass

from rootml.validation.statistics.binomial import Estimate


@dataclass(frozen=True)
class Core:
    """The Gaussian of the core, fitted to the ``inside`` entries between ``low`` and ``high``."""

    mean: Estimate
    width: Estimate
    low: float
    high: float
    inside: float


@dataclass(frozen=True)
class Tail:
    """Shares of the entries beyond ``bound``: below its negative, above it, both together."""

    bound: float
    below: Estimate
    above: Estimate
    beyond: Estimate


@dataclass(frozen=True)
class Summary:
    """The figures of one distribution of residuals, in their unit.

    ``median``: the bias. ``width``: half of the central 68.27 % interval, the standard deviation
    where the residuals are Gaussian, and hardly moved by tails. ``rms``: root mean square about
    the ``mean``, which the farthest tails govern. ``core``: None where there is none to fit.
    ``eiqr75``, ``eiqr95``: effective interquantile ranges, (P75 - P25)/1.349 and
    (P95 - P5)/3.290, both the standard deviation of a Gaussian. ``entries``: their sum of weights;
    ``effective``: how many entries of equal weight would have the same relative error.
    """

    entries: float
    median: Estimate
    width: Estimate
    mean: Estimate
    rms: Estimate
    core: Core | None
    tails: tuple[Tail, ...]
    eiqr75: Estimate
    eiqr95: Estimate
    effective: float
