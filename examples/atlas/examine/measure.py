"""Numbers of simulated samples, with their statistical errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import numpy.typing as npt
from scipy.optimize import curve_fit

from rootml.validation.statistics.peaks import PeakFit
from rootml_atlas.simulation import simulate
from rootml_atlas.simulation.readout import NOISE_GEV

if TYPE_CHECKING:
    from examine.generators import Generated

Floats = npt.NDArray[np.floating[Any]]
LAYERS = 4
RESAMPLED = 200
CLUSTER_NOISE_GEV = float(np.hypot.reduce(np.sqrt([48, 21, 14]) * NOISE_GEV[1:]))
"""Of 48 strips, 21 middle and 14 back cells."""
NORMAL_IQR = 1.349
"""Quartiles of a normal distribution are this many standard deviations apart."""


@dataclass(frozen=True)
class Value:
    """A number and its standard error."""

    value: float
    error: float


@dataclass(frozen=True)
class Row:
    """A line of the page's table."""

    text: str
    value: str
    literature: str
    source: str


@dataclass(frozen=True)
class Sample:
    """Simulated electrons: energies in GeV, sums of the window's cells (n, 4), images."""

    truth: Floats
    estimate: Floats
    accordion: Floats
    eta: Floats
    phi: Floats
    layers: Floats
    middle: Floats
    mean_images: tuple[Floats, ...]
    track_pt: Floats

    @classmethod
    def draw(cls, n: int, rng: np.random.Generator, **options: Any) -> Sample:
        """Simulate ``n`` electrons."""
        events = simulate(n, rng, **options)
        images = [ak.to_numpy(events[f"em_barrel_Lr{layer}"]) for layer in range(LAYERS)]

        def column(name: str) -> Floats:
            values: Floats = ak.to_numpy(events[name]).astype(float)
            return values

        return cls(
            column("p_truth_E") / 1000,
            column("p_e") / 1000,
            column("p_eAccCluster") / 1000,
            column("p_eta"),
            column("p_phi"),
            np.stack([image.sum(axis=(1, 2)) for image in images], axis=1),
            images[2],
            tuple(image.mean(axis=0) for image in images),
            column("p_pt_track") / 1000,
        )

    @property
    def ratio(self) -> Floats:
        """Calibrated over true energy."""
        return self.estimate / self.truth

    def masses(self, true: bool = False) -> Floats:
        """Invariant masses of pairs in GeV."""
        energy = self.truth if true else self.estimate
        pt = (energy / np.cosh(self.eta)).reshape(-1, 2)
        eta, phi = self.eta.reshape(-1, 2), self.phi.reshape(-1, 2)
        angle = np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])
        return np.sqrt(2 * pt.prod(axis=1) * angle)


@dataclass(frozen=True)
class Found:
    """What was measured."""

    energies: Sequence[float]
    electrons: Sequence[Sample]
    terms: Mapping[str, Value]
    shapes: Mapping[str, Value]
    zee: Sample
    data: Sample
    peaks: Mapping[str, PeakFit]
    rate: float
    generated: Mapping[str, Generated]

    def rows(self) -> list[Row]:
        """The page's table."""
        from examine.literature import ROWS

        values = {**self.terms, **self.shapes, **self._peaks()}
        return [Row(text, f"{text_of(values[key])}", *rest) for key, text, *rest in ROWS]

    def _peaks(self) -> dict[str, Value]:
        found = {}
        for name, fit in self.peaks.items():
            width = fit.parameters["width"]
            found[f"width_{name}"] = Value(width.value, (width.high - width.low) / 2)
        for name, sample in (("mc", self.zee), ("data", self.data)):
            found[f"eiqr_{name}"] = percent(eiqr(sample.ratio))
            found[f"median_{name}"] = percent(bootstrap(np.median, sample.ratio))
        return found


def eiqr(ratio: Floats) -> Value:
    """Quartiles' distance over that of a normal distribution of width 1, with its error."""
    return bootstrap(_eiqr, ratio)


def percent(value: Value) -> Value:
    """The same in per cent."""
    return Value(100 * value.value, 100 * value.error)


def resolution_terms(energies: Sequence[float], samples: Sequence[Sample]) -> dict[str, Value]:
    """Sampling term (% sqrt(GeV)) and constant term (%) of a fit that knows the noise."""
    widths = [eiqr(sample.ratio) for sample in samples]
    terms, covariance = curve_fit(
        resolution,
        np.asarray(energies),
        [width.value for width in widths],
        p0=(0.1, 0.007),
        sigma=[width.error for width in widths],
        absolute_sigma=True,
    )
    errors = np.sqrt(np.diag(covariance))
    names = ("sampling", "constant")
    return {
        name: Value(100 * abs(term), 100 * error)
        for name, term, error in zip(names, terms, errors, strict=True)
    }


def resolution(energy: Floats, sampling: float, constant: float) -> Floats:
    """Relative resolution at ``energy`` GeV, with the electronics' noise of a cluster."""
    return np.sqrt(sampling**2 / energy + (CLUSTER_NOISE_GEV / energy) ** 2 + constant**2)


def shapes(sample: Sample) -> dict[str, Value]:
    """Mean shares of the layers and widths in the middle layer."""
    shares = sample.layers / sample.layers[:, 1:].sum(axis=1, keepdims=True)
    middle = sample.middle
    e37 = middle[:, 2:5, 2:9].sum(axis=(1, 2))
    core = middle[:, 2:5, 3:8].sum(axis=2)
    place = 0.025 * np.array([-1.0, 0.0, 1.0])
    mean, square = (core @ place**power / core.sum(axis=1) for power in (1, 2))
    values = {
        "f0": 100 * shares[:, 0],
        "f1": 100 * shares[:, 1],
        "f3": 100 * shares[:, 3],
        "reta": e37 / middle[:, :, 2:9].sum(axis=(1, 2)),
        "rphi": middle[:, 2:5, 4:7].sum(axis=(1, 2)) / e37,
        "weta2": 1000 * np.sqrt(np.maximum(square - mean**2, 0)),
    }
    return {
        name: Value(float(each.mean()), float(each.std() / np.sqrt(len(each))))
        for name, each in values.items()
    }


def _eiqr(ratio: Floats) -> float:
    low, high = np.quantile(ratio, [0.25, 0.75])
    return float(high - low) / NORMAL_IQR


def bootstrap(statistic: Any, values: Floats) -> Value:
    """A statistic of ``values`` with its error."""
    rng = np.random.default_rng(1)
    drawn = [statistic(rng.choice(values, len(values))) for _ in range(RESAMPLED)]
    return Value(float(statistic(values)), float(np.std(drawn)))


def text_of(value: Value) -> str:
    """A number with its error, of which two digits."""
    digits = max(0, 1 - int(np.floor(np.log10(max(value.error, 1e-6)))))
    return f"{value.value:.{digits}f} ± {value.error:.{digits}f}"
