"""What can be asked of the simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Literal, get_args

from rootml.errors import DataError, nearest
from rootml_atlas.simulation.conditions import SIMULATED, Conditions, taken
from rootml_atlas.simulation.material import BARREL_ETA

Sample = Literal["zee", "zmumugamma", "electrons", "photons"]
Generator = Literal["formulas", "pythia8"]
Version = Literal["mc", "data"]

OPTIONS = {
    "sample": "zee (the default), zmumugamma (photons that muons of Z radiate), or single "
    "electrons or photons",
    "generator": "of Z: formulas (the default), or pythia8, with radiation from electrons",
    "energy": "of single particles in GeV, for example 10:500: flat in its logarithm",
    "mass": "range of the Z's mass in GeV",
    "eta": f"largest abs(eta), at most {BARREL_ETA:g}, where the barrel ends",
    "mu": "range of <mu>, for example 20:60, drawn from evenly; otherwise that of the version",
    "version": "mc or data, which differs in material, scale, noise and more",
    "mismatch": "by how much data differ: 1 as usual, 0 not at all",
}
MINIMUM_GEV, MAXIMUM_GEV = 5.0, 3000.0
LARGEST_MU = 200.0
LARGEST_MISMATCH = 3.0
RANGES = {"energy": (MINIMUM_GEV, MAXIMUM_GEV), "mass": (20.0, 200.0), "mu": (0.0, LARGEST_MU)}
Range = tuple[float, float]


@dataclass(frozen=True)
class Settings:
    """Checked options of a simulation."""

    sample: Sample = "zee"
    generator: Generator = "formulas"
    energy: Range = (10.0, 500.0)
    mass: Range = (66.0, 116.0)
    eta: float = BARREL_ETA
    mu: Range | None = None
    version: Version = "mc"
    mismatch: float = 1.0

    def __post_init__(self) -> None:
        known = {
            "sample": get_args(Sample),
            "generator": get_args(Generator),
            "version": get_args(Version),
        }
        for name, values in known.items():
            value = getattr(self, name)
            if value not in values:
                near = nearest(str(value), values)
                raise DataError(f"{name} is {value!r}: expected {' or '.join(values)}{near}")
        _within("eta", self.eta, 0.05, BARREL_ETA)
        _within("mismatch", self.mismatch, 0, LARGEST_MISMATCH)
        if self.generator == "pythia8" and self.sample in ("electrons", "photons"):
            raise DataError(f"generator is 'pythia8': single {self.sample} need no generator of Z")

    @property
    def conditions(self) -> Conditions:
        """The detector and the beam."""
        return taken(self.mismatch) if self.version == "data" else SIMULATED


def settings(options: Mapping[str, Any]) -> Settings:
    """Check options, of which ranges may be texts; DataError where one makes no sense."""
    known = [item.name for item in fields(Settings)]
    for name in options:
        if name not in known:
            raise DataError(f"the simulation has no option {name!r}{nearest(name, known)}")
    ranges = {
        name: _range(name, options[name], *ends) for name, ends in RANGES.items() if name in options
    }
    return Settings(**{**options, **ranges})


def _range(name: str, value: object, least: float, most: float) -> Range:
    ends: Any = value.split(":") if isinstance(value, str) else value
    try:
        low, high = map(float, ends)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} is {value!r}: expected a range like {least:g}:{most:g}") from error
    if not least <= low < high <= most:
        raise DataError(
            f"{name} is {low:g}:{high:g}: expected low < high between {least:g} and {most:g}"
        )
    return low, high


def _within(name: str, value: object, least: float, most: float) -> None:
    if not (isinstance(value, Real) and least <= float(value) <= most):
        raise DataError(f"{name} is {value!r}: expected a number from {least:g} to {most:g}")
