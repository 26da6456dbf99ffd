"""Fixed, fine axes on which values of any range are counted, so that counts always add."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
from hist import axis
from scipy.special import expit, logit

from rootml.spec import Array

BINS_PER_DECADE = 10
"""Width of the energy bins: ten per factor of ten, with edges at 10^(k/10) GeV."""

_TRUTH_WIDTH = 0.01

_VARIABLE_WIDTH = 0.1

_ENERGY_KEYS = (-120, 120)  # 1e-12 to 1e12 GeV: bounds the memory garbage could take


@dataclass(frozen=True)
class Scale:
    """A monotone map of values to a coordinate with equal bins and both overflows.

    ``limit`` is the end of the axis on either side, in the coordinate.
    """

    name: str
    bins: int
    limit: float
    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]

    def axis(self, name: str, label: str) -> axis.Regular:
        """The axis of this scale, with underflow and overflow."""
        return axis.Regular(self.bins, -self.limit, self.limit, name=name, label=label)

    def edges(self) -> Array:
        """Edges of the regular bins, as coordinates."""
        return np.linspace(-self.limit, self.limit, self.bins + 1)

    def ends(self) -> tuple[float, float]:
        """The values at both ends of the axis."""
        low, high = self.inverse(np.array([-self.limit, self.limit]))
        return float(low), float(high)

    def middles(self) -> Array:
        """The value in the middle of each bin, with those at the far ends of both overflows."""
        edges = self.edges()
        inner = (edges[1:] + edges[:-1]) / 2
        return self.inverse(np.concatenate(([-np.inf], inner, [np.inf])))

    def thresholds(self) -> Array:
        """For each bin, with both overflows: the largest float32 below its lowest value.

        ``value > threshold`` then selects exactly the values of that bin and of those above.
        """
        low = np.concatenate(([-np.inf], self.edges()))
        return just_below(self.inverse(low))


def just_below(values: Array) -> npt.NDArray[np.float32]:
    """The largest float32 strictly below each value; -inf stays -inf."""
    near = values.astype(np.float32)
    return np.where(near < values, near, np.nextafter(near, np.float32(-np.inf)))


def _logit(values: Array) -> Array:
    return np.asarray(logit(np.asarray(values, np.float64)))


def _asinh(values: Array, linear: float) -> Array:
    return np.arcsinh(np.asarray(values, np.float64) / linear)


def _sinh(coordinates: Array, linear: float) -> Array:
    return np.asarray(linear * np.sinh(coordinates))


def _asinh_scale(name: str, bins: int, limit: float, linear: float) -> Scale:
    """A scale that is linear up to ``linear``, logarithmic beyond, on either side of zero."""
    return Scale(name, bins, limit, partial(_asinh, linear=linear), partial(_sinh, linear=linear))


LOGIT = Scale("logit", 4000, 20.0, _logit, expit)
"""Probabilities: bins of 0.01 in log(p/(1-p)), from 2e-9 to 1-2e-9. A float32 next to 1 has the
coordinate 16.6, so only a probability that is exactly 1 ends in the overflow."""

ASINH = _asinh_scale("asinh", 16000, 15.0, 0.01)
"""Values of unknown range: bins 0.2 % of the value wide, 2e-5 near zero, up to 16000."""

RESIDUAL = _asinh_scale("residual", 24000, 30.0, 1e-6)
"""Residuals in any unit: bins 0.25 % of the value wide, 2.5e-9 near zero, up to 5e6."""

COARSE = _asinh_scale("coarse residual", 1500, 30.0, 1e-6)
"""The same for residuals in many bins of the true value: bins 4 % of the value wide."""

JOINT = _asinh_scale("joint residual", 300, 30.0, 1e-6)
"""The same for residuals of two estimates together: bins 20 % of the value wide."""


def truth_keys(values: Array) -> npt.NDArray[np.int64]:
    """The key of the bin, 1 % wide, of each finite true value in any unit."""
    return _keys(values, _TRUTH_WIDTH)


def truth_edge(key: int) -> float:
    """The lower edge of the bin of true values with the given key."""
    return float(RESIDUAL.inverse(np.array(key * _TRUTH_WIDTH)))


def variable_keys(values: Array) -> npt.NDArray[np.int64]:
    """The key of the bin, 10 % wide, of each finite value in any unit."""
    return _keys(values, _VARIABLE_WIDTH)


def variable_edge(key: int) -> float:
    """The lower edge of the bin of a variable with the given key."""
    return float(RESIDUAL.inverse(np.array(key * _VARIABLE_WIDTH)))


def _keys(values: Array, width: float) -> npt.NDArray[np.int64]:
    coordinates = np.clip(RESIDUAL.forward(values), -RESIDUAL.limit, RESIDUAL.limit)
    return np.floor(coordinates / width).astype(np.int64)


def energy_keys(energies: Array) -> npt.NDArray[np.int64]:
    """The key k of the bin [10^(k/10), 10^((k+1)/10)) GeV of each positive energy."""
    keys: Array = np.floor(BINS_PER_DECADE * np.log10(np.asarray(energies, np.float64)))
    return np.clip(keys, *_ENERGY_KEYS).astype(np.int64)


def energy_edge(key: int) -> float:
    """The lower edge in GeV of the energy bin with the given key."""
    return float(10.0 ** (key / BINS_PER_DECADE))
