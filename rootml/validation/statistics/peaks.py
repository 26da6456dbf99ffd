"""Fits of peaks: a resonance, a line, the residuals of a regression.

fit = fit_peak(masses, "breit_wigner_crystal_ball", background="exponential",
               fixed={"gamma": 2.4952})
fit.parameters["width"], fit.p_value, fit.message
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammaincc
from uhi.typing.plottable import PlottableHistogram

from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.statistics.binomial import LEVEL, Estimate
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.fitting import minimised, pearson_chi2, weighted_covariance
from rootml.validation.statistics.shapes import Sum

if TYPE_CHECKING:
    from iminuit import Minuit

MIN_P_VALUE = 1e-3
"""A shape that entries follow gives a smaller p-value once in a thousand fits."""

MARGIN = 3.0
"""Without background the range of values reaches so many widths beyond the last of them."""

BINS_PER_WIDTH, MAX_BINS = 10, 4000
"""Bins of values: so many a width of the peak, at most so many in all."""

_NARROWER = (1.0, 0.3, 3.0)
"""Widths, in those first seen, at which a fit starts until one is good."""


@dataclass(frozen=True, eq=False)
class PeakFit:
    """A peak over a background, fitted to ``entries`` in bins.

    ``parameters``: ``signal`` and ``background`` are entries (sums of weights) within the range,
    the others are of the shapes (:mod:`~rootml.validation.statistics.shapes`) in the unit of the
    edges; those kept fixed have no interval. ``covariance``: of all, in their order. ``chi2`` is
    Pearson's of joined bins; ``p_value`` None where they are no more than the free parameters.
    ``valid``: the fit found a minimum, with errors, away from all limits. ``message``: what is
    not good, or empty.
    """

    model: str
    background: str
    edges: Array
    entries: Counts
    parameters: Mapping[str, Estimate]
    covariance: Array
    chi2: float
    ndof: int
    p_value: float | None
    valid: bool
    message: str

    def expected(self, edges: Array | None = None) -> tuple[Array, Array]:
        """Entries expected of the peak and of the background between edges (those of the bins)."""
        shape = Sum.of(self.model, self.background, self.edges)
        values = [one.value for one in self.parameters.values()]
        peak, below = shape.parts(self.edges if edges is None else edges, *values)
        return np.diff(peak), np.diff(below)

    def figures(self) -> dict[str, Any]:
        """All but bins and covariance, as plain data."""
        return {
            "model": self.model,
            "background": self.background,
            "low": float(self.edges[0]),
            "high": float(self.edges[-1]),
            "entries": float(self.entries.values.sum()),
            "parameters": {name: asdict(one) for name, one in self.parameters.items()},
            "chi2": self.chi2,
            "ndof": self.ndof,
            "p_value": self.p_value,
            "valid": self.valid,
            "message": self.message,
        }


def fit_peak(
    data: Array | PlottableHistogram,
    model: str = "gaussian",
    *,
    background: str = "",
    weights: Array | None = None,
    bounds: tuple[float, float] | None = None,
    bins: int | None = None,
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
) -> PeakFit:
    """Fit a peak, one of MODELS (``shapes``), to values or to a UHI histogram.

    ``background``: one of BACKGROUNDS, or empty for none. ``bounds``: the range of the fit (of a
    histogram: the bins within), by default all. ``bins``: of values, by default ten a width.
    ``start``, ``fixed``: parameters that start at, or keep, a value.

    An extended maximum-likelihood fit in bins (Minuit; F. James, M. Roos, Comput. Phys. Commun.
    10 (1975) 343) of the shapes' integrals, so that wide bins do not bias. Weighted entries count
    as effective ones, and errors are those of the sums of squared weights (C. Langenbruch,
    Eur. Phys. J. C 82 (2022) 393). A fit that is not good says so in ``message`` and does not
    raise. DataError: names that are not there, values that are not finite, no entries.
    """
    edges, entries = _binned(data, weights, bounds, bins, 0.0 if background else MARGIN)
    return fit_binned(edges, entries, model, background=background, start=start, fixed=fixed)


def fit_binned(
    edges: Array,
    entries: Counts,
    model: str = "gaussian",
    *,
    background: str = "",
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, float] | None = None,
) -> PeakFit:
    """Fit a peak to counts in bins: as :func:`fit_peak`."""
    start, fixed = dict(start or {}), dict(fixed or {})
    if not entries.values.sum() > 0:
        raise DataError(f"no entries between {edges[0]:g} and {edges[-1]:g}: nothing to fit")
    shape = Sum.of(model, background, edges)
    shape.require((*start, *fixed))
    best: PeakFit | None = None
    lowest = math.inf
    for factor in _NARROWER:
        minuit = minimised(shape, edges, entries, factor, start | fixed, tuple(fixed))
        if best is None or minuit.fval < lowest - 1e-3:
            best, lowest = _result(model, background, shape, edges, entries, minuit), minuit.fval
        if not best.message:
            break
    assert best is not None
    return best


def _binned(
    data: Array | PlottableHistogram,
    weights: Array | None,
    bounds: tuple[float, float] | None,
    bins: int | None,
    margin: float,
) -> tuple[Array, Counts]:
    if isinstance(data, PlottableHistogram):
        edges, counts = Counts.with_overflows(data)
        low, high = (-math.inf, math.inf) if bounds is None else bounds
        inside = np.isfinite(edges) & (edges >= low) & (edges <= high)
        if inside.sum() < 2:
            raise DataError(f"no bin of the histogram lies between {low:g} and {high:g}")
        if not np.isfinite(counts.values).all():
            raise DataError("a bin of the histogram holds no finite number")
        first, last = np.flatnonzero(inside)[[0, -1]]
        return edges[first : last + 1], counts[first:last]
    values = np.asarray(data, np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise DataError("a peak is fitted to finite values in one dimension")
    if weights is not None and (weights.shape != values.shape or not np.isfinite(weights).all()):
        raise DataError("each value needs a finite weight")
    if not len(values):
        raise DataError("no values: nothing to fit")
    low, high = bounds or _range(values, margin)
    if not low < high:
        raise DataError(f"the range of a fit begins below its end, not {low:g} to {high:g}")
    inside = (values >= low) & (values <= high)
    kept = values[inside]
    if bins is None:
        width = _width(kept)
        bins = int(np.clip(BINS_PER_WIDTH * (high - low) / width, 50, MAX_BINS)) if width else 50
    edges = np.linspace(low, high, bins + 1)
    index = np.clip(np.searchsorted(edges, kept, side="right") - 1, 0, bins - 1)
    return edges, Counts.filled(index, bins, None if weights is None else weights[inside])


def _range(values: Array, margin: float) -> tuple[float, float]:
    """All values, and ``margin`` widths beyond."""
    beyond = margin * _width(values)
    return float(values.min() - beyond), float(values.max() + beyond)


def _width(values: Array) -> float:
    """Half of the central 68.27 %; 0 for none."""
    if not len(values):
        return 0.0
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(high - low) / 2


def _result(
    model: str, background: str, shape: Sum, edges: Array, entries: Counts, minuit: Minuit
) -> PeakFit:
    free = [name for name in minuit.parameters if not minuit.fixed[name]]
    covariance = np.zeros((minuit.npar, minuit.npar))
    if minuit.covariance is not None:
        covariance = np.array(minuit.covariance)
        if entries.weighted:
            covariance = weighted_covariance(covariance, shape, edges, entries, minuit)
    errors = np.sqrt(np.diag(covariance).clip(0))
    found = zip(minuit.parameters, minuit.values, errors.tolist(), strict=True)
    parameters = {name: Estimate(at, at - error, at + error) for name, at, error in found}
    expected = np.diff(sum(shape.parts(edges, *minuit.values)))
    chi2, bins = pearson_chi2(entries, expected)
    ndof = bins - len(free)
    p_value = float(gammaincc(ndof / 2, chi2 / 2)) if ndof > 0 else None
    spans = dict(zip(minuit.parameters, errors.tolist(), strict=True))
    valid, message = _judged(minuit, {name: spans[name] for name in free}, chi2, ndof, p_value)
    return PeakFit(
        model, background, edges, entries, parameters, covariance,
        chi2, ndof, p_value, valid, message,
    )  # fmt: skip


def _judged(
    minuit: Minuit, free: Mapping[str, float], chi2: float, ndof: int, p_value: float | None
) -> tuple[bool, str]:
    """Whether a fit is valid, and what is not good with it; ``free``: parameters' errors."""
    said = []
    near = [name for name in free if _at_limit(minuit, name)]
    if not minuit.valid:
        said.append("no minimum was found")
    elif not minuit.accurate:
        said.append("the errors could not be determined")
    if near:
        said.append(f"{' and '.join(near)} ended at the limit of what is allowed")
    untold = [name for name in free if name not in near and _spans_all(minuit, name, free[name])]
    if untold:
        said.append(f"{' and '.join(untold)} cannot be told from these entries")
    if p_value is None:
        said.append(f"too few entries to test a shape of {len(free)} parameters")
    elif p_value < MIN_P_VALUE:
        said.append(f"the shape does not follow the entries (chi2/ndof {chi2:.0f}/{ndof})")
    return bool(minuit.valid and minuit.accurate and not near), "; ".join(said)


def _at_limit(minuit: Minuit, name: str) -> bool:
    low, high = minuit.limits[name]
    value, error = minuit.values[name], minuit.errors[name]
    return bool(min(value - low, high - value) < 0.1 * error)


def _spans_all(minuit: Minuit, name: str, error: float) -> bool:
    """Whether the interval of a parameter holds all that it is allowed."""
    low, high = minuit.limits[name]
    return bool(2 * error > high - low)
