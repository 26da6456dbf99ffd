"""Shapes of peaks and of what lies below them, as integrals between the edges of bins.

Every shape is a cumulative function, from any origin: only differences between edges count. It
is normalised over the range of a fit by what it has between its first and its last edge.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import erf

from rootml.errors import DataError, nearest
from rootml.spec import Array

LENGTHS = ("mean", "gamma", "width")
"""Parameters of peaks that have the unit of what is fitted."""

_CELLS, _CORE, _TAIL = 400, 6.0, 1e4
"""Cells in which a resolution is folded in, and how many of its widths they reach: of a Gaussian,
and of a power law, whose far end brings no more than the Breit-Wigner's own."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a shape: where a fit starts, and its limits.

    ``scale``: what start and limits are multiples of. ``""``: nothing; ``"width"``: the width of
    the peak as it is first seen; ``"place"``: its place, with limits at the ends of the range.
    """

    name: str
    start: float
    low: float = -math.inf
    high: float = math.inf
    scale: str = ""


@dataclass(frozen=True)
class Shape:
    """A shape by its title, its parameters, and its cumulative function of edges and parameters."""

    title: str
    parameters: tuple[Parameter, ...]
    cumulative: Callable[..., Array]


def gaussian(x: Array, mean: float, width: float) -> Array:
    """Gaussian."""
    return math.sqrt(math.pi / 2) * erf((x - mean) / (math.sqrt(2) * width))


def crystal_ball(x: Array, mean: float, width: float, alpha: float, power: float) -> Array:
    """Gaussian with a power law below ``mean - alpha width``.

    M. Oreglia, SLAC-R-236 (1980), app. D; J. Gaiser, SLAC-R-255 (1982), app. F.
    """
    t = (x - mean) / width
    core = math.sqrt(math.pi / 2) * erf(t.clip(0) / math.sqrt(2))
    return np.asarray(core - _half(-t, alpha, power))


def double_crystal_ball(
    x: Array,
    mean: float,
    width: float,
    alpha_low: float,
    power_low: float,
    alpha_high: float,
    power_high: float,
) -> Array:
    """Gaussian with a power law on either side."""
    t = (x - mean) / width
    return _half(t, alpha_high, power_high) - _half(-t, alpha_low, power_low)


def breit_wigner(x: Array, mean: float, gamma: float) -> Array:
    """Breit-Wigner without relativity (Cauchy) of full width ``gamma`` at half maximum."""
    return np.arctan(2 * (x - mean) / gamma)


def breit_wigner_gauss(x: Array, mean: float, gamma: float, width: float) -> Array:
    """Breit-Wigner seen with a Gaussian resolution (Voigt)."""
    return _folded(x, mean, gamma, width, _CORE, gaussian)


def breit_wigner_crystal_ball(
    x: Array, mean: float, gamma: float, width: float, alpha: float, power: float
) -> Array:
    """Breit-Wigner seen with a resolution that has a power law below (of Z to two electrons)."""
    return _folded(x, mean, gamma, width, _TAIL, crystal_ball, alpha, power)


def constant(u: Array) -> Array:
    """The same everywhere."""
    return u


def linear(u: Array, slope: float) -> Array:
    """A straight line, ``1 + slope`` at the upper and ``1 - slope`` at the lower end."""
    return np.asarray(u + slope * (u**2 - u))


def exponential(u: Array, rate: float) -> Array:
    """``exp(rate u)``, falling or rising; constant at rate 0."""
    return u if abs(rate) < 1e-9 else np.expm1(rate * u) / rate


def _half(t: Array, alpha: float, power: float) -> Array:
    """From 0 to t, 0 below, of a unit Gaussian with a power law beyond ``alpha``.

    exp(-alpha^2/2) (1 + alpha (t - alpha)/power)^-power, in forms that keep their digits for
    powers near 1 and tails near none.
    """
    core = math.sqrt(math.pi / 2) * erf(t.clip(0, alpha) / math.sqrt(2))
    far = np.log1p(alpha * (t - alpha).clip(0) / power)
    steep = power - 1
    law = far if abs(steep) < 1e-9 else -np.expm1(-steep * far) / steep
    return np.asarray(core + math.exp(-(alpha**2) / 2) * power / alpha * law)


def _folded(
    x: Array,
    mean: float,
    gamma: float,
    width: float,
    reach: float,
    resolution: Callable[..., Array],
    *parameters: float,
) -> Array:
    """A Breit-Wigner folded with a resolution that is even within cells, each with its share.

    Cells grow with the distance from the peak, up to ``reach`` widths below it. Folding with an
    even density is exact, of the integral of arctan: so cells need not be finer than ``gamma``.
    """
    edges = np.sinh(np.linspace(-math.asinh(reach), math.asinh(_CORE), _CELLS + 1))
    shares = np.diff(resolution(edges, 0.0, 1.0, *parameters))
    at = 2 * (x[:, None] - mean - width * edges) / gamma
    integral = at * np.arctan(at) - np.log1p(at**2) / 2
    return np.asarray(np.diff(integral) / np.diff(at) @ shares)


_MEAN = Parameter("mean", 0.0, scale="place")
_WIDTH = Parameter("width", 1.0, 0.01, 100.0, scale="width")
_GAMMA = Parameter("gamma", 1.0, 0.05, 100.0, scale="width")


def _tail(side: str = "") -> tuple[Parameter, Parameter]:
    return Parameter(f"alpha{side}", 1.5, 0.05, 6.0), Parameter(f"power{side}", 3.0, 1.01, 100.0)


MODELS: Mapping[str, Shape] = {
    "gaussian": Shape("Gaussian", (_MEAN, _WIDTH), gaussian),
    "crystal_ball": Shape("Crystal Ball", (_MEAN, _WIDTH, *_tail()), crystal_ball),
    "double_crystal_ball": Shape(
        "double Crystal Ball", (_MEAN, _WIDTH, *_tail("_low"), *_tail("_high")), double_crystal_ball
    ),
    "breit_wigner": Shape("Breit-Wigner", (_MEAN, _GAMMA), breit_wigner),
    "breit_wigner_gauss": Shape(
        r"Breit-Wigner $\otimes$ Gaussian", (_MEAN, _GAMMA, _WIDTH), breit_wigner_gauss
    ),
    "breit_wigner_crystal_ball": Shape(
        r"Breit-Wigner $\otimes$ Crystal Ball",
        (_MEAN, _GAMMA, _WIDTH, *_tail()),
        breit_wigner_crystal_ball,
    ),
}
"""Peaks by name; their first argument is the edges, in the unit of what is fitted."""

BACKGROUNDS: Mapping[str, Shape] = {
    "constant": Shape("constant", (), constant),
    "linear": Shape("linear", (Parameter("slope", 0.0, -1.0, 1.0),), linear),
    "exponential": Shape("exponential", (Parameter("rate", 0.0, -50.0, 50.0),), exponential),
}
"""Backgrounds by name; their first argument runs from 0 to 1 over the range of a fit."""


@dataclass(frozen=True, eq=False)
class Sum:
    """A peak over a background between two ends."""

    peak: Shape
    below: Shape | None
    low: float
    high: float

    @classmethod
    def of(cls, model: str, background: str, edges: Array) -> Sum:
        """Shapes by name over the range of ``edges``; no background where it is empty."""
        for name, known in ((model, MODELS), (background or "constant", BACKGROUNDS)):
            if name not in known:
                raise DataError(
                    f"no shape is called {name!r}{nearest(name, known)} (known: {', '.join(known)})"
                )
        below = BACKGROUNDS[background] if background else None
        return cls(MODELS[model], below, float(edges[0]), float(edges[-1]))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Of the peak, then of the background, each after its entries."""
        made = Parameter("signal", 1.0, 0.0, scale="signal"), *self.peak.parameters
        if self.below is None:
            return made
        entries = Parameter("background", 1.0, 0.0, scale="background")
        return *made, entries, *self.below.parameters

    def require(self, names: Iterable[str]) -> None:
        """Raise DataError where there is no parameter of a name."""
        known = [parameter.name for parameter in self.parameters]
        for name in names:
            if name not in known:
                raise DataError(
                    f"the fit has no parameter {name!r}{nearest(name, known)} (it has: "
                    f"{', '.join(known)})"
                )

    def parts(self, edges: Array, signal: float, *values: float) -> tuple[Array, Array]:
        """Entries of peak and background from the lower end to each edge."""
        points = np.concatenate(([self.low], edges, [self.high]))
        split = len(self.peak.parameters)
        peak = signal * _normalised(self.peak.cumulative(points, *values[:split]))
        if self.below is None:
            return peak, np.zeros_like(peak)
        u = (points - self.low) / (self.high - self.low)
        below = _normalised(self.below.cumulative(u, *values[split + 1 :]))
        return peak, values[split] * below


@dataclass(frozen=True)
class Peak:
    """Which peak over which background is to be fitted, by name; ``fixed``: what is known of it."""

    model: str
    background: str = ""
    fixed: tuple[tuple[str, float], ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """``"gaussian"``, ``"breit_wigner_gauss(gamma=2.4952)+exponential"``; else DataError."""
        spelt = re.fullmatch(r"\s*(\w+)\s*(?:\(([^()]*)\)\s*)?(?:\+\s*(\w+)\s*)?", text)
        try:
            model, inside, background = spelt.groups("") if spelt else ("", "=", "")
            parts = [part.split("=") for part in inside.split(",") if part]
            fixed = tuple((name.strip(), float(value)) for name, value in parts)
        except ValueError:
            wanted = "MODEL, MODEL+BACKGROUND or MODEL(PARAMETER=NUMBER, ...)+BACKGROUND"
            raise DataError(f"no peak is spelt {text!r}: expected {wanted}") from None
        Sum.of(model, background, np.array([0.0, 1.0])).require(dict(fixed))
        return cls(model, background, fixed)


def _normalised(cumulative: Array) -> Array:
    return np.asarray((cumulative[1:-1] - cumulative[0]) / (cumulative[-1] - cumulative[0]))
